//! A bootstrap that is complete: its staging table gets its key (added after the rows: measured 3.3 s against 7.9 s through
//! `INSERT OR REPLACE` for 2 M rows) and takes the place of the old table, of which it keeps what the source has no more.
//! Tables that keep versions are never replaced: there the bootstrap is compared with the latest versions ([`super::fold`]).

use super::Lake;
use super::key::{self, explain, key_names};
use super::keys::alive;
use super::layout::{Slot, same as same_name};
use super::matching::{self, Found, LakeRows};
use super::merge::{Matching, Noticed, instant, same_value};
use super::repeated::{LAST, find_repeated};
use super::schema::{Shape, value_before};
use super::staging::{BootstrapLoad, ready, staging};
use super::table::in_lake;
use crate::error::Result;
use crate::model::sql::{Ident, Sql};
use crate::model::{BatchKind, ChangeSet, Mode, TableName};
use crate::sql;
use std::path::Path;

/// Replaces the lake table, if `there` is one, by the bootstrap's rows.
///
/// # Errors
/// Kind `Table`: the key is not one.
pub(super) fn replace(lake: &Lake, archive: &Path, set: &ChangeSet, shape: &mut Shape, there: bool) -> Result<()> {
    let operation = format!("load {}", set.lake);
    let copy = staging(&set.lake);
    let keyed = lake.complete_staging(archive, &BootstrapLoad::from(set))?;
    let repeats = find_repeated(lake, archive, set, &copy)?;
    if !set.is_rewritten() {
        key::check(lake, set, &in_lake(&copy), &operation)?;
    }
    list_rejects(lake, archive, set)?;
    let keeps = set.schema.mode == Mode::SoftDelete || shape.layout.slots().count() > shape.places.len();
    let found = if there && keeps { same_rows(lake, set, shape, &copy)? } else { None };
    let (matching, gone) = match found {
        Some(Found::Same(matching)) => (Some(matching), None),
        Some(Found::Gone(gone)) => (None, Some(gone)),
        None => (None, None),
    };
    if matching.is_none() && set.schema.mode != Mode::SoftDelete {
        // Whose values they are is not known.
        let places = shape.places.clone();
        shape.layout.keep_only(&places);
    }
    let swap = Swap { set, shape, matching, gone, repeats, there };
    swap.run(lake, &copy, keyed)?;
    lake.forget_staging(&set.lake)
}

/// Lists the values of a bootstrap that the lake cannot hold, in place of all that were listed of the table.
pub(super) fn list_rejects(lake: &Lake, archive: &Path, set: &ChangeSet) -> Result<()> {
    lake.forget_rejects(set)?;
    lake.list_rejects(archive, set, BatchKind::Bootstrap)
}

/// How rows of the old table and of the new are told to be the same.
fn same_rows(lake: &Lake, set: &ChangeSet, shape: &Shape, copy: &TableName) -> Result<Option<Found>> {
    let rows = LakeRows { alive: &alive(&set.lake, &set.schema), name: matching::name_before };
    matching::find(lake, set, shape, &rows, &in_lake(copy))
}

/// A copy that takes the place of a table.
struct Swap<'a> {
    set: &'a ChangeSet,
    shape: &'a Shape,
    /// What tells which of the old table's rows its rows are.
    matching: Option<Matching>,
    /// What tells, at least, which of them it does not have.
    gone: Option<Matching>,
    /// Some keys stand in it twice.
    repeats: bool,
    /// There is an old table.
    there: bool,
}

impl Swap<'_> {
    /// Makes keys unique, keeps columns that the source dropped and rows that it deleted, adds the key, and swaps.
    fn run(&self, lake: &Lake, copy: &TableName, keyed: bool) -> Result<()> {
        let Self { set, .. } = self;
        let operation = format!("load {}", set.lake);
        let run = |statement: Sql| lake.db.run(&statement).map_err(|error| explain(&operation, set, &error));
        let declares_key = !set.schema.key.is_empty() && key::is_declared(lake, &set.schema, set.rows());
        // DuckDB would find the deleted rows among those that the key is declared for.
        let written_again =
            self.kept().next().is_some() || (self.repeats && declares_key) || self.tells_what_was_done();
        let ready = if written_again { ready(&set.lake) } else { copy.clone() };
        if written_again {
            run(self.write_again(copy, &ready))?;
        } else if self.repeats {
            let same = Matching::by(&set.schema.key).on("target", "last");
            run(sql!("DELETE FROM {} AS target USING {} AS last WHERE {}", in_lake(copy), LAST, same))?;
            run(sql!("INSERT INTO {} BY NAME FROM {}", in_lake(copy), LAST))?;
        }
        if self.repeats {
            run(sql!("DROP TABLE {}", LAST))?;
        }
        if set.schema.synced_at {
            run(sql!("UPDATE {} SET _synced_at = {} WHERE _synced_at IS NULL", in_lake(&ready), instant(set)))?;
        }
        let keeps_rows = set.schema.mode == Mode::SoftDelete && self.there;
        if keeps_rows {
            run(self.keep_deleted(&ready))?;
        }
        let key = key_names(&set.schema.key);
        let has_key =
            || -> Result<bool> { Ok(!keeps_rows || (self.every_shape_has_key() && is_key(lake, set, &ready)?)) };
        if declares_key && (!keyed || written_again) && has_key()? {
            run(sql!("ALTER TABLE {} ADD PRIMARY KEY ({})", in_lake(&ready), key))?;
        }
        let name = Ident(&set.lake.table);
        run(sql!("DROP TABLE IF EXISTS {}; ALTER TABLE {} RENAME TO {}", in_lake(&set.lake), in_lake(&ready), name))
    }

    /// Whether rows tell what was last done to them, which a copy does not know of rows that it found as they were.
    fn tells_what_was_done(&self) -> bool {
        self.set.schema.mode == Mode::SoftDelete && self.there
    }

    /// Whether rows that were recorded under earlier shapes have the key's columns, and not others that these took the place of.
    fn every_shape_has_key(&self) -> bool {
        let Self { set, shape, .. } = self;
        let places = set.schema.columns.iter().zip(&shape.places);
        let mut key = places.filter(|(column, _)| set.schema.key.contains(&column.name));
        key.all(|(_, place)| shape.earlier.iter().all(|earlier| earlier.contains(place)))
    }

    /// Columns that the lake has and the source no longer does.
    fn kept(&self) -> impl Iterator<Item = &Slot> {
        let own: Vec<&Slot> = self.shape.places.iter().filter_map(|at| self.shape.layout.at(*at)).collect();
        self.shape.layout.slots().filter(move |slot| !own.iter().any(|own| own.name == slot.name))
    }

    /// Makes `ready` of the copy: each key once, and with the columns that only the old table has.
    fn write_again(&self, copy: &TableName, ready: &TableName) -> Sql {
        let Self { set, matching, .. } = self;
        // Of a column whose type changed, the copy has the values: only deleted rows have theirs in the old one.
        let superseded: Vec<&str> = self.shape.layout.superseded().map(|slot| slot.name.as_str()).collect();
        let goes_on = |slot: &Slot| superseded.contains(&slot.name.as_str());
        let extra = self.kept().map(|slot| match (matching, &slot.before) {
            (Some(_), Some(before)) if !goes_on(slot) => {
                let kind = Sql::trusted(slot.kind.clone());
                sql!(", old.{}::{} AS {}", Ident(&before.name), kind, Ident(&slot.name))
            }
            _ => sql!(", NULL::{} AS {}", Sql::trusted(slot.kind.clone()), Ident(&slot.name)),
        });
        let join = match matching {
            Some(matching) if self.kept().next().is_some() || self.tells_what_was_done() => {
                sql!(" LEFT JOIN {} AS old ON {}", alive(&set.lake, &set.schema), matching.on("old", "new"))
            }
            _ => Sql::fixed(""),
        };
        let once = match self.repeats {
            true => sql!(
                "(FROM {} AS target ANTI JOIN {} AS last ON {} UNION ALL BY NAME FROM {})",
                in_lake(copy),
                LAST,
                Matching::by(&set.schema.key).on("target", "last"),
                LAST
            ),
            false => in_lake(copy),
        };
        let own = match (set.schema.mode, matching) {
            (Mode::SoftDelete, Some(matching)) => self.with_what_was_done(matching),
            // The last rows do not come from the table that has it by default.
            (Mode::SoftDelete, None) => Sql::fixed("new.* REPLACE (coalesce(new._op, 'r') AS _op)"),
            _ => Sql::fixed("new.*"),
        };
        sql!(
            "CREATE OR REPLACE TABLE {ready} AS SELECT {own}{extra} FROM {once} AS new{join}; DROP TABLE {copy}",
            ready = in_lake(ready),
            own = own,
            extra = Sql::join(extra, ""),
            once = once,
            join = join,
            copy = in_lake(copy)
        )
    }

    /// The copy's columns. A row that is as it was says what it said before.
    fn with_what_was_done(&self, matching: &Matching) -> Sql {
        let Self { set, shape, .. } = self;
        let by = Noticed::of(set);
        let known = matching.0.iter().take(1).map(|pair| sql!("old.{} IS NOT NULL", Ident(&pair.lake)));
        let known = Sql::join(known, "");
        let same_columns = set.schema.columns.iter().zip(&shape.places).filter_map(|(column, at)| {
            let new = sql!("new.{}", Ident(&column.name));
            let slot = shape.layout.at(*at)?;
            Some(match &slot.before {
                Some(before) => {
                    let old = sql!("old.{}::{}", Ident(&before.name), column.kind.in_sql());
                    same_value(&column.kind, &new, &old, by)
                }
                None => sql!("{} IS NULL", new),
            })
        });
        let superseded = shape.layout.superseded().filter_map(|slot| slot.before.as_ref());
        let empty = superseded.map(|before| sql!("old.{} IS NULL", Ident(&before.name)));
        let same = Sql::join([known.clone()].into_iter().chain(same_columns).chain(empty), " AND ");
        let otherwise = match by {
            Noticed::Copied => Sql::fixed("'r'"),
            Noticed::Written => sql!("CASE WHEN {} THEN 'u' ELSE 'c' END", known),
        };
        let as_before = |name: &'static str, otherwise: Sql| {
            let had = shape.own.iter().any(|own| same_name(own, name));
            let before = if had { sql!("old.{}", Ident(name)) } else { Sql::fixed("NULL") };
            sql!("CASE WHEN {} THEN {} ELSE {} END AS {}", same, before, otherwise, Ident(name))
        };
        let mut replaced = vec![as_before("_op", otherwise)];
        if set.schema.synced_at {
            replaced.push(as_before("_synced_at", Sql::fixed("NULL")));
        }
        sql!("new.* REPLACE ({})", Sql::join(replaced, ", "))
    }

    /// Rows that the copy does not have were deleted: before, or at the latest now. Where nothing tells which those are, only what was
    /// deleted before is known to be.
    fn keep_deleted(&self, ready: &TableName) -> Sql {
        let Self { set, shape, matching, .. } = self;
        let has_op = shape.own.iter().any(|name| name == "_op");
        let known_op = Sql::fixed(if has_op { "coalesce(_op, 'd')" } else { "'d'" });
        let [names, values]: [Vec<Sql>; 2] = [
            shape.layout.slots().map(|slot| sql!("{}", Ident(&slot.name))).collect(),
            shape.layout.slots().map(|slot| self.deleted_value(slot)).collect(),
        ];
        let [stamp, at] = match set.schema.synced_at {
            true => [Sql::fixed(", _synced_at"), sql!(", {}", instant(set))],
            false => [Sql::fixed(""), Sql::fixed("")],
        };
        let which = match (matching, &self.gone) {
            (Some(matching), _) => sql!("ANTI JOIN {} AS new ON {}", in_lake(ready), matching.on("old", "new")),
            (None, Some(gone)) => sql!(
                "WHERE _deleted_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM {} AS new WHERE new._deleted_at IS NULL AND {})",
                in_lake(ready),
                gone.on("old", "new")
            ),
            (None, None) => Sql::fixed("WHERE _deleted_at IS NOT NULL"),
        };
        sql!(
            "INSERT INTO {ready} ({names}, _deleted_at, _op{stamp}) \
             SELECT {values}, coalesce(_deleted_at, {now}), CASE WHEN _deleted_at IS NULL THEN 'd' ELSE {known_op} END{at} \
             FROM {old} AS old {which}",
            ready = in_lake(ready),
            names = Sql::join(names, ", "),
            stamp = stamp,
            values = Sql::join(values, ", "),
            now = instant(set),
            known_op = known_op,
            at = at,
            old = in_lake(&set.lake),
            which = which
        )
    }

    /// What a deleted row has in this column. A column that took the former key's place has its value.
    fn deleted_value(&self, slot: &Slot) -> Sql {
        let pairs = self.matching.iter().flat_map(|matching| &matching.0);
        let former = pairs
            .filter(|pair| pair.beside == slot.name && slot.before.is_none())
            .find_map(|pair| pair.cast.as_ref().map(|kind| sql!("{}::{}", Ident(&pair.lake), kind)));
        former.unwrap_or_else(|| value_before(slot))
    }
}

/// Whether the key is one in this table: deleted rows may have had another.
fn is_key(lake: &Lake, set: &ChangeSet, table: &TableName) -> Result<bool> {
    let missing = set.schema.key.iter().map(|column| sql!("{} IS NULL", Ident(column)));
    let statement = sql!(
        "SELECT NOT EXISTS (FROM {table} WHERE {missing}) \
           AND NOT EXISTS (SELECT 1 FROM {table} GROUP BY {key} HAVING count(*) > 1)",
        table = in_lake(table),
        missing = Sql::join(missing, " OR "),
        key = key_names(&set.schema.key)
    );
    lake.value(&format!("check the key of {}", set.lake), &statement)
}
