//! The text of the triggers: what they record, and how. Pure functions of key and mode.
//!
//! A function's name is derived from its text, so one that exists is right, tables with the same key share it, and renames
//! and restores of tables change nothing. It runs nothing but what comes with Postgres (values become text through their
//! type's output function, not through casts, which users can define), for it runs with its owner's rights.

use super::key::KeyColumn;
use super::tree::{RowTriggers, TreeNode};
use super::{MARK, fingerprint};
use crate::model::Audit;
use crate::model::sql::{literal, quote};

/// Keys in one row of the audit table. Row by row costs a bulk delete twice as much (docs/operations.md).
const KEYS_PER_ROW: u32 = 1000;

const PINNED: &str = "SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET TimeZone = 'UTC' \
                      SET bytea_output = 'hex' SET extra_float_digits = '1'";

/// A trigger function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// What `pg_proc.prosrc` holds.
    pub body: String,
    /// Everything from the arguments to the body.
    pub head: String,
    /// The role to give it to, where it is not to stay with the one that runs setup.
    pub owner: Option<String>,
    pub comment: String,
}

impl Function {
    fn new(kind: &str, head: String, body: String, owner: Option<&str>, comment: &str) -> Self {
        let name = format!("{kind}_{}", fingerprint(&format!("{head}\n{body}\n{}", owner.unwrap_or_default())));
        Self { name, body, head, owner: owner.map(str::to_owned), comment: format!("{MARK}: {comment}") }
    }

    /// Records changes in `pg2duck.audit`.
    pub fn recording(audit: Audit, key: &[KeyColumn], owner: Option<&str>) -> Self {
        let pins = if audit == Audit::Full || key.iter().any(KeyColumn::needs_pins) { PINNED } else { "" };
        // Grouping by a hash keeps every key in memory at once; sorting spills to disk.
        let plan = if audit == Audit::Full { "" } else { "SET enable_hashagg = off " };
        let head = format!(
            "RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp {plan}{pins}"
        );
        let names = key.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
        let (body, what) = match audit {
            Audit::Full => (full_body(key), "every change"),
            Audit::Keys | Audit::Off => (keys_body(key), "deleted keys"),
        };
        Self::new("record", head.trim_end().to_owned(), body, owner, &format!("records {what}, by {names}"))
    }

    /// Sets the cursor column at every UPDATE.
    pub fn touching(column: &str) -> Self {
        let column_quoted = quote(column);
        let body = format!(
            "
BEGIN
    BEGIN
        NEW.{column_quoted} := now();
    EXCEPTION WHEN undefined_column THEN
        NULL; -- renamed or dropped since: the application must not fail for it
    END;
    RETURN NEW;
END
"
        );
        let head = "RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp".to_owned();
        Self::new("touch", head, body, None, &format!("sets {column}"))
    }

    /// Wakes a listening pg2duck.
    pub fn waking() -> Self {
        let body = "
BEGIN
    PERFORM pg_notify('pg2duck', '');
    RETURN NULL;
END
";
        let head = "RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp".to_owned();
        Self::new("wake", head, body.to_owned(), None, "tells a listening pg2duck that something changed")
    }

    /// The statements that make it.
    pub fn create(&self) -> Vec<String> {
        let Self { name, head, body, comment, .. } = self;
        let mut statements = vec![
            format!("CREATE OR REPLACE FUNCTION pg2duck.{name}() {head} AS $pg2duck${body}$pg2duck$"),
            format!("COMMENT ON FUNCTION pg2duck.{name}() IS {}", literal(comment)),
        ];
        statements.extend(
            self.owner.iter().map(|owner| format!("ALTER FUNCTION pg2duck.{name}() OWNER TO {}", quote(owner))),
        );
        statements
    }
}

fn body(key: &[KeyColumn], branches: &str) -> String {
    let names = key.iter().map(|column| literal(&column.name)).collect::<Vec<_>>().join(", ");
    format!(
        "
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO pg2duck.audit (relid, op) VALUES (TG_RELID, 't');
    ELSIF (SELECT count(*) FROM pg_attribute WHERE attrelid = TG_RELID AND attname IN ({names}) AND NOT attisdropped) <> {} THEN
        -- A key column was renamed or dropped since setup ran: the application must not fail for it.
        INSERT INTO pg2duck.audit (relid, op) VALUES (TG_RELID, 'x');
{branches}
    END IF;
    RETURN NEW;
END
",
        key.len()
    )
}

fn keys_body(key: &[KeyColumn]) -> String {
    let of = |value: &dyn Fn(usize, &KeyColumn) -> String| {
        let pairs =
            key.iter().enumerate().map(|(at, column)| format!("{}, {}", literal(&column.name), value(at, column)));
        format!("jsonb_build_object({})", pairs.collect::<Vec<_>>().join(", "))
    };
    let one = of(&|_, column| format!("jsonb_build_array({})", column.value("OLD")));
    let many = of(&|at, _| format!("array_agg(k{at})"));
    let values = key.iter().enumerate().map(|(at, column)| format!("{} AS k{at}", column.value("old_rows")));
    let values = values.collect::<Vec<_>>().join(", ");
    body(
        key,
        &format!(
            "    ELSIF TG_LEVEL = 'ROW' THEN -- an UPDATE of the key
        INSERT INTO pg2duck.audit (relid, op, keys) VALUES (TG_RELID, 'd', {one});
    ELSE
        INSERT INTO pg2duck.audit (relid, op, keys)
        SELECT TG_RELID, 'd', {many}
        FROM (SELECT {values}, (row_number() OVER () - 1) / {KEYS_PER_ROW} AS part FROM old_rows) AS gone
        GROUP BY part;"
        ),
    )
}

/// The rows as `json`, not `jsonb`: what a column of type json holds is taken as it is, where jsonb would refuse some of it,
/// and with it the application's statement.
fn full_body(key: &[KeyColumn]) -> String {
    let object = |row: &str| {
        let pairs =
            key.iter().map(|column| format!("{}, jsonb_build_array({})", literal(&column.name), column.value(row)));
        format!("jsonb_build_object({})", pairs.collect::<Vec<_>>().join(", "))
    };
    let (old, new) = (object("old_rows"), object("new_rows"));
    let same = key.iter().map(|column| format!("{} = {}", column.exact("old_rows"), column.exact("new_rows")));
    let same = same.collect::<Vec<_>>().join(" AND ");
    body(
        key,
        &format!(
            "    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO pg2duck.audit (relid, op, keys, new)
        SELECT TG_RELID, 'c', {new}, row_to_json(new_rows) FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO pg2duck.audit (relid, op, keys, old)
        SELECT TG_RELID, 'd', {old}, row_to_json(old_rows) FROM old_rows;
    ELSE -- an UPDATE of the key is a delete of the old one and an insert of the new one
        INSERT INTO pg2duck.audit (relid, op, keys, old, new)
        SELECT TG_RELID, CASE WHEN new_rows IS NULL THEN 'd' WHEN old_rows IS NULL THEN 'c' ELSE 'u' END::\"char\",
            CASE WHEN new_rows IS NULL THEN {old} ELSE {new} END, row_to_json(old_rows), row_to_json(new_rows)
        FROM old_rows FULL JOIN new_rows ON {same};"
        ),
    )
}

/// A trigger on one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    pub name: &'static str,
    pub create: String,
}

impl Trigger {
    fn new(name: &'static str, node: &TreeNode, event: &str, rest: &str, function: &Function) -> Self {
        let (table, function) = (node.name.quoted(), &function.name);
        let create = format!("CREATE TRIGGER {name} {event} ON {table} {rest} EXECUTE FUNCTION pg2duck.{function}()");
        Self { name, create }
    }

    /// The audit triggers of a node.
    pub fn recording(audit: Audit, node: &TreeNode, function: &Function) -> Vec<Self> {
        let trigger = |name, event, rows: &str| {
            Self::new(name, node, event, format!("{rows} FOR EACH STATEMENT").trim_start(), function)
        };
        let (old, new) = ("REFERENCING OLD TABLE AS old_rows", "NEW TABLE AS new_rows");
        let mut triggers = match audit {
            Audit::Off => return Vec::new(),
            Audit::Keys => key_change(node, function).into_iter().collect(),
            Audit::Full => vec![
                trigger("pg2duck_insert", "AFTER INSERT", &format!("REFERENCING {new}")),
                trigger("pg2duck_update", "AFTER UPDATE", &format!("{old} {new}")),
            ],
        };
        triggers.push(trigger("pg2duck_delete", "AFTER DELETE", old));
        triggers.push(trigger("pg2duck_truncate", "AFTER TRUNCATE", ""));
        triggers
    }

    /// The trigger that sets the cursor column.
    pub fn touching(node: &TreeNode, function: &Function) -> Self {
        Self::new("pg2duck_touch", node, "BEFORE UPDATE", "FOR EACH ROW", function)
    }

    /// The trigger that wakes.
    pub fn waking(node: &TreeNode, function: &Function) -> Self {
        let event = "AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE";
        Self::new("pg2duck_wake", node, event, "FOR EACH STATEMENT", function)
    }

    /// What the trigger's comment says when it is just this one.
    pub fn comment(&self) -> String {
        format!("{MARK}: {}", fingerprint(&self.create))
    }
}

/// BEFORE triggers run in the order of their names, and this one has to see what the others made of the key.
fn key_change(node: &TreeNode, function: &Function) -> Option<Trigger> {
    let event = match node.row_triggers {
        RowTriggers::After => "AFTER UPDATE",
        RowTriggers::Before => "BEFORE UPDATE",
        RowTriggers::None => return None,
    };
    let differs = |column: &KeyColumn| format!("{} IS DISTINCT FROM {}", column.exact("OLD"), column.exact("NEW"));
    let changed = node.key.iter().map(differs).collect::<Vec<_>>().join(" OR ");
    Some(Trigger::new("zz_pg2duck_key", node, event, &format!("FOR EACH ROW WHEN ({changed})"), function))
}
