//! `docs/types.md`, generated from the type table: `make docs` writes it, a test compares it.

use super::types::{Mapping, PgType, Shape, key_mapping, mapping, oid};
use crate::model::NumericAs;
use std::fmt::Write;

const HEAD: &str = "\
# Types

How each Postgres type is read, how it travels in the Parquet archive, and what it is in the lake. Generated from the table
in `src/decode/types.rs` by `make docs`.

A value that the lake's type cannot hold does not stop its table: the row lands with NULL there, and `_pg2duck.rejects` has
the table, the row's key, the column, the value's text and the reason; `pg2duck status` counts them. With `REJECTS=stop` it is
an error instead. The column *loses* says what else is not kept; where it is empty, the lake's value prints as Postgres's does.

| Postgres | read as | Parquet | DuckDB | loses |
|---|---|---|---|---|
";

const FOOT: &str = "
- A domain is as its base type. Generated and identity columns are columns like any other.
- Any type that is not listed is `VARCHAR`, as Postgres prints it, and arrays of it are `VARCHAR[]`.
- DuckDB keeps months, days and microseconds of an interval apart, as Postgres does.
- Arrays have as many dimensions as their column was declared with (`int[][]` is `INTEGER[][]`); views do not know theirs, so one.
- An array of composites that need more than their binary form is `VARCHAR`: the array as Postgres prints it.
- Text of a server with another encoding (LATIN1, …) arrives as UTF-8. A SQL_ASCII server does not say what its bytes mean:
  what is not UTF-8 is rejected, and listed with such bytes as `\\xNN`.
- A composite type that gains or loses an attribute, and a setting that changes how a column is read (`NUMERIC`, a mask),
  bootstrap the table again.

## In a key

Columns of the key must be indexed in the lake and must stay distinct, so some types travel differently there:

| Postgres | read as | Parquet | DuckDB |
|---|---|---|---|
";

fn base(oid: u32) -> PgType {
    of(oid, -1, Shape::Base { extension: None, casts_to_text: false })
}

fn of(oid: u32, typmod: i32, shape: Shape) -> PgType {
    PgType { oid, typmod, dimensions: 1, shape }
}

fn numeric(precision: i32, scale: i32) -> PgType {
    PgType { typmod: ((precision << 16) | (scale & 0x7ff)) + 4, ..base(oid::NUMERIC) }
}

fn extension(extension: &str, name: &str) -> PgType {
    let extension = Some((extension.into(), name.into()));
    of(0, -1, Shape::Base { extension, casts_to_text: false })
}

fn array(item: PgType, dimensions: u8) -> PgType {
    PgType { dimensions, ..of(0, -1, Shape::Array(Box::new(item))) }
}

fn composite(attributes: &[(&str, PgType)]) -> PgType {
    let attributes = attributes.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone()));
    of(0, -1, Shape::Composite(attributes.collect()))
}

/// Any type that the table does not know.
fn other() -> PgType {
    base(u32::MAX)
}

fn samples() -> Vec<(&'static str, PgType)> {
    vec![
        ("boolean", base(oid::BOOL)),
        ("smallint", base(oid::INT2)),
        ("integer", base(oid::INT4)),
        ("bigint", base(oid::INT8)),
        ("oid", base(oid::OID)),
        ("real", base(oid::FLOAT4)),
        ("double precision", base(oid::FLOAT8)),
        ("numeric(12,2), up to 38 digits", numeric(12, 2)),
        ("numeric(3,-2)", numeric(3, -2)),
        ("numeric, numeric(39,0)", numeric(39, 0)),
        ("money (two decimals)", PgType { typmod: 2, ..base(oid::MONEY) }),
        ("text, varchar(n), name", base(oid::TEXT)),
        ("character(n)", base(oid::BPCHAR)),
        ("\"char\", citext", other()),
        ("xml, as stored", other()),
        ("bytea", base(oid::BYTEA)),
        ("uuid", base(oid::UUID)),
        ("date", base(oid::DATE)),
        ("timestamp", base(oid::TIMESTAMP)),
        ("timestamptz", base(oid::TIMESTAMPTZ)),
        ("time", base(oid::TIME)),
        ("timetz", base(oid::TIMETZ)),
        ("interval", base(oid::INTERVAL)),
        ("json", base(oid::JSON)),
        ("jsonb", base(oid::JSONB)),
        ("enum", of(0, -1, Shape::Enum)),
        ("inet, cidr", base(oid::INET)),
        ("macaddr, macaddr8", other()),
        ("bit(n), varbit", other()),
        ("regclass and other reg*, xid8, pg_lsn", other()),
        ("ranges and multiranges", other()),
        ("tsvector, tsquery, jsonpath", other()),
        ("point, line, lseg, box, path, polygon, circle", other()),
        ("hstore, ltree, cube", other()),
        ("vector, halfvec (pgvector)", extension("vector", "vector")),
        ("geometry, geography (PostGIS)", extension("postgis", "geometry")),
        ("integer[]", array(base(oid::INT4), 1)),
        ("text[][]", array(base(oid::TEXT), 2)),
        ("point[]", array(other(), 1)),
        ("composite (a int, b uuid)", composite(&[("a", base(oid::INT4)), ("b", base(oid::UUID))])),
        ("composite (a int, p point)", composite(&[("a", base(oid::INT4)), ("p", other())])),
        ("a type with a cast to text of its own", of(0, -1, Shape::Base { extension: None, casts_to_text: true })),
    ]
}

fn key_samples() -> Vec<(&'static str, PgType)> {
    vec![
        ("numeric, numeric(39,0)", numeric(39, 0)),
        ("interval", base(oid::INTERVAL)),
        ("jsonb", base(oid::JSONB)),
        ("arrays", array(base(oid::INT4), 1)),
        ("composites", composite(&[("a", base(oid::INT4))])),
    ]
}

fn generated() -> String {
    let mut page = HEAD.to_owned();
    for (name, pg) in samples() {
        let Mapping { read, kind, loses } = mapping(&pg, NumericAs::Double);
        let read = read.sql("c", "");
        let _ = writeln!(page, "| {name} | `{read}` | {} | `{}` | {loses} |", kind.parquet_type(), kind.lake_type());
    }
    let text = mapping(&base(oid::NUMERIC), NumericAs::Text);
    let (read, kind) = (text.read.sql("c", ""), text.kind);
    let _ = writeln!(
        page,
        "| numeric, with `NUMERIC=text` | `{read}` | {} | `{}` | {} |",
        kind.parquet_type(),
        kind.lake_type(),
        text.loses
    );
    page.push_str(FOOT);
    for (name, pg) in key_samples() {
        let Mapping { read, kind, .. } = key_mapping(&pg, NumericAs::Double);
        let read = read.sql("c", "");
        let _ = writeln!(page, "| {name} | `{read}` | {} | `{}` |", kind.parquet_type(), kind.lake_type());
    }
    page
}

#[test]
fn the_page_of_types_is_that_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/types.md");
    let page = generated();
    if std::env::var_os("PG2DUCK_WRITE_DOCS").is_some() {
        std::fs::write(path, &page).expect("docs/types.md can be written");
    }
    assert!(std::fs::read_to_string(path).is_ok_and(|found| found == page), "docs/types.md is stale; run: make docs");
}
