//! The lake table takes on the shape of the source's: names, types, columns that come and go. [`super::layout`] decides, this
//! carries it out. Must run before any DELETE or UPDATE of the same transaction: DuckDB 1.5 refuses the commit otherwise.

use super::file::CATALOG_NAME;
use super::layout::{Layout, Slot, same, same_type};
use super::staging::ready;
use super::table::{LakeColumn, in_lake};
use super::{Lake, batches};
use crate::error::Result;
use crate::model::sql::{Ident, Lit, Sql};
use crate::model::{ChangeSet, ColumnType, TableName, TableSchema};
use crate::sql;

/// A table's columns as the lake has them, and as this change set needs them.
pub(super) struct Shape {
    /// The names of the mode's own columns that the table has.
    pub own: Vec<String>,
    pub before: Layout,
    pub layout: Layout,
    /// Where the columns of each earlier shape stand, oldest first.
    pub earlier: Vec<Vec<usize>>,
    /// Where the source's columns stand.
    pub places: Vec<usize>,
}

/// Whether the table can take the rows as it is.
pub(super) fn fits(present: &[LakeColumn], schema: &TableSchema) -> bool {
    let has = |name: &str, fits: &dyn Fn(&str) -> bool| {
        present.iter().any(|column| same(&column.name, name) && fits(&column.kind))
    };
    schema.columns.iter().all(|column| has(&column.name, &|kind| same_type(kind, &column.kind.lake_type())))
        && schema.metadata().iter().all(|(name, _)| has(name, &|_| true))
}

/// What the lake table's columns become.
pub(super) fn shape(lake: &Lake, set: &ChangeSet, present: &[LakeColumn]) -> Result<Shape> {
    let before = Layout::new(present, &set.schema, &lake.known_columns(&set.lake)?);
    let mut layout = before.clone();
    let keeps_past = set.schema.mode.keeps_the_past();
    let earlier = set.earlier.iter().map(|earlier| layout.follow(&earlier.schema, keeps_past)).collect();
    let places = layout.follow(&set.schema, keeps_past);
    let metadata = set.schema.metadata();
    let is_own = |column: &&LakeColumn| metadata.iter().any(|(name, _)| same(name, &column.name));
    let own = present.iter().filter(is_own).map(|column| column.name.clone()).collect();
    Ok(Shape { own, before, layout, earlier, places })
}

/// An empty table of this shape.
pub(super) fn create(lake: &Lake, set: &ChangeSet, layout: &Layout) -> Result<()> {
    let of_source = layout.slots().map(|slot| sql!("{} {}", Ident(&slot.name), kind(slot)));
    let own = set.schema.metadata().into_iter().map(|(name, kind)| sql!("{} {}", Ident(name), Sql::fixed(kind)));
    let columns = Sql::join(of_source.chain(own), ", ");
    let statement = sql!("CREATE TABLE {} ({})", in_lake(&set.lake), columns);
    lake.execute(&format!("create {}", set.lake), &statement)
}

/// Brings the table, of which these columns are `present`, into shape without a copy where DuckDB can.
pub(super) fn alter(lake: &Lake, set: &ChangeSet, shape: &Shape, present: &[LakeColumn]) -> Result<()> {
    let missing: Vec<_> = set
        .schema
        .metadata()
        .into_iter()
        .filter(|(name, _)| !present.iter().any(|own| same(name, &own.name)))
        .collect();
    let key = if set.schema.mode.has_one_row_per_key() { declared_key(lake, &set.lake)? } else { Vec::new() };
    let operation = format!("change lake table {}", set.lake);
    let statements = match shape.is_blocked_by(&key) || missing.iter().any(|(name, _)| *name == "_seq") {
        true => rebuild(set, &shape.layout, present, &key),
        false => {
            let target = in_lake(&set.lake);
            let own = missing
                .iter()
                .map(|(name, kind)| sql!("ALTER TABLE {} ADD COLUMN {} {}", target, Ident(name), Sql::fixed(kind)));
            in_place(&target, &shape.before, &shape.layout).into_iter().chain(own).collect()
        }
    };
    statements.iter().try_for_each(|statement| lake.execute(&operation, statement))
}

impl Shape {
    /// Where this column of the source stands.
    pub fn of_column(&self, set: &ChangeSet, name: &str) -> Option<&Slot> {
        let at = set.schema.columns.iter().position(|column| column.name == name)?;
        self.layout.at(*self.places.get(at)?)
    }

    /// Whether a declared key keeps DuckDB from altering the table: it drops no column that has the key behind it, and changes no type
    /// of one in it.
    fn is_blocked_by(&self, key: &[String]) -> bool {
        let in_key = |column: &LakeColumn| key.iter().any(|name| same(name, &column.name));
        let retyped =
            |slot: &Slot| slot.before.as_ref().is_some_and(|before| in_key(before) && before.kind != slot.kind);
        !key.is_empty() && (self.layout.dropped(&self.before).next().is_some() || self.layout.slots().any(retyped))
    }
}

/// The columns of the declared key; none where none is declared.
pub(super) fn declared_key(lake: &Lake, table: &TableName) -> Result<Vec<String>> {
    let statement = sql!(
        "SELECT unnest(constraint_column_names) FROM duckdb_constraints() WHERE database_name = {} AND \
           lower(schema_name) = lower({}) AND lower(table_name) = lower({}) AND constraint_type = 'PRIMARY KEY'",
        Lit(CATALOG_NAME),
        Lit(&table.schema),
        Lit(&table.table)
    );
    lake.rows(&format!("look at the key of {table}"), &statement, |row| row.get(0))
}

fn kind(slot: &Slot) -> Sql {
    Sql::trusted(slot.kind.clone())
}

/// Statements that alter column by column.
fn in_place(target: &Sql, before: &Layout, after: &Layout) -> Vec<Sql> {
    let alter = |rest: Sql| sql!("ALTER TABLE {} {}", target, rest);
    let mut statements: Vec<Sql> =
        after.dropped(before).map(|column| alter(sql!("DROP COLUMN {}", Ident(&column.name)))).collect();
    let kept: Vec<(&LakeColumn, &Slot)> =
        after.slots().filter_map(|slot| Some((slot.before.as_ref()?, slot))).collect();
    let renamed: Vec<_> = kept.iter().filter(|(before, slot)| before.name != slot.name).collect();
    // Where a name is still another column's, all go by names that nobody has.
    let circular = renamed.iter().any(|(_, slot)| kept.iter().any(|(before, _)| same(&before.name, &slot.name)));
    let rename = |from: &str, to: &str| alter(sql!("RENAME COLUMN {} TO {}", Ident(from), Ident(to)));
    let between = |at: usize| format!("_pg2duck_{at}");
    if circular {
        statements.extend(renamed.iter().enumerate().map(|(at, (before, _))| rename(&before.name, &between(at))));
    }
    statements.extend(renamed.iter().enumerate().map(|(at, (before, slot))| match circular {
        true => rename(&between(at), &slot.name),
        false => rename(&before.name, &slot.name),
    }));
    let retyped = kept.iter().filter(|(before, slot)| before.kind != slot.kind);
    statements.extend(
        retyped.map(|(_, slot)| alter(sql!("ALTER COLUMN {} SET DATA TYPE {}", Ident(&slot.name), kind(slot)))),
    );
    let added = after.slots().filter(|slot| slot.before.is_none());
    statements.extend(added.map(|slot| alter(sql!("ADD COLUMN {} {}", Ident(&slot.name), kind(slot)))));
    statements
}

/// Statements that write the table anew, with the key that was declared.
fn rebuild(set: &ChangeSet, layout: &Layout, present: &[LakeColumn], key: &[String]) -> Vec<Sql> {
    let (target, new) = (in_lake(&set.lake), in_lake(&ready(&set.lake)));
    let own = set.schema.metadata().into_iter().map(|(name, kind)| {
        let is_there = present.iter().any(|column| same(name, &column.name));
        let value = match name {
            _ if is_there => sql!("{}", Ident(name)),
            "_seq" => in_order_of_arrival(present),
            _ => sql!("NULL::{}", Sql::fixed(kind)),
        };
        sql!("{} AS {}", value, Ident(name))
    });
    let columns =
        Sql::join(layout.slots().map(|slot| sql!("{} AS {}", value_before(slot), Ident(&slot.name))).chain(own), ", ");
    let mut statements = vec![sql!("CREATE OR REPLACE TABLE {} AS SELECT {} FROM {}", new, columns, target)];
    let after = |name: &String| {
        let slot = layout.slots().find(|slot| slot.before.as_ref().is_some_and(|before| same(&before.name, name)));
        slot.map(|slot| sql!("{}", Ident(&slot.name)))
    };
    if let Some(key) = key.iter().map(after).collect::<Option<Vec<_>>>().filter(|key| !key.is_empty()) {
        statements.push(sql!("ALTER TABLE {} ADD PRIMARY KEY ({})", new, Sql::join(key, ", ")));
    }
    statements.push(sql!("DROP TABLE {}", target));
    statements.push(sql!("ALTER TABLE {} RENAME TO {}", new, Ident(&set.lake.table)));
    statements
}

/// What the slot holds of a row of the table as it was.
pub(super) fn value_before(slot: &Slot) -> Sql {
    match &slot.before {
        Some(before) if before.kind == slot.kind => sql!("{}", Ident(&before.name)),
        Some(before) => sql!("{}::{}", Ident(&before.name), kind(slot)),
        None => sql!("NULL::{}", kind(slot)),
    }
}

/// The number of a row that an earlier version appended: in the order of the cycles and, where no column hides it, of writing.
fn in_order_of_arrival(present: &[LakeColumn]) -> Sql {
    match present.iter().any(|column| same(&column.name, "rowid")) {
        true => Sql::fixed("row_number() OVER (ORDER BY _synced_at)"),
        false => Sql::fixed("row_number() OVER (ORDER BY _synced_at, rowid)"),
    }
}

/// How the columns of one shape are called in the lake.
pub(super) struct Columns<'a> {
    pub columns: Vec<ColumnInLake<'a>>,
    /// The key, by its names in the lake, and in the files.
    pub key: Vec<String>,
    key_in_files: Vec<&'a str>,
}

/// A column of batches, and its name in the lake.
#[derive(Clone, Copy)]
pub(super) struct ColumnInLake<'a> {
    pub in_files: &'a str,
    pub kind: &'a ColumnType,
    pub in_lake: &'a str,
}

impl<'a> Columns<'a> {
    fn new(schema: &'a TableSchema, columns: Vec<ColumnInLake<'a>>) -> Self {
        let of_key = |name: &String| columns.iter().find(|column| column.in_files == name);
        let key: Vec<ColumnInLake<'a>> = schema.key.iter().filter_map(of_key).copied().collect();
        Self {
            key: key.iter().map(|column| column.in_lake.to_owned()).collect(),
            key_in_files: key.iter().map(|column| column.in_files).collect(),
            columns,
        }
    }

    /// The same for those who read files.
    pub fn of_files(&self) -> batches::Columns<'a> {
        let columns = self.columns.iter().map(|column| (column.in_files, column.kind, column.in_lake));
        batches::Columns { columns: columns.collect(), key: self.key_in_files.clone() }
    }
}

/// Where the columns of this schema stand; without those that the lake no longer holds.
pub(super) fn columns<'a>(schema: &'a TableSchema, places: &[usize], layout: &'a Layout) -> Columns<'a> {
    let placed = schema.columns.iter().zip(places);
    let columns = placed.filter_map(|(column, at)| {
        let slot = layout.at(*at)?;
        Some(ColumnInLake { in_files: &column.name, kind: &column.kind, in_lake: &slot.name })
    });
    Columns::new(schema, columns.collect())
}

/// The columns of a table that has the source's names.
pub(super) fn columns_in_place(schema: &TableSchema) -> Columns<'_> {
    let columns = schema.columns.iter().map(|column| ColumnInLake {
        in_files: &column.name,
        kind: &column.kind,
        in_lake: &column.name,
    });
    Columns::new(schema, columns.collect())
}
