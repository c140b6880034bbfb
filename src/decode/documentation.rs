//! `docs/types.md`, generated from the type table: `make docs` writes it, a test compares it.

use super::types::{Choices, Mapping, PgType, Shape, key_mapping, mapping, oid};
use crate::model::{CharAs, NumericAs, ReadAs};
use std::fmt::Write;

const HEAD: &str = "\
# Types

How each Postgres type is read, how it travels in the Parquet archive, and what it is in the lake. Generated from the table
in `src/decode/types.rs` by `make docs`.

A value that the lake's type cannot hold does not stop its table: the row lands with NULL there, and `_pg2duck.rejects` has
the table, the row's key, the column, the value's text and the reason; `pg2duck status` counts them. With `REJECTS=stop` it is
an error instead; how every value is held is [below](#values-that-do-not-fit). The column *loses* says what else is not kept; where
it is empty, the lake's value prints as Postgres's does.

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
- A composite type that gains or loses an attribute, and a setting that changes how a column is read (`NUMERIC`, `CHAR`, `TYPE`, a
  mask), bootstrap the table again.

## Values that do not fit

Postgres does not enforce the dimensions of an array: a column declared `int[]` may hold `{{1,2},{3,4}}`, one declared `int[][]` may
hold `{1}`. A list of the lake has one depth. So the list is what a column becomes, as nearly all tables hold what they declare, and a
value of other dimensions is neither wrapped nor flattened, which would make another value of it: it is rejected. Its entry in
`_pg2duck.rejects` has the whole of it, lower bounds included, so that `value::int[]` in Postgres is the value again (a `box[]`, which
Postgres alone writes with semicolons, by way of `text[]`); the entry's reason names the setting that makes the column hold it. The column does not change its type by itself: one odd
row would break every query that reads the list.

- `SYNC_TABLE_<NAME>_TYPE=tags:json` reads the column as `to_json` writes it: arrays of any dimensions, beside each other, and
  numbers with all their digits. Lower bounds are not in it.
- `SYNC_TABLE_<NAME>_TYPE=tags:text` reads it as Postgres prints it, lower bounds too: `[0:1]={1,2}`.

Both may be said of any column, and several: `tags:json,total:text,\"odd, name\":text`. So `text` also holds what else is rejected in
the table above: NaN in a `numeric(12,2)`, a timestamp after 294247, half a surrogate pair in a `json`; only bytes that are no UTF-8 have
no form. A column of the key can be text, not JSON. What `pg2duck setup --audit full` records is JSON, which has no lower bounds: rows that
are read from there are without.

An entry tells of a row as it is now, so a version of a row that is over has none: where a mode keeps versions, say `TYPE` first.

## char(n)

Postgres pads a `char(n)` with blanks to its length, and prints them, but does not compare them: `'ab'` equals `'ab    '`, and `length` and
a cast to text are without. DuckDB compares every character. So by default the value arrives as Postgres prints it, padded, and
`WHERE code = 'ab'` finds nothing in the lake. With `CHAR=trimmed`, or `SYNC_TABLE_<NAME>_CHAR=trimmed` for one table, it arrives without
the blanks at its end, as the cast to text makes it, in keys as well: what Postgres calls equal is equal then. The keys of deleted rows are
trimmed as those of the others are, and comparing keys (`DIFF_INTERVAL`) becomes cheap, as both databases print them alike. Attributes of
composites and elements of arrays are trimmed too; composites within an array, images in `_before` and hashes of masked columns are as
Postgres prints them.

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

/// What settings make of types.
fn chosen() -> [(&'static str, Mapping); 4] {
    let (numeric, chars) = (NumericAs::Text, CharAs::Trimmed);
    let any = || mapping(&array(base(oid::INT4), 1), Choices::default());
    [
        ("numeric, with `NUMERIC=text`", mapping(&base(oid::NUMERIC), Choices { numeric, ..Choices::default() })),
        ("character(n), with `CHAR=trimmed`", mapping(&base(oid::BPCHAR), Choices { chars, ..Choices::default() })),
        ("any, with `SYNC_TABLE_<NAME>_TYPE=c:json`", any().read_as(ReadAs::Json)),
        ("any, with `SYNC_TABLE_<NAME>_TYPE=c:text`", any().read_as(ReadAs::Text)),
    ]
}

fn generated() -> String {
    let mut page = HEAD.to_owned();
    let usual = samples().into_iter().map(|(name, pg)| (name, mapping(&pg, Choices::default())));
    for (name, Mapping { read, kind, loses }) in usual.chain(chosen()) {
        let read = read.sql("c", "");
        let _ = writeln!(page, "| {name} | `{read}` | {} | `{}` | {loses} |", kind.parquet_type(), kind.lake_type());
    }
    page.push_str(FOOT);
    for (name, pg) in key_samples() {
        let Mapping { read, kind, .. } = key_mapping(&pg, Choices::default());
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
