//! Plans the role that syncs: it is created if need be and may then read, and delete from the audit table; nothing else.
//!
//! What is granted is recorded in `pg2duck.granted`, so that `--undo` takes back just that. Passwords never pass through here.

use super::Plan;
use super::present::Session;
use crate::config::Config;
use crate::error::Result;
use crate::model::sql::{literal, quote};
use crate::source::rows::{self, row};
use crate::source::sql::{Template, Value, template};
use crate::source::{Connection, catalog};
use std::collections::BTreeSet;

const ROLE: Template = template!("role");

row! {
    struct RoleRow {
        superuser: bool,
    }
}

/// Plans what the role lacks.
pub async fn plan(
    source: &mut Connection,
    plan: &mut Plan,
    config: &Config,
    session: &Session,
    role: &str,
    audit: bool,
) -> Result<()> {
    let known: Vec<RoleRow> = rows::all(source, &ROLE.fill(&[("role", Value::Text(role))])?).await?;
    let exists = !known.is_empty();
    if known.iter().any(|role| role.superuser) {
        plan.remark(format!(
            "role {role:?} is a superuser and needs no grants; a role of its own that can only read is safer"
        ));
        return Ok(());
    }
    let mut statements = Vec::new();
    if !exists {
        if !session.superuser && !session.may_create_roles {
            plan.remark(format!(
                "role {role:?} does not exist and {} may not create roles; have an administrator create it",
                session.user
            ));
            return Ok(());
        }
        statements.push(format!("CREATE ROLE {} LOGIN", quote(role)));
        statements.push(record_grant("LOGIN", "ROLE", role));
        plan.remark(format!(
            "role {role:?} is created without a password; set one in psql with: \\password {role} (or ALTER ROLE {} PASSWORD '…')",
            quote(role)
        ));
    }
    for (privilege, object) in missing(source, config, role, exists, audit).await? {
        statements.push(format!("GRANT {privilege} ON {object} TO {}", quote(role)));
        statements.push(record_grant(&privilege, &object, role));
    }
    statements.extend(statistics(source, plan, session, role, exists).await?);
    plan.add(format!("role {role}"), statements);
    Ok(())
}

fn record_grant(privilege: &str, object: &str, role: &str) -> String {
    format!("INSERT INTO pg2duck.granted VALUES ({}, {}, {})", literal(privilege), literal(object), literal(role))
}

/// Privileges that the role does not have, through PUBLIC or otherwise.
async fn missing(
    source: &mut Connection,
    config: &Config,
    role: &str,
    exists: bool,
    audit: bool,
) -> Result<Vec<(String, String)>> {
    let grantee = literal(if exists { role } else { "public" });
    let (selected, _) = catalog::select(source, &config.selection).await?;
    let mut checks = vec![(
        "CONNECT".to_owned(),
        format!("DATABASE {}", quote(&source.one::<String>("SELECT current_database()::text", 0).await?)),
        format!("has_database_privilege({grantee}, current_database(), 'CONNECT')"),
    )];
    let schemas: BTreeSet<&str> = selected.iter().map(|table| table.name.schema.as_str()).collect();
    for schema in schemas {
        let test = format!("has_schema_privilege({grantee}, {}, 'USAGE')", literal(schema));
        checks.push(("USAGE".into(), format!("SCHEMA {}", quote(schema)), test));
    }
    for table in &selected {
        let test = format!("has_table_privilege({grantee}, {}::oid, 'SELECT')", table.oid);
        checks.push(("SELECT".into(), format!("TABLE {}", table.name.quoted()), test));
    }
    // These may not exist before the plan is carried out.
    let in_audit = |test: String, thing: &str| format!("CASE WHEN {thing} IS NULL THEN false ELSE {test} END");
    if audit {
        let (schema, table) = ("to_regnamespace('pg2duck')", "to_regclass('pg2duck.audit')");
        let test = in_audit(format!("has_schema_privilege({grantee}, {schema}::oid, 'USAGE')"), schema);
        checks.push(("USAGE".into(), "SCHEMA pg2duck".into(), test));
        for privilege in ["SELECT", "DELETE"] {
            let test = in_audit(format!("has_table_privilege({grantee}, {table}::oid, '{privilege}')"), table);
            checks.push((privilege.into(), "TABLE pg2duck.audit".into(), test));
        }
        // A reader of the one was made a reader of the other when that was created.
        let shapes = "to_regclass('pg2duck.shapes')";
        let test =
            in_audit(format!("has_table_privilege({grantee}, coalesce({shapes}, {table})::oid, 'SELECT')"), table);
        checks.push(("SELECT".into(), "TABLE pg2duck.shapes".into(), test));
    }
    let mut missing = Vec::new();
    for (privilege, object, test) in checks {
        if !source.one::<bool>(&format!("SELECT {test}"), 0).await? {
            missing.push((privilege, object));
        }
    }
    Ok(missing)
}

/// Membership in `pg_read_all_stats`, which lets polls stay small while other roles' transactions are open.
async fn statistics(
    source: &mut Connection,
    plan: &mut Plan,
    session: &Session,
    role: &str,
    exists: bool,
) -> Result<Vec<String>> {
    let has = format!("pg_has_role({}, 'pg_read_all_stats', 'USAGE')", literal(role));
    if exists && source.one::<bool>(&format!("SELECT {has}"), 0).await? {
        return Ok(Vec::new());
    }
    // Until 15, CREATEROLE was enough to grant any role but a superuser's.
    let may = session.superuser
        || (source.server_version < 160_000 && session.may_create_roles)
        || source.one("SELECT pg_has_role('pg_read_all_stats', 'MEMBER WITH ADMIN OPTION')", 0).await?;
    if !may {
        plan.remark(format!(
            "pg_read_all_stats keeps polls small while other roles' transactions are open, and {} may not grant it; have an \
             administrator run: GRANT pg_read_all_stats TO {}",
            session.user,
            quote(role)
        ));
        return Ok(Vec::new());
    }
    Ok(vec![
        format!("GRANT pg_read_all_stats TO {}", quote(role)),
        record_grant("MEMBER", "ROLE pg_read_all_stats", role),
    ])
}
