//! A complete bootstrap of a table that keeps versions: it is compared with the latest ones, what differs begins a version, what is gone
//! ends. No version that is there is removed or altered.

use super::Lake;
use super::apply::change_rows;
use super::key::{self, explain};
use super::keys::alive_by;
use super::matching::{self, Found, LakeRows};
use super::merge::{self, Known};
use super::repeated::keep_last;
use super::schema::Shape;
use super::staging::{BootstrapLoad, staging};
use super::swap::list_rejects;
use super::table::in_lake;
use crate::error::Result;
use crate::model::sql::Sql;
use crate::model::{ChangeSet, Mode};
use crate::sql;
use std::path::Path;

/// Takes in the bootstrap and what changed while it was read, in a table that has this shape already.
pub(super) fn fold_in(lake: &Lake, archive: &Path, set: &ChangeSet, shape: &Shape) -> Result<()> {
    let copy = staging(&set.lake);
    let operation = format!("load {}", set.lake);
    lake.complete_staging(archive, &BootstrapLoad::from(set))?;
    keep_last(lake, archive, set, &copy)?;
    list_rejects(lake, archive, set)?;
    let copy = in_lake(&copy);
    change_rows(lake, archive, set, &|rows| merge::replace(&copy, set, rows))?;
    key::check(lake, set, &copy, &operation)?;
    let known = known(lake, set, shape, &copy)?;
    let superseded: Vec<&str> = shape.layout.superseded().map(|slot| slot.name.as_str()).collect();
    for statement in merge::fold(set, &copy, &known, &superseded) {
        lake.db.run(&statement).map_err(|error| explain(&operation, set, &error))?;
    }
    lake.execute(&operation, &sql!("DROP TABLE {}", copy))?;
    lake.forget_staging(&set.lake)
}

fn known(lake: &Lake, set: &ChangeSet, shape: &Shape, copy: &Sql) -> Result<Known> {
    if set.schema.mode == Mode::FullAppend || lake.count(&set.lake)? == 0 {
        return Ok(Known::Nothing);
    }
    let former: Vec<String> =
        shape.before.key().into_iter().filter_map(|at| Some(shape.layout.at(at)?.name.clone())).collect();
    // By the key that told them apart until now, as far as the lake knows it.
    let key = if former.is_empty() { &set.schema.key } else { &former };
    let alive = alive_by(&set.lake, set.schema.mode, key);
    let rows = LakeRows { alive: &alive, name: matching::name_now };
    let found = match set.schema.mode {
        // Whoever reads a log by its present key must find an end of what went by another.
        Mode::Append => matching::by_key(lake, set, shape, &rows)?.map(Found::Same),
        _ => matching::find(lake, set, shape, &rows, copy)?,
    };
    Ok(match found {
        Some(Found::Same(matching)) => Known::Rows(matching),
        Some(Found::Gone(gone)) => Known::FormerKey { key: former, gone: Some(gone) },
        None => Known::FormerKey { key: former, gone: None },
    })
}
