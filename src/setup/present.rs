//! What the source holds of ours already, and who we are there. Reads catalogs only.

use super::{MARK, Options, Request, marked};
use crate::error::{Error, Result};
use crate::model::{Audit, TableName};
use crate::source::Connection;
use crate::source::rows::{self, row};
use crate::source::sql::{Template, Value, template};
use sqlx::postgres::types::Oid;

const SESSION: Template = template!("session");
const SCHEMA: Template = template!("schema");
const WRITERS: Template = template!("writers");
const READERS: Template = template!("readers");
const FOREIGN_OBJECTS: Template = template!("foreign_objects");
const FUNCTIONS: Template = template!("functions");
const TRIGGERS: Template = template!("triggers");

row! {
    /// The role that runs setup.
    #[derive(Debug, Clone)]
    pub struct Session {
        pub user: String,
        pub superuser: bool,
        pub may_create_roles: bool,
    }
}

/// Reads who we are.
pub async fn session(source: &mut Connection) -> Result<Session> {
    let rows: Vec<Session> = rows::all(source, &SESSION.fill(&[])?).await?;
    rows.into_iter().next().ok_or_else(|| Error::config("setup: the server does not know the current role"))
}

/// Everything that setup ever made here, whatever it would make today.
#[derive(Debug, Default)]
pub struct Installed {
    pub schema: bool,
    pub audit: bool,
    /// The audit table tells the shape of each row.
    pub audit_shape: bool,
    /// Rows may be deleted from it although a publication has it.
    pub audit_published: bool,
    pub shapes: bool,
    pub granted: bool,
    pub functions: Vec<InstalledFunction>,
    pub triggers: Vec<InstalledTrigger>,
    /// Roles that may write to the audit table and to that of shapes.
    pub writers: Vec<String>,
    /// Roles other than the owner that may read the audit table, quoted.
    pub readers: Vec<String>,
    /// Something in schema `pg2duck` that is not ours.
    pub foreign_object: Option<String>,
}

row! {
    /// A function in schema `pg2duck`.
    #[derive(Debug)]
    pub struct InstalledFunction {
        pub name: String,
        pub body: String,
        pub owner: String,
    }
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
    pub fn options(&self, request: &Request) -> Options {
        let has = |name: &str| self.triggers.iter().any(|trigger| trigger.name == name);
        let before = if has("pg2duck_insert") { Audit::Full } else { Audit::Keys };
        Options {
            audit: request.audit.unwrap_or(before),
            notify: request.notify.unwrap_or_else(|| has("pg2duck_wake")),
        }
    }
}

row! {
    struct SchemaRow {
        comment: Option<String>,
        audit: bool,
        audit_shape: bool,
        audit_published: bool,
        shapes: bool,
        granted: bool,
    }
}

row! {
    struct RoleRow {
        role: String,
    }
}

/// Reads what is installed.
pub async fn installed(source: &mut Connection) -> Result<Installed> {
    let schema: Vec<SchemaRow> = rows::all(source, &SCHEMA.fill(&[])?).await?;
    let Some(SchemaRow { comment, audit, audit_shape, audit_published, shapes, granted }) = schema.into_iter().next()
    else {
        return Ok(Installed::default());
    };
    let ours = comment.is_some_and(|comment| comment.starts_with(MARK));
    let mut writers = Vec::new();
    let mut readers = Vec::new();
    if audit {
        let role = |row: RoleRow| row.role;
        writers.extend(rows::all(source, &WRITERS.fill(&[])?).await?.into_iter().map(role));
        readers.extend(rows::all(source, &READERS.fill(&[])?).await?.into_iter().map(role));
    }
    Ok(Installed {
        schema: true,
        audit,
        audit_shape,
        audit_published,
        shapes,
        granted,
        functions: rows::all(source, &FUNCTIONS.fill(&[])?).await?,
        triggers: triggers(source).await?,
        writers,
        readers,
        foreign_object: foreign_object(source, ours).await?,
    })
}

row! {
    struct ForeignRow {
        object: String,
    }
}

/// The first relation or function in schema `pg2duck` without our mark; the schema itself where that has none.
async fn foreign_object(source: &mut Connection, ours: bool) -> Result<Option<String>> {
    if !ours {
        return Ok(Some("no comment of pg2duck's".into()));
    }
    let sql = FOREIGN_OBJECTS.fill(&[("marked", Value::Text(&marked()))])?;
    Ok(rows::all::<ForeignRow>(source, &sql).await?.into_iter().next().map(|row| row.object))
}

row! {
    struct TriggerRow {
        table_oid: Oid,
        schema: String,
        table_name: String,
        name: String,
        always: bool,
        disabled: bool,
        copied: bool,
        comment: Option<String>,
        function: String,
        owned: bool,
    }
}

async fn triggers(source: &mut Connection) -> Result<Vec<InstalledTrigger>> {
    let rows: Vec<TriggerRow> = rows::all(source, &TRIGGERS.fill(&[])?).await?;
    let trigger = |row: TriggerRow| InstalledTrigger {
        table_oid: row.table_oid.0,
        table: TableName::new(row.schema, row.table_name),
        name: row.name,
        always: row.always,
        disabled: row.disabled,
        copied: row.copied,
        comment: row.comment,
        function: row.function,
        owned: row.owned,
    };
    Ok(rows.into_iter().map(trigger).collect())
}
