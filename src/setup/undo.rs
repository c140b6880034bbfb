//! Plans the removal of every trace of setup, whatever version and settings left it: found by schema, comments and
//! `pg2duck.granted`. What is not ours is left alone and named.

use super::present::{self, Installed};
use super::tree;
use super::{Plan, Step, marked};
use crate::config::Config;
use crate::error::Result;
use crate::model::TableName;
use crate::model::sql::quote;
use crate::source::rows::{self, row};
use crate::source::sql::{Template, Value, template};
use crate::source::{Connection, catalog};
use sqlx::postgres::types::Oid;
use std::collections::{BTreeMap, BTreeSet};

const OUR_INDEXES: Template = template!("our_indexes");
const OUR_COLUMNS: Template = template!("our_columns");
const GRANTED: Template = template!("granted");
const ROLE_IS_USED_ELSEWHERE: Template = template!("role_is_used_elsewhere");

/// Plans the removal; of what these tables have only, where `only` says so.
pub async fn plan(source: &mut Connection, config: &Config, only: bool) -> Result<Plan> {
    let mut plan = Plan::default();
    let installed = present::installed(source).await?;
    let chosen = if only { Some(chosen(source, config, &mut plan).await?) } else { None };
    let within = |oid: u32| chosen.as_ref().is_none_or(|oids| oids.contains(&oid));
    indexes(source, &mut plan, &within).await?;
    triggers_and_columns(source, &mut plan, &installed, &within).await?;
    if chosen.is_none() && installed.schema {
        let roles = if installed.granted { grants(source, &mut plan).await? } else { Vec::new() };
        schema(&mut plan, &installed);
        for role in roles {
            drop_role(source, &mut plan, &role).await?;
        }
    }
    Ok(plan)
}

/// The selected tables with all their relatives.
async fn chosen(source: &mut Connection, config: &Config, plan: &mut Plan) -> Result<BTreeSet<u32>> {
    let tables = super::tables(source, config, plan).await?;
    let mut oids: BTreeSet<u32> = tree::nodes(source, &tables).await?.iter().map(|node| node.oid).collect();
    oids.extend(catalog::select(source, &config.selection).await?.0.iter().map(|table| table.oid));
    Ok(oids)
}

row! {
    struct IndexRow {
        table_oid: Oid,
        schema: String,
        name: String,
        partitioned: bool,
        table_name: String,
    }
}

/// Indexes that we made; those of partitions go with their parent's.
async fn indexes(source: &mut Connection, plan: &mut Plan, within: &impl Fn(u32) -> bool) -> Result<()> {
    let sql = OUR_INDEXES.fill(&[("marked", Value::Text(&marked()))])?;
    for row in rows::all::<IndexRow>(source, &sql).await? {
        if !within(row.table_oid.0) {
            continue;
        }
        let index = TableName::new(row.schema, row.name);
        let table = TableName::new(index.schema.clone(), row.table_name);
        let what = format!("{table}: drop its index");
        if row.partitioned {
            plan.add(what, vec![format!("DROP INDEX {}", index.quoted())]);
        } else {
            plan.steps.push(Step::alone(what, vec![format!("DROP INDEX CONCURRENTLY {}", index.quoted())]));
        }
    }
    Ok(())
}

row! {
    struct ColumnRow {
        table_oid: Oid,
        schema: String,
        table_name: String,
        name: String,
        owned: bool,
    }
}

async fn triggers_and_columns(
    source: &mut Connection,
    plan: &mut Plan,
    installed: &Installed,
    within: &impl Fn(u32) -> bool,
) -> Result<()> {
    let mut changes: BTreeMap<TableName, (bool, Vec<String>)> = BTreeMap::new();
    for trigger in installed.triggers.iter().filter(|trigger| !trigger.copied && within(trigger.table_oid)) {
        let (_, statements) = changes.entry(trigger.table.clone()).or_insert((trigger.owned, Vec::new()));
        statements.push(format!("DROP TRIGGER {} ON {}", quote(&trigger.name), trigger.table.quoted()));
    }
    let sql = OUR_COLUMNS.fill(&[("marked", Value::Text(&marked()))])?;
    for row in rows::all::<ColumnRow>(source, &sql).await? {
        if within(row.table_oid.0) {
            let table = TableName::new(row.schema, row.table_name);
            let drop = format!("ALTER TABLE {} DROP COLUMN {}", table.quoted(), quote(&row.name));
            changes.entry(table).or_insert((row.owned, Vec::new())).1.push(drop);
        }
    }
    for (table, (owned, statements)) in changes {
        if !owned {
            plan.remark(format!("{table} keeps what setup added: only its owner may remove it; run this as that role"));
        }
        plan.add(format!("{table}: remove what setup added"), if owned { statements } else { Vec::new() });
    }
    Ok(())
}

row! {
    struct GrantRow {
        privilege: String,
        object: String,
        role: String,
        object_exists: bool,
    }
}

/// What goes with all that was granted on it.
const OURS: [&str; 3] = ["SCHEMA pg2duck", "TABLE pg2duck.audit", "TABLE pg2duck.shapes"];

/// Takes back what was granted; answers the roles that setup created.
async fn grants(source: &mut Connection, plan: &mut Plan) -> Result<Vec<String>> {
    let (mut statements, mut created) = (Vec::new(), Vec::new());
    for row in rows::all::<GrantRow>(source, &GRANTED.fill(&[])?).await? {
        let GrantRow { privilege, object, role, object_exists } = row;
        match (privilege.as_str(), object_exists) {
            ("LOGIN", _) => created.push(role),
            ("MEMBER", _) => statements.push(format!("REVOKE pg_read_all_stats FROM {}", quote(&role))),
            (_, true) if !OURS.contains(&object.as_str()) => {
                statements.push(revoke(&privilege, &object, &role));
            }
            _ => {}
        }
    }
    plan.add("take back what was granted", statements);
    Ok(created)
}

/// From the stored words only what setup itself can have written: anything else in that table is not run.
fn revoke(privilege: &str, object: &str, role: &str) -> String {
    let privilege = match privilege {
        "CONNECT" => "CONNECT",
        "USAGE" => "USAGE",
        _ => "SELECT",
    };
    let (kind, name) = object.split_once(' ').unwrap_or(("TABLE", object));
    let kind = match kind {
        "DATABASE" => "DATABASE",
        "SCHEMA" => "SCHEMA",
        _ => "TABLE",
    };
    format!("REVOKE {privilege} ON {kind} {} FROM {}", requoted(name), quote(role))
}

/// Reads `"a"."b"` and writes it again, so that a name can be nothing but a name.
fn requoted(name: &str) -> String {
    let inner = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(name);
    inner.split("\".\"").map(|part| quote(&part.replace("\"\"", "\""))).collect::<Vec<_>>().join(".")
}

fn schema(plan: &mut Plan, installed: &Installed) {
    if let Some(object) = &installed.foreign_object {
        plan.remark(format!("schema pg2duck stays: it holds {object}, which setup did not make"));
        return;
    }
    if installed.triggers.iter().any(|trigger| !trigger.copied && !trigger.owned) {
        plan.remark("schema pg2duck stays, for triggers remain that use it");
        return;
    }
    let mut statements: Vec<String> = installed
        .functions
        .iter()
        .map(|function| format!("DROP FUNCTION pg2duck.{}()", quote(&function.name)))
        .collect();
    if installed.audit {
        statements.push("DROP TABLE pg2duck.audit".into());
    }
    if installed.shapes {
        statements.push("DROP TABLE pg2duck.shapes".into());
    }
    if installed.granted {
        statements.push("DROP TABLE pg2duck.granted".into());
    }
    statements.push("DROP SCHEMA pg2duck".into());
    plan.add("drop schema pg2duck", statements);
}

/// Only a role that owns nothing, and has nothing granted in other databases, can go.
async fn drop_role(source: &mut Connection, plan: &mut Plan, role: &str) -> Result<()> {
    let elsewhere: bool = source.one(&ROLE_IS_USED_ELSEWHERE.fill(&[("role", Value::Text(role))])?, 0).await?;
    if elsewhere {
        plan.remark(format!(
            "role {role:?} stays: it owns something, or has been granted something in another database"
        ));
    } else {
        plan.add(format!("drop role {role}"), vec![format!("DROP ROLE {}", quote(role))]);
    }
    Ok(())
}
