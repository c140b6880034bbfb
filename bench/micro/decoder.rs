//! From the bytes of a binary COPY to Polars frames, without server or disk: rows and bytes per second of one core.
//! `make bench-micro`, or `cargo bench --bench decoder -- wide`.

mod wide;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pg2duck::decode::copy::CopyDecoder;
use pg2duck::decode::{BadRow, FrameBuilder};
use pg2duck::model::{Column, ColumnType, RejectPolicy};
use std::hint::black_box;
use std::time::Duration;
use wide::{Filled, array, named, stream, wide};

const ROWS: usize = 10_000;
/// As they come from the socket.
const CHUNK: usize = 8192;

fn decode(criterion: &mut Criterion) {
    let table = wide();
    let of = |names: &[&str]| -> Vec<(&str, Filled)> {
        names.iter().flat_map(|name| table.iter().filter(move |(other, _)| other == name).cloned()).collect()
    };
    let numbers: (&str, Filled) = ("numbers", (ColumnType::list(ColumnType::Int4), numbers));
    let cases = [
        ("wide", table.clone()),
        ("narrow", of(&["id", "seats", "updated_at"])),
        ("text", of(&["email", "note", "pad"])),
        ("numeric", of(&["amount", "amount", "amount"])),
        ("jsonb", of(&["meta", "meta"])),
        ("arrays", [of(&["tags"]), vec![numbers]].concat()),
    ];
    for (name, columns) in cases {
        let (stream, mut columns) = (stream(&columns, 0..ROWS as u32), named(&columns));
        // Some stand there more than once.
        columns.iter_mut().enumerate().for_each(|(at, column)| column.name = format!("{}{at}", column.name));
        let mut group = criterion.benchmark_group(format!("decode/{name}"));
        for (unit, throughput) in
            [("bytes", Throughput::Bytes(stream.len() as u64)), ("rows", Throughput::Elements(ROWS as u64))]
        {
            group.throughput(throughput).bench_function(unit, |bencher| bencher.iter(|| frame(&columns, &stream)));
        }
    }
}

fn frame(columns: &[Column], stream: &[u8]) {
    let mut builder = FrameBuilder::new(columns, ROWS, RejectPolicy::Stop);
    let mut decoder = CopyDecoder::new(builder.fields());
    for chunk in stream.chunks(CHUNK) {
        let fed = decoder.feed(chunk, |row| builder.push(row).map(|xid| assert_ne!(black_box(xid), u32::MAX)));
        fed.unwrap_or_else(|bad: BadRow| panic!("{bad}"));
    }
    black_box(builder.take().expect("the columns have one length"));
}

fn numbers(n: u32) -> Option<Vec<u8>> {
    array(23, &(0..8).map(|at| (n + at).to_be_bytes().to_vec()).collect::<Vec<_>>())
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3)).sample_size(20);
    targets = decode
}
criterion_main!(benches);
