//! Prepares a source: the audit triggers that record deletes, `updated_at` and its trigger and index, the role.
//!
//! Everything here first becomes a [`Plan`], an ordered list of SQL that adds only what is missing; what `--print` shows is
//! what [`apply`] runs. Application data is never read or written.

pub mod present;
pub mod tree;

pub mod audit;
pub mod key;
pub mod record;

pub mod cursor;
pub mod grants;
pub mod touch;

pub mod undo;

pub mod apply;

use crate::config::{Config, TableSettings};
use crate::error::{Error, Result};
use crate::model::Audit;
use crate::model::Cursor;
use crate::source::{Connection, Relation, catalog};

/// What opens every comment that we leave on an object of the source; by it we know our own.
pub const MARK: &str = "pg2duck setup";

/// What LIKE finds such comments by.
fn marked() -> String {
    format!("{MARK}%")
}

/// What the user asked for. What is unsaid stays as it was chosen before, so that setup can be repeated without its flags.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub audit: Option<Audit>,
    pub updated_at: bool,
    pub notify: Option<bool>,
    /// The role to create or to grant to.
    pub role: Option<String>,
}

/// Which triggers there are to be.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub audit: Audit,
    pub notify: bool,
}

/// What is to be done, in order, and what the user should know.
#[derive(Debug, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub remarks: Vec<String>,
}

/// Statements that belong together.
#[derive(Debug)]
pub struct Step {
    /// What they bring about, as in `public.orders: audit triggers`.
    pub what: String,
    pub statements: Vec<String>,
    /// Whether they are one transaction. CREATE INDEX CONCURRENTLY must stand outside of any.
    pub transaction: bool,
    /// Whether the steps after it make no sense without it.
    pub essential: bool,
}

impl Step {
    /// One transaction.
    pub fn new(what: impl Into<String>, statements: Vec<String>) -> Self {
        Self { what: what.into(), statements, transaction: true, essential: false }
    }

    /// Statements each on its own, since Postgres refuses the first of them inside a transaction.
    pub fn alone(what: impl Into<String>, statements: Vec<String>) -> Self {
        Self { what: what.into(), statements, transaction: false, essential: false }
    }
}

impl Plan {
    fn add(&mut self, what: impl Into<String>, statements: Vec<String>) {
        if !statements.is_empty() {
            self.steps.push(Step::new(what, statements));
        }
    }

    fn remark(&mut self, sentence: impl Into<String>) {
        self.remarks.push(sentence.into());
    }
}

/// Looks at the source and plans what is missing.
///
/// # Errors
/// `Config` where nothing can be planned at all: no table matches, or schema `pg2duck` belongs to somebody else.
pub async fn plan(source: &mut Connection, config: &Config, request: &Request) -> Result<Plan> {
    let session = present::session(source).await?;
    let mut plan = Plan::default();
    let tables = tables(source, config, &mut plan).await?;
    let tree = tree::nodes(source, &tables).await?;
    let installed = present::installed(source).await?;
    if let Some(object) = &installed.foreign_object {
        return Err(Error::config(format!(
            "setup: schema pg2duck exists and holds {object}, which pg2duck did not make; rename that schema and run setup again"
        )));
    }
    let options = installed.options(request);
    audit::plan(&mut plan, options, &session, &tree, &installed)?;
    for table in tables.iter().filter(|_| options.audit == Audit::Full) {
        if let Some(unrecorded) = table.unrecorded() {
            plan.remark(format!("{}: versions will be those that polls see: {unrecorded}", table.name));
        }
    }
    if request.updated_at {
        touch::plan(source, &mut plan, config, &tables, &tree, &installed).await?;
    } else {
        touch::advise(source, &mut plan, config, &tables).await?;
    }
    if let Some(role) = &request.role {
        grants::plan(source, &mut plan, config, &session, role, options.audit != Audit::Off || installed.audit).await?;
    }
    Ok(plan)
}

/// The selected tables that have a key; the others are remarked upon, with the reason.
async fn tables(source: &mut Connection, config: &Config, plan: &mut Plan) -> Result<Vec<Relation>> {
    let setting = config.selection.setting;
    let (selected, missing) = catalog::select(source, &config.selection).await?;
    for name in &missing {
        plan.remark(format!("{name} is left out: {setting} names it, and there is no such table in {}", config.source));
    }
    if selected.is_empty() && missing.is_empty() {
        return Err(Error::config(format!("setup: {setting}: no table of {} matches", config.source)));
    }
    let mut tables = Vec::new();
    for mut raw in catalog::describe(source, &selected).await? {
        // Setup reads no rows.
        raw.reads_xmin = true;
        raw.columns.iter_mut().for_each(|column| column.readable = true);
        if !raw.kind.has_xmin() {
            plan.remark(format!(
                "{} is left out: it is not a plain table, so triggers would not see all of its rows",
                raw.name
            ));
            continue;
        }
        // The cursor column may be what is to be added; only the key matters here.
        let settings = TableSettings { cursor: Some("xmin".into()), ..config.tables.of(&raw.name) };
        match raw.resolve(&settings, &config.mask_salt) {
            Ok(relation) if relation.cursor == Cursor::Full => {
                plan.remark(format!("{} is left out: it is read in full at every cycle", relation.name));
            }
            // Naming it would fail the application's statement.
            Ok(relation) if relation.schema.key_columns().any(|column| column.expression.is_some()) => {
                plan.remark(format!(
                    "{} is left out: triggers are not given the values of a virtual generated column, and its key has one",
                    relation.name
                ));
            }
            Ok(relation) => tables.push(relation),
            Err(error) => plan.remark(format!("a table is left out: {error}")),
        }
    }
    Ok(tables)
}

/// A short name for a text, the same for ever: 64 bits of FNV-1a in hexadecimal. It tells our own texts apart and guards
/// against nothing.
pub fn fingerprint(text: &str) -> String {
    format!("{:016x}", crate::model::name::fnv1a(text))
}
