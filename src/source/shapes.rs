//! The shapes that a table has had while its changes were recorded: in which order, and how rows are read by each.
//!
//! Which column of the lake an earlier one is, its attnum tells. Rows are recorded under the relation that a statement named, a
//! partition perhaps, whose attnums are others: those columns are found by their names.

use super::columns::{is_of_ours, mapping, masked, told};
use super::connection::Connection;
use super::pg_types::{self, Types};
use super::relation::Relation;
use super::rows::{self, row};
use super::sql::{Template, Value, template};
use super::versions::Recorded;
use crate::config::TableSettings;
use crate::decode::types::Mapping;
use crate::error::Result;
use crate::model::{ColumnType, LeftOut, Read, ReadAs, SourceColumn, TableSchema};
use sqlx::postgres::types::Oid;
use std::collections::HashSet;

const RECORDED_SHAPES: Template = template!("recorded_shapes");
const SHAPE_COLUMNS: Template = template!("shape_columns");
const SHAPE_RUNS: Template = template!("shape_runs");

/// What is known of a table, to read its earlier rows by.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub relation: &'a Relation,
    /// As the lake has it.
    pub lake: &'a TableSchema,
    pub settings: &'a TableSettings,
    /// Rows without a shape are as the table is now, as far as one can tell.
    pub shapeless: bool,
}

/// Neighbours in the order of recording that are read in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub shape: Shape,
    /// The numbers of the first and the last row.
    pub first: i64,
    pub last: i64,
}

/// How rows are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// As the table is now.
    Present,
    /// As it was then.
    Earlier(Box<TableSchema>),
    /// There is no way to tell.
    Unknown,
}

row! {
    struct RecordedRow {
        relid: Oid,
        shape: String,
        names: String,
    }
}

row! {
    struct ColumnRow {
        relid: Oid,
        shape: String,
        is_present: bool,
        key: String,
        names: String,
        attnum: i16,
        name: String,
        type_oid: Oid,
        typmod: i32,
        dimensions: i32,
        is_virtual: bool,
        declared: Option<String>,
        name_now: Option<String>,
    }
}

row! {
    struct RunRow {
        part: i64,
        first: i64,
        last: i64,
    }
}

/// All that was recorded, by runs in the order of recording.
///
/// # Errors
/// What the server said.
pub async fn runs(source: &mut Connection, known: Known<'_>, recorded: Recorded<'_>) -> Result<Vec<Run>> {
    let oid = known.relation.oid;
    let roots = vec![oid; recorded.former.len()];
    let oids = [oid];
    let values = vec![
        ("oids", Value::Oids(&oids)),
        ("former_roots", Value::Oids(&roots)),
        ("former_members", Value::Oids(recorded.former)),
        ("xmin", Value::Number(recorded.since.xmin)),
        ("snapshot", Value::Text(&recorded.since.snapshot)),
    ];
    let found: Vec<RecordedRow> = rows::all(source, &RECORDED_SHAPES.fill(&values)?).await?;
    let columns: Vec<ColumnRow> = rows::all(source, &SHAPE_COLUMNS.fill(&values)?).await?;
    let types = pg_types::read(source, columns.iter().map(|column| column.type_oid.0)).await?;
    let mut shapes: Vec<Shape> = Vec::new();
    let mut parts: Vec<u64> = Vec::new();
    for row in &found {
        let shape = known.shape(row, &columns, &types);
        let part = shapes.iter().position(|other| *other == shape).unwrap_or_else(|| {
            shapes.push(shape);
            shapes.len() - 1
        });
        parts.push(part as u64);
    }
    let relids: Vec<u32> = found.iter().map(|row| row.relid.0).collect();
    let hashes: Vec<&str> = found.iter().map(|row| row.shape.as_str()).collect();
    let names: Vec<&str> = found.iter().map(|row| row.names.as_str()).collect();
    let mut values = values;
    values.extend([
        ("relids", Value::Oids(&relids)),
        ("shapes", Value::Texts(&hashes)),
        ("names", Value::Texts(&names)),
        ("parts", Value::Numbers(&parts)),
    ]);
    let runs: Vec<RunRow> = rows::all(source, &SHAPE_RUNS.fill(&values)?).await?;
    let shape = |part: i64| usize::try_from(part).ok().and_then(|part| shapes.get(part).cloned());
    Ok(runs
        .into_iter()
        .map(|RunRow { part, first, last }| Run { shape: shape(part).unwrap_or(Shape::Unknown), first, last })
        .collect())
}

impl Known<'_> {
    /// How rows are read that were recorded in this way.
    fn shape(&self, row: &RecordedRow, columns: &[ColumnRow], types: &Types) -> Shape {
        let of_relation = || columns.iter().filter(|column| column.relid == row.relid && column.names == row.names);
        let own = of_relation().find(|column| column.shape == row.shape);
        // One that its transaction could not see yet.
        let renamed = || of_relation().find(|column| column.is_present).or_else(|| of_relation().next_back());
        let Some(one) = own.or_else(|| if row.shape.is_empty() { None } else { renamed() }) else {
            let readable = row.shape.is_empty() && self.shapeless;
            return if readable { self.present() } else { Shape::Unknown };
        };
        if one.is_present {
            return self.present();
        }
        let same = |column: &&ColumnRow| (column.relid, &column.shape) == (one.relid, &one.shape);
        let columns: Vec<&ColumnRow> = columns.iter().filter(same).collect();
        self.earlier(&columns, types).map_or(Shape::Unknown, |schema| Shape::Earlier(Box::new(schema)))
    }

    /// As the table is now, by the key that the lake has it by, if it still has those columns.
    fn present(&self) -> Shape {
        let Self { relation, lake, .. } = self;
        let name = |key: &SourceColumn| relation.schema.columns.iter().find(|own| own.attnum == key.attnum);
        let key = lake.key_columns().map(|key| Some(name(key)?.name.clone())).collect::<Option<Vec<_>>>();
        match key.filter(|_| self.has_another_key()) {
            Some(key) => Shape::Earlier(Box::new(TableSchema { key, key_proven: false, ..relation.schema.clone() })),
            None => Shape::Present,
        }
    }

    /// Whether the lake tells the rows of this table apart by another key.
    fn has_another_key(&self) -> bool {
        let Self { relation, lake, .. } = self;
        lake.relation == relation.oid && lake.key_attnums() != relation.schema.key_attnums()
    }

    /// The table as it was then; `None` where nothing tells one row from another.
    fn earlier(&self, columns: &[&ColumnRow], types: &Types) -> Option<TableSchema> {
        let Self { relation, lake, .. } = self;
        let member = columns.first()?.relid.0;
        let relation_then = match lake.relation {
            0 => relation.oid,
            // Of the table that was dropped, or a part of it.
            before if before != relation.oid && columns.iter().all(|column| column.name_now.is_none()) => before,
            _ => relation.oid,
        };
        let then = Then { known: *self, relation: relation_then };
        let placed: Vec<(i16, &ColumnRow)> =
            columns.iter().filter_map(|column| Some((then.attnum(member, column)?, *column))).collect();
        let key = then.key(&placed)?;
        let (mut copied, mut left_out) = (Vec::new(), Vec::new());
        let mut names = HashSet::new();
        for (attnum, column) in placed {
            let is_known = names.insert(column.name.to_lowercase());
            match then.left_out(attnum, &column.name) {
                None if is_known && !column.is_virtual && !is_of_ours(&column.name) => {
                    copied.push(then.column(attnum, column, key.contains(&attnum), types));
                }
                unreadable => {
                    left_out.push(LeftOut { attnum, name: column.name.clone(), unreadable: unreadable.unwrap_or(true) })
                }
            }
        }
        let name = |attnum: &i16| {
            let column = copied.iter().find(|column: &&SourceColumn| column.attnum == *attnum)?;
            Some(column.name.clone())
        };
        let key = key.iter().map(name).collect::<Option<Vec<_>>>()?;
        Some(TableSchema {
            relation: relation_then,
            columns: copied,
            key,
            key_proven: false,
            mode: relation.schema.mode,
            synced_at: relation.schema.synced_at,
            storage: String::new(),
            left_out,
        })
    }
}

/// The table at an earlier time.
struct Then<'a> {
    known: Known<'a>,
    /// Its oid then.
    relation: u32,
}

impl Then<'_> {
    fn is_the_same_table(&self) -> bool {
        self.relation == self.known.relation.oid
    }

    /// Whether it is the one that the lake has.
    fn is_in_lake(&self) -> bool {
        let before = self.known.lake.relation;
        before == 0 || before == self.relation
    }

    /// The table's own attnum of a column of it or of a part of it.
    fn attnum(&self, member: u32, column: &ColumnRow) -> Option<i16> {
        if member == self.relation {
            return Some(column.attnum);
        }
        let in_schema = |schema: &TableSchema, name: &str| {
            let copied = schema.columns.iter().map(|own| (own.attnum, &own.name));
            let mut all = copied.chain(schema.left_out.iter().map(|own| (own.attnum, &own.name)));
            all.find(|(_, own)| own.as_str() == name).map(|(attnum, _)| attnum)
        };
        let Known { relation, lake, .. } = self.known;
        let now = column.name_now.as_ref().filter(|_| self.is_the_same_table());
        let schema = if self.is_in_lake() { lake } else { &relation.schema };
        now.and_then(|name| in_schema(&relation.schema, name)).or_else(|| in_schema(schema, &column.name))
    }

    /// The attnums of what tells its rows from those that the lake has: its key there, as long as the table had those columns, then the
    /// primary key that it had, or the key of now.
    fn key(&self, columns: &[(i16, &ColumnRow)]) -> Option<Vec<i16>> {
        let Known { relation, lake, settings, .. } = self.known;
        let table_attnum = |own: &str| {
            let own: i16 = own.parse().ok()?;
            columns.iter().find(|(_, column)| column.attnum == own).map(|(attnum, _)| *attnum)
        };
        let recorded = &columns.first()?.1.key;
        let primary: Option<Vec<i16>> = recorded.split_whitespace().map(table_attnum).collect();
        let primary = primary.filter(|key| !key.is_empty() && settings.key.is_none());
        let has = |schema: &TableSchema| {
            let key = schema.key_attnums();
            let complete = key.iter().all(|attnum| columns.iter().any(|(own, _)| own == attnum));
            (complete && !key.is_empty()).then_some(key)
        };
        let by_lake = || if self.is_in_lake() { has(lake) } else { None };
        let by_now = || if self.is_the_same_table() { has(&relation.schema) } else { None };
        by_lake().or(primary).or_else(by_now)
    }

    /// What the table's columns of now and in the lake say of this one.
    fn now(&self, attnum: i16, name: &str) -> Option<&SourceColumn> {
        let same = |own: &&SourceColumn| if self.is_the_same_table() { own.attnum == attnum } else { own.name == name };
        self.known.relation.schema.columns.iter().find(same)
    }

    fn in_lake(&self, attnum: i16, name: &str) -> Option<&SourceColumn> {
        let same = |own: &&SourceColumn| if self.is_in_lake() { own.attnum == attnum } else { own.name == name };
        self.known.lake.columns.iter().find(same)
    }

    /// Whether a column is not copied; if so, whether it is because the role may not read it. What is left out of the table as it is
    /// now, or was when it was dropped, is left out of what it was.
    fn left_out(&self, attnum: i16, name: &str) -> Option<bool> {
        let Known { relation, lake, settings, .. } = self.known;
        let by_name = !self.is_the_same_table();
        let is_now = |own: &&LeftOut| if by_name { own.name == name } else { own.attnum == attnum };
        let was = |own: &&LeftOut| if self.is_in_lake() { own.attnum == attnum } else { own.name == name };
        if let Some(own) = relation.schema.left_out.iter().find(is_now) {
            return Some(own.unreadable);
        }
        if self.now(attnum, name).is_some() {
            return None;
        }
        if let Some(own) = lake.left_out.iter().find(was) {
            return Some(own.unreadable);
        }
        let lists = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|names| names.iter().any(|own| own == name));
        let unwanted = lists(&settings.exclude) || (settings.columns.is_some() && !lists(&settings.columns));
        unwanted.then_some(false)
    }

    fn column(&self, attnum: i16, own: &ColumnRow, is_key: bool, types: &Types) -> SourceColumn {
        let Known { relation, settings, .. } = self.known;
        let name = own.name.as_str();
        let now = self.now(attnum, name);
        let in_lake = self.in_lake(attnum, name);
        let is_masked = match now {
            Some(now) => now.is_masked(),
            None => {
                in_lake.is_some_and(SourceColumn::is_masked)
                    || settings.mask.as_ref().is_some_and(|names| names.iter().any(|masked| masked == name))
            }
        };
        let text = || Mapping { read: Read::AsIs, kind: ColumnType::Text, loses: "" };
        let (usual, declared, type_oid) = match &own.declared {
            Some(declared) => {
                let pg = types.resolve(own.type_oid.0, own.typmod, own.dimensions);
                let told = told(now.map_or(name, |now| now.name.as_str()), settings);
                let told = told.filter(|told| !is_key || *told != ReadAs::Json);
                (mapping(&pg, is_key, told, settings), declared.clone(), pg.oid)
            }
            // A domain's values are those of its base, which the lake knows; of others there is what was printed.
            None => match in_lake.and_then(|column| Some((spelling(&column.kind)?, column))) {
                Some((spelled, column)) => (Mapping { kind: column.kind.clone(), ..text() }, spelled, column.type_oid),
                None => (text(), "text".to_owned(), 0),
            },
        };
        let Mapping { read, kind, .. } = if is_masked { masked(&relation.salt) } else { usual };
        SourceColumn {
            attnum,
            name: own.name.clone(),
            kind,
            read,
            declared,
            type_oid,
            has_missing: false,
            expression: None,
        }
    }
}

/// A type whose binary form this is, as Postgres spells it.
fn spelling(kind: &ColumnType) -> Option<String> {
    let name = match kind {
        ColumnType::Bool => "boolean",
        ColumnType::Int2 => "smallint",
        ColumnType::Int4 => "integer",
        ColumnType::Int8 => "bigint",
        ColumnType::Oid => "oid",
        ColumnType::Float4 => "real",
        ColumnType::Float8 => "double precision",
        ColumnType::Decimal { precision, scale } => return Some(format!("numeric({precision},{scale})")),
        ColumnType::NumericDouble => "numeric",
        ColumnType::Text => "text",
        ColumnType::Bytes => "bytea",
        ColumnType::Uuid => "uuid",
        ColumnType::Date => "date",
        ColumnType::Timestamp => "timestamp",
        ColumnType::TimestampTz => "timestamptz",
        ColumnType::Time => "time",
        ColumnType::TimeTz => "timetz",
        ColumnType::Interval => "interval",
        ColumnType::Json => "json",
        ColumnType::Jsonb => "jsonb",
        ColumnType::Inet => "inet",
        ColumnType::List { item, .. } => return Some(format!("{}[]", spelling(item)?)),
        ColumnType::Struct(_) => return None,
    };
    Some(name.to_owned())
}
