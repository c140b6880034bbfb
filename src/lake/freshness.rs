//! How fresh the lake's tables are, and what keeps them from it: `_pg2duck.sync`, as far as no row of theirs has to come for that.

use super::Lake;
use super::metadata::{AT_ONCE, of_origin, texts};
use super::table::ours;
use crate::error::{Error, Result};
use crate::model::sql::{Lit, Sql};
use crate::model::{Freshness, News};
use crate::sql;

impl Lake {
    /// Brings every table's freshness up to date: a table that nothing happened to is as fresh as the others, and one that fails says so.
    /// What another source brought is not looked at.
    pub fn refresh(&self, news: &News<'_>) -> Result<()> {
        let operation = "refresh _pg2duck.sync";
        let own = of_origin(news.origin.map(str::to_owned).as_ref(), &[]);
        // A line of an earlier version does not say whose it is: it is of what stands where the table is to stand.
        let same_place =
            "(lower(sync.lake_schema), lower(sync.lake_table)) = (lower(fresh.lake_schema), lower(fresh.lake_table))";
        let surely_own = match news.origin {
            Some(origin) => {
                sql!("(sync.origin = {} OR sync.origin IS NULL AND {})", Lit(origin), Sql::fixed(same_place))
            }
            None => Sql::fixed("true"),
        };
        let write = || {
            self.execute(operation, &Sql::fixed("BEGIN"))?;
            for some in news.tables.chunks(AT_ONCE) {
                self.execute(operation, &update(some, &surely_own, news.origin))?;
                self.execute(operation, &insert(some, &surely_own, news.origin))?;
            }
            for (table, why) in news.gone {
                let of_table =
                    sql!("(source_schema, source_table) = ({}) AND {}", texts([&table.schema, &table.table]), own);
                self.execute(
                    operation,
                    &sql!("DELETE FROM {} AS sync WHERE as_of IS NULL AND {}", ours("sync"), of_table),
                )?;
                self.execute(
                    operation,
                    &sql!("UPDATE {} AS sync SET last_error = {} WHERE {}", ours("sync"), Lit(why), of_table),
                )?;
            }
            let lag = sql!(
                "UPDATE {} SET lag_seconds = greatest(0, epoch(now()) - epoch(as_of)) WHERE as_of IS NOT NULL",
                ours("sync")
            );
            self.execute(operation, &lag)?;
            self.execute(operation, &Sql::fixed("COMMIT"))
        };
        write().inspect_err(|_: &Error| self.db.roll_back())
    }
}

/// Those that the lake has rows of. What is not known of one stays as it was.
fn update(tables: &[Freshness], own: &Sql, origin: Option<&str>) -> Sql {
    let rows = tables.iter().map(|Freshness { source, lake, as_of, snapshot, error, .. }| {
        let as_of = optional(as_of.as_ref().map(|as_of| format!("{as_of}+00")).as_deref());
        let names = texts([&source.schema, &source.table, &lake.schema, &lake.table]);
        // That of a table that an earlier version brought.
        let origin = optional(origin.filter(|_| snapshot.is_some()));
        sql!("({}, {}, {}, {}, {})", names, as_of, optional(snapshot.as_deref()), optional(error.as_deref()), origin)
    });
    sql!(
        "UPDATE {} AS sync SET origin = coalesce(sync.origin, fresh.origin), as_of = coalesce(fresh.as_of::TIMESTAMPTZ, sync.as_of), last_error = fresh.error, \
             snapshot = coalesce(fresh.snapshot, sync.snapshot), \
             synced_at = CASE WHEN fresh.error IS NULL AND fresh.as_of IS NOT NULL THEN now() ELSE sync.synced_at END \
         FROM (VALUES {}) AS fresh(source_schema, source_table, lake_schema, lake_table, as_of, snapshot, error, origin) \
         WHERE sync.source_schema = fresh.source_schema AND sync.source_table = fresh.source_table AND {}",
        ours("sync"),
        Sql::join(rows, ", "),
        own
    )
}

/// Those that fail and were never copied.
fn insert(tables: &[Freshness], own: &Sql, origin: Option<&str>) -> Sql {
    let failing = tables.iter().filter_map(|Freshness { source, lake, mode, error, .. }| {
        let names = texts([&source.schema, &source.table, &lake.schema, &lake.table, mode, error.as_ref()?]);
        Some(sql!("({})", names))
    });
    let failing: Vec<Sql> = failing.collect();
    if failing.is_empty() {
        return Sql::fixed("");
    }
    sql!(
        "INSERT INTO {sync} (source_schema, source_table, lake_schema, lake_table, mode, last_error, \
             cursor_column, rows, cycle, cursor, snapshot, origin) \
         SELECT fresh.*, '', 0, '', 'null', '', {origin} \
         FROM (VALUES {failing}) AS fresh(source_schema, source_table, lake_schema, lake_table, mode, last_error) \
         WHERE NOT EXISTS (FROM {sync} AS sync WHERE {own} \
           AND (sync.source_schema, sync.source_table) = (fresh.source_schema, fresh.source_table))",
        own = own,
        sync = ours("sync"),
        origin = optional(origin),
        failing = Sql::join(failing, ", ")
    )
}

fn optional(text: Option<&str>) -> Sql {
    text.map_or(Sql::fixed("NULL::VARCHAR"), |text| sql!("{}", Lit(text)))
}
