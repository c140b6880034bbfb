//! A column that is left out by choice, or masked, from now on: no clear value of it stays in the lake. The column itself goes with the
//! change of the table's shape; here go the images of `_before` and the list of rejected values.

use super::Lake;
use super::metadata::of_lake_table;
use super::schema::Shape;
use super::table::{in_lake, ours};
use crate::error::{Error, Result};
use crate::model::sql::{Lit, Sql};
use crate::model::{ChangeSet, Mode};
use crate::sql;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fmt;

/// Entries of a log that are looked at together.
const AT_ONCE: u32 = 10_000;
static SCRUBBED: Sql = Sql::fixed("temp.main.pg2duck_scrubbed");

/// Removes what the lake tells of columns that `shape` has just dropped because settings hide them.
pub(super) fn scrub(lake: &Lake, set: &ChangeSet, shape: &Shape) -> Result<()> {
    let hidden = &shape.layout.hidden;
    if hidden.is_empty() {
        return Ok(());
    }
    let list = Sql::join(hidden.iter().map(|name| sql!("{}", Lit(name))), ", ");
    let forget =
        sql!("DELETE FROM {} WHERE {} AND column_name IN ({})", ours("rejects"), of_lake_table(&set.lake), list);
    lake.execute("clear _pg2duck.rejects", &forget)?;
    if set.schema.mode == Mode::Append {
        scrub_images(lake, set, hidden)?;
    }
    tracing::warn!(
        table = %set.table,
        "{} left the lake; Parquet files written before still hold what it was: to remove them run: pg2duck purge {}",
        columns(hidden),
        set.table
    );
    Ok(())
}

fn columns(names: &BTreeSet<String>) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    format!("{} {}", if quoted.len() == 1 { "column" } else { "columns" }, quoted.join(", "))
}

/// Takes the hidden columns out of what rows were before. The rest is left to the last digit, which DuckDB's own functions would not do.
fn scrub_images(lake: &Lake, set: &ChangeSet, hidden: &BTreeSet<String>) -> Result<()> {
    let (target, operation) = (in_lake(&set.lake), format!("clear _before of {}", set.lake));
    let key = |name: &String| serde_json::to_string(name).unwrap_or_default();
    let holds = hidden.iter().map(|name| sql!("contains(_before::VARCHAR, {})", Lit(&key(name))));
    let holds = Sql::join(holds, " OR ");
    let mut last = 0_i64;
    loop {
        let statement = sql!(
            "SELECT _seq, _before::VARCHAR FROM {} WHERE _seq > {} AND ({}) ORDER BY _seq LIMIT {}",
            target,
            Sql::trusted(last.to_string()),
            holds,
            AT_ONCE
        );
        let images = lake.rows(&operation, &statement, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        let Some((newest, _)) = images.last() else { return Ok(()) };
        last = *newest;
        let scrubbed = images.iter().map(|(seq, image)| {
            let image = without(image, hidden).map_err(|error| Error::internal(format!("{operation}: {error}")))?;
            Ok(sql!("({}, {})", Sql::trusted(seq.to_string()), Lit(&image)))
        });
        let scrubbed = Sql::join(scrubbed.collect::<Result<Vec<_>>>()?, ", ");
        lake.execute(
            &operation,
            &sql!(
                "CREATE OR REPLACE TEMP TABLE {new} AS FROM (VALUES {rows}) AS new(seq, image); \
                 UPDATE {target} AS target SET _before = new.image::JSON FROM {new} AS new WHERE target._seq = new.seq; \
                 DROP TABLE {new}",
                new = SCRUBBED,
                rows = scrubbed,
                target = target
            ),
        )?;
    }
}

/// A row's image without these columns.
fn without(image: &str, hidden: &BTreeSet<String>) -> Result<String, serde_json::Error> {
    let Fields(fields) = serde_json::from_str(image)?;
    let kept = fields.iter().filter(|(name, _)| !hidden.contains(name));
    let kept = kept.map(|(name, value)| Ok(format!("{}:{}", serde_json::to_string(name)?, value.get())));
    Ok(format!("{{{}}}", kept.collect::<Result<Vec<_>, serde_json::Error>>()?.join(",")))
}

/// An object's fields in their order, each value as it is written.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row as an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_loses_hidden_columns_and_nothing_else() {
        let hidden = BTreeSet::from(["ssn".to_owned(), "it's \"s\"".to_owned()]);
        let image = r#"{"a":12345678901234567890.10,"ssn":{"ssn":1},"b":"\u00e9 ssn","it's \"s\"":[1], "c":-0.0}"#;
        let left = without(image, &hidden).expect("an object");
        assert_eq!(left, r#"{"a":12345678901234567890.10,"b":"\u00e9 ssn","c":-0.0}"#);
    }
}
