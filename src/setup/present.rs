//! What the source holds of ours already, and who we are there. Reads catalogs only.

use super::{Choice, MARK, Wish};
use crate::error::Result;
use crate::model::Audit;
use crate::model::TableName;
use crate::model::sql::literal;
use crate::source::Connection;
use crate::source::connection::get;
use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;

/// The role that runs setup.
#[derive(Debug, Clone)]
pub struct Session {
    pub user: String,
    pub superuser: bool,
    pub may_create_roles: bool,
}

/// Reads who we are.
pub async fn session(source: &mut Connection) -> Result<Session> {
    let rows = source
        .rows("SELECT rolname::text, rolsuper, rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user")
        .await?;
    let row = rows.first().ok_or_else(|| crate::Error::config("setup: the server does not know the current role"))?;
    Ok(Session { user: get(row, 0)?, superuser: get(row, 1)?, may_create_roles: get(row, 2)? })
}

/// Everything that setup ever made here, whatever it would make today.
#[derive(Debug, Default)]
pub struct Installed {
    pub schema: bool,
    pub audit: bool,
    pub granted: bool,
    pub functions: Vec<InstalledFunction>,
    pub triggers: Vec<InstalledTrigger>,
    /// Roles other than the owner that may write to the audit table.
    pub writers: Vec<String>,
    /// Something in schema `pg2duck` that is not ours.
    pub stranger: Option<String>,
}

/// A function in schema `pg2duck`.
#[derive(Debug)]
pub struct InstalledFunction {
    pub name: String,
    pub body: String,
    pub owner: String,
}

/// A trigger that runs one of them.
#[derive(Debug)]
pub struct InstalledTrigger {
    pub table_oid: u32,
    pub table: TableName,
    pub name: String,
    /// Fires in every session, also those that replay changes (`session_replication_role`).
    pub always: bool,
    /// Fires in no session.
    pub disabled: bool,
    /// A partition's copy of its parent's.
    pub copied: bool,
    pub comment: Option<String>,
    pub function: String,
    /// Whether our role may act as the table's owner.
    pub owned: bool,
}

impl Installed {
    /// What was asked for, and for the rest what was chosen before.
    pub fn choice(&self, wish: &Wish) -> Choice {
        let has = |name: &str| self.triggers.iter().any(|trigger| trigger.name == name);
        let before = if has("pg2duck_insert") { Audit::Full } else { Audit::Keys };
        Choice { audit: wish.audit.unwrap_or(before), notify: wish.notify.unwrap_or_else(|| has("pg2duck_wake")) }
    }
}

/// Reads what is installed.
pub async fn installed(source: &mut Connection) -> Result<Installed> {
    let rows = source
        .rows(
            "SELECT n.oid, obj_description(n.oid, 'pg_namespace'), \
                    EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = n.oid AND relname = 'audit'), \
                    EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = n.oid AND relname = 'granted') \
             FROM pg_catalog.pg_namespace n WHERE nspname = 'pg2duck'",
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(Installed::default()) };
    let ours = get::<Option<String>>(row, 1)?.is_some_and(|comment| comment.starts_with(MARK));
    let mut installed = Installed { schema: true, audit: get(row, 2)?, granted: get(row, 3)?, ..Installed::default() };
    installed.stranger = strangers(source, ours).await?;
    installed.functions = functions(source).await?;
    installed.triggers = triggers(source).await?;
    if installed.audit {
        installed.writers = source
            .rows(
                "SELECT pg_catalog.pg_get_userbyid(a.grantee)::text FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a \
                 WHERE c.relnamespace = 'pg2duck'::regnamespace AND c.relname = 'audit' AND a.privilege_type = 'INSERT'",
            )
            .await?
            .iter()
            .map(|row| get(row, 0))
            .collect::<Result<_>>()?;
    }
    Ok(installed)
}

/// The first relation or function in schema `pg2duck` without our mark; the schema itself where that has none.
async fn strangers(source: &mut Connection, ours: bool) -> Result<Option<String>> {
    if !ours {
        return Ok(Some("no comment of pg2duck's".into()));
    }
    let mark = literal(&format!("{MARK}%"));
    let rows = source
        .rows(&format!(
            "SELECT 'relation ' || c.relname FROM pg_catalog.pg_class c WHERE c.relnamespace = 'pg2duck'::regnamespace \
               AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE {mark} \
             UNION ALL SELECT 'function ' || p.proname FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'pg2duck'::regnamespace \
               AND coalesce(obj_description(p.oid, 'pg_proc'), '') NOT LIKE {mark} LIMIT 1"
        ))
        .await?;
    rows.first().map(|row| get(row, 0)).transpose()
}

async fn functions(source: &mut Connection) -> Result<Vec<InstalledFunction>> {
    let rows = source
        .rows(
            "SELECT proname::text, prosrc, pg_catalog.pg_get_userbyid(proowner)::text FROM pg_catalog.pg_proc \
             WHERE pronamespace = 'pg2duck'::regnamespace ORDER BY proname",
        )
        .await?;
    rows.iter()
        .map(|row| Ok(InstalledFunction { name: get(row, 0)?, body: get(row, 1)?, owner: get(row, 2)? }))
        .collect()
}

async fn triggers(source: &mut Connection) -> Result<Vec<InstalledTrigger>> {
    let rows = source
        .rows(
            "SELECT t.tgrelid, n.nspname::text, c.relname::text, t.tgname::text, t.tgenabled = 'A', t.tgenabled = 'D', \
                    t.tgparentid <> 0, obj_description(t.oid, 'pg_trigger'), p.proname::text, \
                    pg_catalog.pg_has_role(c.relowner, 'USAGE') \
             FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid \
                  JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE p.pronamespace = 'pg2duck'::regnamespace ORDER BY n.nspname, c.relname, t.tgname",
        )
        .await?;
    rows.iter().map(trigger).collect()
}

fn trigger(row: &PgRow) -> Result<InstalledTrigger> {
    Ok(InstalledTrigger {
        table_oid: get::<Oid>(row, 0)?.0,
        table: TableName::new(get::<String>(row, 1)?, get::<String>(row, 2)?),
        name: get(row, 3)?,
        always: get(row, 4)?,
        disabled: get(row, 5)?,
        copied: get(row, 6)?,
        comment: get(row, 7)?,
        function: get(row, 8)?,
        owned: get(row, 9)?,
    })
}
