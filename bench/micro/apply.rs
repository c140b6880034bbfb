//! One cycle's upsert into a lake table of 500,000 rows (`ROWS=2000000` for more), and its first load: opening the file,
//! applying the batches, closing. Real DuckDB file, real Parquet, no Postgres. `make bench-micro`, or
//! `cargo bench --bench apply -- upsert`.

mod wide;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pg2duck::config::{DeclareKey, LakeSettings, Memory};
use pg2duck::decode::copy::CopyDecoder;
use pg2duck::decode::{BadRow, FrameBuilder};
use pg2duck::lake::{self, DuckDb};
use pg2duck::model::{
    Batch, BatchKind, ChangeSet, Column, DeletesBy, Fence, Payload, Position, RejectPolicy, SourceColumn, TableName,
    TableSchema,
};
use pg2duck::parquet::write::{self, BatchMetadata, FileNames};
use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;
use wide::{named, stream, wide};

/// Rows per file.
const BATCH: u32 = 10_000;
/// Scatters keys over the table: a prime that divides no number of rows here.
const STEP: u64 = 7919;

/// A lake in a folder of its own.
struct Bench {
    lake: LakeSettings,
    archive: PathBuf,
    rows: u32,
    duckdb: RefCell<DuckDb>,
    cycles: RefCell<u64>,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(rows: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lake = LakeSettings {
            path: folder.path().join("lake.duckdb"),
            memory: Memory::megabytes(512),
            declare_key: DeclareKey::Auto,
            delete_brake: 30,
        };
        let archive = folder.path().join("parquet");
        Self { lake, archive, rows, duckdb: RefCell::default(), cycles: RefCell::default(), _folder: folder }
    }

    /// Writes these rows as batches of one cycle.
    fn cycle(&self, kind: BatchKind, rows: impl Iterator<Item = u32>) -> ChangeSet {
        *self.cycles.borrow_mut() += 1;
        let cycle = format!("20261121T000000{:06}Z", self.cycles.borrow());
        let (table, columns) = (TableName::new("public", "wide"), wide());
        let metadata = BatchMetadata { table: table.clone(), columns: named(&columns), key: vec!["id".into()], kind };
        std::fs::create_dir_all(self.archive.join(table.folder())).expect("the archive's folder");
        let (mut batches, rows): (Vec<Batch>, Vec<u32>) = (Vec::new(), rows.collect());
        for chunk in rows.chunks(BATCH as usize) {
            let mut builder = FrameBuilder::new(&metadata.columns, BATCH as usize, RejectPolicy::Stop);
            let fed = CopyDecoder::new(builder.fields())
                .feed(&stream(&columns, chunk.iter().copied()), |row| builder.push(row).map(drop));
            fed.unwrap_or_else(|bad: BadRow| panic!("{bad}"));
            let path = FileNames::new(&cycle, kind, None, "0123456789ab").number(batches.len() as u64 + 1);
            let path = std::path::Path::new(&table.folder()).join(path);
            let mut frame = builder.take().expect("the columns have one length");
            let batch = write::write(&mut frame, &self.archive, path, &metadata);
            batches.push(batch.unwrap_or_else(|error| panic!("{error}")));
        }
        let source = |(at, column): (usize, &Column)| SourceColumn {
            attnum: at as i16 + 1,
            name: column.name.clone(),
            kind: column.kind.clone(),
            read: Default::default(),
            declared: String::new(),
            type_oid: 0,
            has_missing: false,
            expression: None,
        };
        let payload = match kind {
            BatchKind::Bootstrap => Payload::Bootstrap { files: batches, rewritten: false, changes: Vec::new() },
            _ => Payload::Delta { schema_changed: false, changes: batches, comparison: None },
        };
        ChangeSet {
            cycle,
            lake: TableName::new("main", "wide"),
            table,
            cursor: "updated_at".into(),
            deletes: DeletesBy::Off,
            schema: TableSchema {
                columns: metadata.columns.iter().enumerate().map(source).collect(),
                key: metadata.key,
                key_proven: true,
                ..TableSchema::default()
            },
            position: Position {
                fence: Fence { xmin: 1, low: None },
                snapshot: "1:1:".into(),
                as_of: "2026-11-21 00:00:00".into(),
                full_scan: None,
                audit: None,
            },
            earlier: Vec::new(),
            origin: None,
            succeeds: Vec::new(),
            drops_history: false,
            former: None,
            payload,
        }
    }

    fn load(&self) -> ChangeSet {
        self.cycle(BatchKind::Bootstrap, 1..=self.rows)
    }

    /// So many random rows.
    fn changes(&self, count: u32) -> ChangeSet {
        let start = *self.cycles.borrow() * 104_729;
        let key = |at: u32| ((start + u64::from(at) * STEP) % u64::from(self.rows)) as u32 + 1;
        self.cycle(BatchKind::Changes, (0..count).map(key))
    }

    fn apply(&self, set: ChangeSet) {
        let lake = self.duckdb.borrow_mut().open(&self.lake, Duration::ZERO).unwrap_or_else(|error| panic!("{error}"));
        let applied = lake::apply(&lake, &self.archive, vec![set]);
        for table in applied.unwrap_or_else(|error| panic!("{error}")) {
            table.outcome.unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

fn apply(criterion: &mut Criterion) {
    let rows = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(500_000);
    let bench = Bench::new(rows);
    let load = bench.load();
    let mut group = criterion.benchmark_group("apply");
    group.throughput(Throughput::Elements(rows.into()));
    group.bench_function(BenchmarkId::new("load", rows), |bencher| {
        bencher.iter_batched(|| load.clone(), |set| bench.apply(set), BatchSize::PerIteration);
    });
    // Where only other benchmarks are asked for, the table is not loaded yet.
    bench.apply(load);
    for count in [1, 1_000, 10_000, 100_000] {
        group.throughput(Throughput::Elements(count.into()));
        group.bench_function(BenchmarkId::new("upsert", count), |bencher| {
            bencher.iter_batched(|| bench.changes(count), |set| bench.apply(set), BatchSize::PerIteration);
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5)).sample_size(10);
    targets = apply
}
criterion_main!(benches);
