//! Plans `updated_at`: the column, the trigger that moves it, its index.

use super::cursor::{Coverage, coverage, has_column, is_indexed};
use super::present::Installed;
use super::record::{Function, Trigger};
use super::tree::TreeNode;
use super::{MARK, Plan, Step, audit, fingerprint};
use crate::config::Config;
use crate::error::Result;
use crate::model::sql::{literal, quote};
use crate::model::{ColumnType, TableName};
use crate::source::rows::{self, row};
use crate::source::sql::{Template, Value, template};
use crate::source::{Connection, Relation};
use sqlx::postgres::types::Oid;
use std::collections::BTreeSet;

const LEAVES: Template = template!("leaves");

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
    tree: &[TreeNode],
    installed: &Installed,
) -> Result<()> {
    let added = columns_to_add(plan, config, tables, tree);
    for node in tree.iter().filter(|node| audit::takes_row_triggers(node)) {
        let Some(column) = column_of(config, &node.name) else { continue };
        let gains = added.contains(&node.oid) || node.ancestors.iter().any(|oid| added.contains(oid));
        if !gains && !has_column(source, node.oid, &column).await? {
            continue;
        }
        let mut statements = Vec::new();
        if added.contains(&node.oid) {
            statements.extend(add_column(&node.name, &column));
        }
        let function = Function::touching(&column);
        let mut missing = audit::function_statements(&function, installed);
        missing.retain(|statement| !plan.steps.iter().any(|step| step.statements.contains(statement)));
        match coverage(source, node.oid, &column).await? {
            Coverage::Moved => {}
            Coverage::Unknown(trigger) => plan.remark(format!(
                "{}: trigger {trigger} mentions {column:?}; whether it sets it at every UPDATE cannot be told, so none was added",
                node.name
            )),
            Coverage::Unmoved => {
                statements.extend(missing);
                let trigger = Trigger::touching(node, &function);
                statements.push(trigger.create.clone());
                let (name, table, comment) = (trigger.name, node.name.quoted(), literal(&trigger.comment()));
                statements.push(format!("COMMENT ON TRIGGER {name} ON {table} IS {comment}"));
            }
        }
        if !node.owned && !statements.is_empty() {
            plan.remark(audit::not_owned(node));
            continue;
        }
        plan.add(format!("{}: {column} and its trigger", node.name), statements);
        index(source, plan, node, &column).await?;
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
            plan.remark(format!("without {lack}: {}; --updated-at adds it", tables.join(", ")));
        }
    }
    Ok(())
}

/// Tables that lack the column and do not inherit it from another one that gets it.
fn columns_to_add(plan: &mut Plan, config: &Config, tables: &[Relation], tree: &[TreeNode]) -> BTreeSet<u32> {
    let mut added = BTreeSet::new();
    for node in tree {
        let Some(table) = tables.iter().find(|table| table.oid == node.oid) else { continue };
        let Some(column) = column_of(config, &table.name) else { continue };
        let usable =
            |kind: &ColumnType| matches!(kind, ColumnType::TimestampTz | ColumnType::Timestamp | ColumnType::Date);
        match table.schema.columns.iter().find(|own| own.name == column) {
            Some(own) if usable(&own.kind) => {}
            Some(own) => plan.remark(format!(
                "{}: {column:?} is {}, which is no time; name another column with CURSOR_COLUMN to have it added",
                table.name, own.declared
            )),
            None if node.ancestors.iter().any(|oid| added.contains(oid)) => {}
            None if !node.ancestors.is_empty() => {
                plan.remark(format!(
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
async fn index(source: &mut Connection, plan: &mut Plan, node: &TreeNode, column: &str) -> Result<()> {
    if is_indexed(source, node.oid, column).await? {
        return Ok(());
    }
    let name = |table: &TableName| format!("pg2duck_cursor_{}", fingerprint(&format!("{table}.{column}")));
    let what = |table: &TableName| format!("{table}: index on {column}");
    let leaves = if node.partitioned { leaves(source, node.oid).await? } else { vec![(node.oid, node.name.clone())] };
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
    if node.partitioned {
        // Adopts those of the partitions, so it is done at once.
        let index = TableName::new(&node.name.schema, name(&node.name));
        plan.add(what(&node.name), vec![create_index("", &index.table, &node.name, column), mark_index(&index)]);
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

row! {
    struct LeafRow {
        oid: Oid,
        schema: String,
        name: String,
    }
}

async fn leaves(source: &mut Connection, oid: u32) -> Result<Vec<(u32, TableName)>> {
    let rows: Vec<LeafRow> = rows::all(source, &LEAVES.fill(&[("oid", Value::Oid(oid))])?).await?;
    Ok(rows.into_iter().map(|row| (row.oid.0, TableName::new(row.schema, row.name))).collect())
}
