//! Plans `updated_at`: the column, the trigger that moves it, its index.

use super::cursor::{Coverage, coverage, has_column, is_indexed};
use super::family::Member;
use super::present::Installed;
use super::record::{Function, Trigger};
use super::{MARK, Plan, Step, audit, fingerprint};
use crate::config::Config;
use crate::error::Result;
use crate::model::sql::{literal, quote};
use crate::model::{ColumnType, TableName};
use crate::source::connection::get;
use crate::source::{Connection, Relation};
use std::collections::BTreeSet;

/// The cursor column that a table has or should have; `None` where the user wants none.
pub fn column_of(config: &Config, table: &TableName) -> Option<String> {
    let wanted = config.tables.of(table).cursor;
    (wanted.as_deref() != Some("xmin")).then(|| wanted.unwrap_or_else(|| "updated_at".into()))
}

/// Plans what is missing.
pub async fn plan(
    source: &mut Connection,
    plan: &mut Plan,
    config: &Config,
    tables: &[Relation],
    family: &[Member],
    installed: &Installed,
) -> Result<()> {
    let added = columns_to_add(plan, config, tables, family);
    for member in family.iter().filter(|member| audit::takes_row_triggers(member)) {
        let Some(column) = column_of(config, &member.name) else { continue };
        let gains = added.contains(&member.oid) || member.ancestors.iter().any(|oid| added.contains(oid));
        if !gains && !has_column(source, member.oid, &column).await? {
            continue;
        }
        let mut statements = Vec::new();
        if added.contains(&member.oid) {
            statements.extend(add_column(&member.name, &column));
        }
        let function = Function::touching(&column);
        let mut missing = audit::function_statements(&function, installed);
        missing.retain(|statement| !plan.steps.iter().any(|step| step.statements.contains(statement)));
        match coverage(source, member.oid, &column).await? {
            Coverage::Moved => {}
            Coverage::Unknown(trigger) => plan.note(format!(
                "{}: trigger {trigger} mentions {column:?}; whether it sets it at every UPDATE cannot be told, so none was added",
                member.name
            )),
            Coverage::Unmoved => {
                statements.extend(missing);
                let trigger = Trigger::touching(member, &function);
                statements.push(trigger.create.clone());
                let (name, table, comment) = (trigger.name, member.name.quoted(), literal(&trigger.comment()));
                statements.push(format!("COMMENT ON TRIGGER {name} ON {table} IS {comment}"));
            }
        }
        if !member.owned && !statements.is_empty() {
            plan.note(audit::not_owned(member));
            continue;
        }
        plan.add(format!("{}: {column} and its trigger", member.name), statements);
        index(source, plan, member, &column).await?;
    }
    Ok(())
}

/// Says what is missing, where nothing was asked for.
pub async fn advise(source: &mut Connection, plan: &mut Plan, config: &Config, tables: &[Relation]) -> Result<()> {
    let (mut columns, mut triggers, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
    for table in tables {
        let Some(column) = column_of(config, &table.name) else { continue };
        if !has_column(source, table.oid, &column).await? {
            columns.push(table.name.to_string());
            continue;
        }
        if coverage(source, table.oid, &column).await? == Coverage::Unmoved {
            triggers.push(table.name.to_string());
        }
        if !is_indexed(source, table.oid, &column).await? {
            indexes.push(table.name.to_string());
        }
    }
    for (tables, lack) in [
        (columns, "a cursor column"),
        (triggers, "a trigger that moves the cursor column"),
        (indexes, "an index on the cursor column"),
    ] {
        if !tables.is_empty() {
            plan.note(format!("without {lack}: {}; --updated-at adds it", tables.join(", ")));
        }
    }
    Ok(())
}

/// Tables that lack the column and do not inherit it from another one that gets it.
fn columns_to_add(plan: &mut Plan, config: &Config, tables: &[Relation], family: &[Member]) -> BTreeSet<u32> {
    let mut added = BTreeSet::new();
    for member in family {
        let Some(table) = tables.iter().find(|table| table.oid == member.oid) else { continue };
        let Some(column) = column_of(config, &table.name) else { continue };
        let usable =
            |kind: &ColumnType| matches!(kind, ColumnType::TimestampTz | ColumnType::Timestamp | ColumnType::Date);
        match table.schema.columns.iter().find(|own| own.name == column) {
            Some(own) if usable(&own.kind) => {}
            Some(own) => plan.note(format!(
                "{}: {column:?} is {}, which is no time; name another column with CURSOR_COLUMN to have it added",
                table.name, own.declared
            )),
            None if member.ancestors.iter().any(|oid| added.contains(oid)) => {}
            None if !member.ancestors.is_empty() => {
                plan.note(format!(
                    "{}: a partition or child gets columns from its parent; select that one",
                    table.name
                ));
            }
            None => drop(added.insert(table.oid)),
        }
    }
    added
}

/// `now()` is the same for all rows, so Postgres stores it once and rewrites nothing.
fn add_column(table: &TableName, column: &str) -> Vec<String> {
    let (table, column) = (table.quoted(), quote(column));
    vec![
        format!("ALTER TABLE {table} ADD COLUMN {column} timestamptz NOT NULL DEFAULT now()"),
        format!("COMMENT ON COLUMN {table}.{column} IS {}", literal(&format!("{MARK}: added"))),
    ]
}

/// An index on the column, built without blocking writers; what a failed build left behind goes first.
async fn index(source: &mut Connection, plan: &mut Plan, member: &Member, column: &str) -> Result<()> {
    if is_indexed(source, member.oid, column).await? {
        return Ok(());
    }
    let name = |table: &TableName| format!("pg2duck_cursor_{}", fingerprint(&format!("{table}.{column}")));
    let what = |table: &TableName| format!("{table}: index on {column}");
    let leaves =
        if member.partitioned { leaves(source, member.oid).await? } else { vec![(member.oid, member.name.clone())] };
    for (oid, table) in leaves {
        if is_indexed(source, oid, column).await? {
            continue;
        }
        let index = TableName::new(&table.schema, name(&table));
        let mut statements = vec![create_index("CONCURRENTLY ", &index.table, &table, column), mark_index(&index)];
        if exists(source, &index).await? {
            statements.insert(0, format!("DROP INDEX CONCURRENTLY {}", index.quoted()));
        }
        plan.steps.push(Step::alone(what(&table), statements));
    }
    if member.partitioned {
        // Adopts those of the partitions, so it is done at once.
        let index = TableName::new(&member.name.schema, name(&member.name));
        plan.add(what(&member.name), vec![create_index("", &index.table, &member.name, column), mark_index(&index)]);
    }
    Ok(())
}

fn create_index(how: &str, name: &str, table: &TableName, column: &str) -> String {
    format!("CREATE INDEX {how}{} ON {} ({})", quote(name), table.quoted(), quote(column))
}

fn mark_index(index: &TableName) -> String {
    format!("COMMENT ON INDEX {} IS {}", index.quoted(), literal(&format!("{MARK}: added")))
}

async fn exists(source: &mut Connection, index: &TableName) -> Result<bool> {
    source.one(&format!("SELECT to_regclass({}) IS NOT NULL", literal(&index.quoted())), 0).await
}

async fn leaves(source: &mut Connection, oid: u32) -> Result<Vec<(u32, TableName)>> {
    let rows = source
        .rows(&format!(
            "SELECT c.oid::int8, n.nspname::text, c.relname::text FROM pg_catalog.pg_partition_tree({oid}) t \
             JOIN pg_catalog.pg_class c ON c.oid = t.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE t.isleaf AND c.relkind = 'r' ORDER BY n.nspname, c.relname"
        ))
        .await?;
    rows.iter()
        .map(|row| Ok((get::<i64>(row, 0)? as u32, TableName::new(get::<String>(row, 1)?, get::<String>(row, 2)?))))
        .collect()
}
