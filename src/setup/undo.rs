//! Plans the removal of every trace of setup, whatever version and settings left it: found by schema, comments and
//! `pg2duck.granted`. What is not ours is left alone and named.

use super::family::{self, Member};
use super::present::{self, Installed};
use super::{MARK, Plan, Step};
use crate::config::Config;
use crate::error::Result;
use crate::model::TableName;
use crate::model::sql::{literal, quote};
use crate::source::connection::get;
use crate::source::{Connection, catalog};
use std::collections::{BTreeMap, BTreeSet};

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
    let mut oids: BTreeSet<u32> = family::of(source, &tables).await?.iter().map(|member: &Member| member.oid).collect();
    oids.extend(catalog::select(source, &config.selection).await?.0.iter().map(|table| table.oid));
    Ok(oids)
}

/// Indexes that we made; those of partitions go with their parent's.
async fn indexes(source: &mut Connection, plan: &mut Plan, within: &impl Fn(u32) -> bool) -> Result<()> {
    let rows = source
        .rows(&format!(
            "SELECT i.indrelid::int8, n.nspname::text, c.relname::text, c.relkind = 'I', t.relname::text \
             FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
                  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
             WHERE NOT c.relispartition AND (obj_description(c.oid, 'pg_class') LIKE {} \
                   OR (NOT i.indisvalid AND c.relname LIKE 'pg2duck\\_cursor\\_%')) ORDER BY n.nspname, t.relname",
            literal(&format!("{MARK}%"))
        ))
        .await?;
    for row in &rows {
        if !within(get::<i64>(row, 0)? as u32) {
            continue;
        }
        let index = TableName::new(get::<String>(row, 1)?, get::<String>(row, 2)?);
        let table = TableName::new(index.schema.clone(), get::<String>(row, 4)?);
        let what = format!("{table}: drop its index");
        if get(row, 3)? {
            plan.add(what, vec![format!("DROP INDEX {}", index.quoted())]);
        } else {
            plan.steps.push(Step::alone(what, vec![format!("DROP INDEX CONCURRENTLY {}", index.quoted())]));
        }
    }
    Ok(())
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
    let rows = source
        .rows(&format!(
            "SELECT a.attrelid::int8, n.nspname::text, c.relname::text, a.attname::text, pg_catalog.pg_has_role(c.relowner, 'USAGE') \
             FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
                  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attislocal AND c.relkind IN ('r', 'p') \
               AND col_description(a.attrelid, a.attnum) LIKE {}",
            literal(&format!("{MARK}%"))
        ))
        .await?;
    for row in &rows {
        if within(get::<i64>(row, 0)? as u32) {
            let table = TableName::new(get::<String>(row, 1)?, get::<String>(row, 2)?);
            let drop = format!("ALTER TABLE {} DROP COLUMN {}", table.quoted(), quote(&get::<String>(row, 3)?));
            changes.entry(table).or_insert((get(row, 4)?, Vec::new())).1.push(drop);
        }
    }
    for (table, (owned, statements)) in changes {
        if !owned {
            plan.note(format!("{table} keeps what setup added: only its owner may remove it; run this as that role"));
        }
        plan.add(format!("{table}: remove what setup added"), if owned { statements } else { Vec::new() });
    }
    Ok(())
}

/// Takes back what was granted; answers the roles that setup created.
async fn grants(source: &mut Connection, plan: &mut Plan) -> Result<Vec<String>> {
    let rows = source
        .rows(
            "SELECT g.privilege, g.object, g.role::text, \
                    split_part(g.object, ' ', 1) NOT IN ('TABLE', 'SCHEMA') OR \
                    CASE split_part(g.object, ' ', 1) WHEN 'TABLE' THEN to_regclass(substr(g.object, 7)) IS NOT NULL \
                         ELSE to_regnamespace(substr(g.object, 8)) IS NOT NULL END \
             FROM pg2duck.granted g JOIN pg_catalog.pg_roles r ON r.rolname = g.role",
        )
        .await?;
    let (mut statements, mut created) = (Vec::new(), Vec::new());
    for row in &rows {
        let (privilege, object, role) = (get::<String>(row, 0)?, get::<String>(row, 1)?, get::<String>(row, 2)?);
        match (privilege.as_str(), get::<bool>(row, 3)?) {
            ("LOGIN", _) => created.push(role),
            ("MEMBER", _) => statements.push(format!("REVOKE pg_read_all_stats FROM {}", quote(&role))),
            (_, true) if object != "SCHEMA pg2duck" && object != "TABLE pg2duck.audit" => {
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
    if let Some(stranger) = &installed.stranger {
        plan.note(format!("schema pg2duck stays: it holds {stranger}, which setup did not make"));
        return;
    }
    if installed.triggers.iter().any(|trigger| !trigger.copied && !trigger.owned) {
        plan.note("schema pg2duck stays, for triggers remain that use it");
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
    if installed.granted {
        statements.push("DROP TABLE pg2duck.granted".into());
    }
    statements.push("DROP SCHEMA pg2duck".into());
    plan.add("drop schema pg2duck", statements);
}

/// Only a role that owns nothing, and has nothing granted in other databases, can go.
async fn drop_role(source: &mut Connection, plan: &mut Plan, role: &str) -> Result<()> {
    let elsewhere: bool = source
        .one(
            &format!(
                "SELECT EXISTS (SELECT FROM pg_catalog.pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass \
                   AND d.refobjid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {}) \
                   AND (d.deptype = 'o' OR (d.dbid <> 0 AND d.dbid <> (SELECT oid FROM pg_catalog.pg_database \
                        WHERE datname = current_database()))))",
                literal(role)
            ),
            0,
        )
        .await?;
    if elsewhere {
        plan.note(format!("role {role:?} stays: it owns something, or has been granted something in another database"));
    } else {
        plan.add(format!("drop role {role}"), vec![format!("DROP ROLE {}", quote(role))]);
    }
    Ok(())
}
