//! Plans schema `pg2duck`, the audit table, and the triggers: what is missing is added, what is out of date replaced.

use super::present::{Installed, Session};
use super::record::{Function, Trigger};
use super::tree::{RowTriggers, TreeNode};
use super::{MARK, Options, Plan, Step};
use crate::error::Result;
use crate::model::Audit;
use crate::model::sql::{literal, quote};
use std::collections::{BTreeMap, BTreeSet};

/// Where a publication is of all tables, nothing could be deleted from the audit table otherwise, which has no key.
const PUBLISHED: &str = "ALTER TABLE pg2duck.audit REPLICA IDENTITY FULL";

/// The audit table. `keys` holds an array per key column, a whole statement's in few rows; `xid` is what readers ask for.
fn audit_table() -> Vec<String> {
    vec![
        "CREATE TABLE pg2duck.audit (
    xid   xid8        NOT NULL DEFAULT pg_current_xact_id(),
    seq   bigint      GENERATED ALWAYS AS IDENTITY,
    relid oid         NOT NULL,
    op    \"char\"      NOT NULL,
    keys  jsonb,
    old   json,
    new   json,
    at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    nested boolean    NOT NULL DEFAULT pg_trigger_depth() > 1,
    shape bigint
)"
        .into(),
        PUBLISHED.into(),
        // Compressing keys costs a bulk delete more than writing them.
        "ALTER TABLE pg2duck.audit ALTER keys SET STORAGE EXTERNAL".into(),
        "CREATE INDEX audit_xid ON pg2duck.audit (xid)".into(),
        format!(
            "COMMENT ON TABLE pg2duck.audit IS {}",
            literal(&format!(
                "{MARK}: what triggers recorded. op d deleted, t truncated, x unknown keys (the trigger is out of date), c, u: \
                 inserted, updated; keys: per key column an array"
            ))
        ),
    ]
}

/// The shapes that tables have had: what the columns of a recorded row were called then, and of which type they were. Nothing is
/// unique, so that nobody waits for another's transaction.
fn shapes_table(installed: &Installed) -> Vec<String> {
    let mut statements = vec![
        "CREATE TABLE pg2duck.shapes (
    relid   oid    NOT NULL,
    shape   bigint NOT NULL,
    key     text,
    columns json   NOT NULL
)"
        .to_owned(),
        "CREATE INDEX shapes_relid ON pg2duck.shapes (relid, shape)".into(),
        format!(
            "COMMENT ON TABLE pg2duck.shapes IS {}",
            literal(&format!(
                "{MARK}: the shapes of tables whose every change is recorded. key: attnums of the primary key; columns: attnum, \
                 name, type, typmod and dimensions of each"
            ))
        ),
    ];
    // Whoever reads what was recorded must know how to read it.
    statements
        .extend(installed.readers.iter().map(|reader| format!("GRANT SELECT ON TABLE pg2duck.shapes TO {reader}")));
    statements
}

/// Schema, tables and functions first; then each relation's triggers, in a transaction of its own; then what nobody needs.
///
/// # Errors
/// `Internal`: a defect.
pub fn plan(
    plan: &mut Plan,
    options: Options,
    session: &Session,
    tree: &[TreeNode],
    installed: &Installed,
) -> Result<()> {
    let mut base = schema(installed);
    let mut functions: BTreeMap<String, Function> = BTreeMap::new();
    let mut changes = Vec::new();
    for node in tree {
        // What runs with its owner's rights runs with those of the table's owner, not with a superuser's.
        let owner = (session.superuser && node.owner != session.user).then_some(node.owner.as_str());
        let (triggers, used) = desired(options, node, owner)?;
        let statements = difference(node, &triggers, installed);
        if !statements.is_empty() && !node.owned {
            plan.remark(not_owned(node));
            continue;
        }
        functions.extend(used.into_iter().map(|function| (function.name.clone(), function)));
        changes.push((node, statements));
    }
    if options.audit != Audit::Off && !installed.audit {
        base.extend(audit_table());
    }
    if installed.audit && !installed.audit_shape {
        // Made by an earlier version.
        base.push("ALTER TABLE pg2duck.audit ADD COLUMN shape bigint".into());
    }
    if installed.audit && !installed.audit_published {
        base.push(PUBLISHED.into());
    }
    if (options.audit != Audit::Off || installed.audit) && !installed.shapes {
        base.extend(shapes_table(installed));
    }
    for function in functions.values() {
        let missing = function_statements(function, installed).into_iter();
        base.extend(missing.filter(|statement| !base.contains(statement)).collect::<Vec<_>>());
    }
    if !base.is_empty() {
        plan.steps.push(Step { essential: true, ..Step::new("schema pg2duck", base) });
    }
    let planned: BTreeSet<u32> = changes.iter().map(|(node, _)| node.oid).collect();
    for (node, statements) in changes {
        plan.add(format!("{}: triggers", node.name), statements);
    }
    forget_unused(plan, &functions, &planned, installed);
    Ok(())
}

/// The remark on a relation that our role may not change.
pub fn not_owned(node: &TreeNode) -> String {
    format!(
        "{} is left out: only its owner, {}, may change it; run setup as that role, or as one that has been granted it",
        node.name, node.owner
    )
}

/// The schema, and the list of what was granted to roles.
fn schema(installed: &Installed) -> Vec<String> {
    let mut statements = Vec::new();
    if !installed.schema {
        let comment = literal(&format!("{MARK}: removed by pg2duck setup --undo"));
        statements.push("CREATE SCHEMA pg2duck".into());
        statements.push(format!("COMMENT ON SCHEMA pg2duck IS {comment}"));
    }
    if !installed.granted {
        let comment = literal(&format!("{MARK}: what it granted to roles"));
        statements.push(
            "CREATE TABLE pg2duck.granted (privilege text NOT NULL, object text NOT NULL, role name NOT NULL)".into(),
        );
        statements.push(format!("COMMENT ON TABLE pg2duck.granted IS {comment}"));
    }
    statements
}

/// The triggers that a node should have, but for the touch trigger, and their functions, given to `owner` if to anyone.
///
/// # Errors
/// `Internal`: a defect.
pub fn desired(options: Options, node: &TreeNode, owner: Option<&str>) -> Result<(Vec<Trigger>, Vec<Function>)> {
    let (mut triggers, mut functions) = (Vec::new(), Vec::new());
    if options.audit != Audit::Off {
        let function = Function::recording(options.audit, &node.key, owner)?;
        triggers.extend(Trigger::recording(options.audit, node, &function));
        functions.push(function);
    }
    if options.notify {
        let function = Function::waking();
        triggers.push(Trigger::waking(node, &function));
        functions.push(function);
    }
    Ok((triggers, functions))
}

fn difference(node: &TreeNode, desired: &[Trigger], installed: &Installed) -> Vec<String> {
    let table = node.name.quoted();
    let mut statements = Vec::new();
    let own = || installed.triggers.iter().filter(|trigger| trigger.table_oid == node.oid);
    for trigger in own().filter(|trigger| !trigger.copied && trigger.name != "pg2duck_touch") {
        if !desired.iter().any(|wanted| wanted.name == trigger.name) {
            statements.push(format!("DROP TRIGGER {} ON {table}", quote(&trigger.name)));
        }
    }
    for wanted in desired {
        match own().find(|trigger| trigger.name == wanted.name) {
            Some(found) if found.comment.as_ref() == Some(&wanted.comment()) => {
                if !found.always {
                    statements.push(format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {}", wanted.name));
                }
            }
            found => statements.extend(replace(node, wanted, found.is_some())),
        }
    }
    statements.extend(
        own()
            .filter(|trigger| trigger.copied && !trigger.always && trigger.name != "pg2duck_touch")
            .map(|trigger| format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {}", quote(&trigger.name))),
    );
    statements
}

/// The statements that put a trigger on its relation. What sessions replay (`session_replication_role`) is recorded too.
fn replace(node: &TreeNode, trigger: &Trigger, exists: bool) -> Vec<String> {
    let (name, table) = (trigger.name, node.name.quoted());
    let mut statements = Vec::new();
    if exists {
        statements.push(format!("DROP TRIGGER {name} ON {table}"));
    }
    statements.push(trigger.create.clone());
    statements.push(format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"));
    statements.push(format!("COMMENT ON TRIGGER {name} ON {table} IS {}", literal(&trigger.comment())));
    statements
}

/// What makes this function as it should be; nothing if it is.
pub fn function_statements(function: &Function, installed: &Installed) -> Vec<String> {
    let mut statements = Vec::new();
    let found = installed.functions.iter().find(|found| found.name == function.name);
    if found
        .is_none_or(|found| found.body != function.body || function.owner.as_ref().is_some_and(|o| *o != found.owner))
    {
        statements.extend(function.create());
    }
    if let Some(owner) = function.owner.as_ref().filter(|owner| !installed.writers.contains(owner)) {
        statements.push(format!("GRANT USAGE ON SCHEMA pg2duck TO {}", quote(owner)));
        statements.push(format!("GRANT INSERT ON pg2duck.audit TO {}", quote(owner)));
        statements.push(format!("GRANT SELECT, INSERT ON pg2duck.shapes TO {}", quote(owner)));
    }
    statements
}

/// Functions that no trigger runs once the plan is carried out.
fn forget_unused(
    plan: &mut Plan,
    functions: &BTreeMap<String, Function>,
    planned: &BTreeSet<u32>,
    installed: &Installed,
) {
    let stays = |name: &str| {
        functions.contains_key(name)
            || name.starts_with("touch_")
            || installed
                .triggers
                .iter()
                .any(|trigger| trigger.function == name && !planned.contains(&trigger.table_oid))
    };
    let unused = installed.functions.iter().filter(|function| !stays(&function.name));
    let statements = unused.map(|function| format!("DROP FUNCTION pg2duck.{}()", quote(&function.name))).collect();
    plan.add("functions that nothing uses any more", statements);
}

/// Whether row triggers are put on this node itself.
pub fn takes_row_triggers(node: &TreeNode) -> bool {
    node.row_triggers != RowTriggers::None
}
