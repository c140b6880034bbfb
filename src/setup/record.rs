//! The text of the triggers: what they record, and how. Pure functions of key and mode.
//!
//! A function's name is derived from its text, so one that exists is right, tables with the same key share it, and renames
//! and restores of tables change nothing. It runs nothing but what comes with Postgres (values become text through their
//! type's output function, not through casts, which users can define), for it runs with its owner's rights.

use super::key::KeyColumn;
use super::tree::{RowTriggers, TreeNode};
use super::{MARK, fingerprint};
use crate::error::Result;
use crate::model::Audit;
use crate::model::sql::{literal, quote};
use crate::source::sql::shape;

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
    ///
    /// # Errors
    /// `Internal`: a defect.
    pub fn recording(audit: Audit, key: &[KeyColumn], owner: Option<&str>) -> Result<Self> {
        let pins = if audit == Audit::Full || key.iter().any(KeyColumn::needs_pins) { PINNED } else { "" };
        // Grouping by a hash keeps every key in memory at once; sorting spills to disk.
        let plan = if audit == Audit::Full { "" } else { "SET enable_hashagg = off " };
        let head = format!(
            "RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp {plan}{pins}"
        );
        let names = key.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
        let (body, what) = match audit {
            Audit::Full => (full_body(key)?, "every change"),
            Audit::Keys | Audit::Off => (keys_body(key), "deleted keys"),
        };
        Ok(Self::new("record", head.trim_end().to_owned(), body, owner, &format!("records {what}, by {names}")))
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
    format!(
        "
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO pg2duck.audit (relid, op) VALUES (TG_RELID, 't');
    ELSIF (SELECT count(*) FROM pg_attribute WHERE attrelid = TG_RELID AND ({unchanged}) AND NOT attisdropped) <> {count} THEN
        -- A key column was renamed, dropped or given another type since setup ran: the application must not fail for it.
        INSERT INTO pg2duck.audit (relid, op) VALUES (TG_RELID, 'x');
    ELSIF TG_LEVEL = 'ROW' THEN -- an UPDATE of the key
        INSERT INTO pg2duck.audit (relid, op, keys) VALUES (TG_RELID, 'd', {one});
    ELSE
        INSERT INTO pg2duck.audit (relid, op, keys)
        SELECT TG_RELID, 'd', {many}
        FROM (SELECT {values}, (row_number() OVER () - 1) / {KEYS_PER_ROW} AS part FROM old_rows) AS gone
        GROUP BY part;
    END IF;
    RETURN NEW;
END
",
        unchanged = key.iter().map(KeyColumn::unchanged).collect::<Vec<_>>().join(" OR "),
        count = key.len()
    )
}

/// The rows as `json`, not `jsonb`: what a column of type json holds is taken as it is, where jsonb would refuse some of it,
/// and with it the application's statement. What stands in them is read by the shape that the table has now: its columns
/// and its primary key, which are recorded where they are new. Two transactions that do so at the same time do not wait for
/// each other, and both may.
///
/// Nothing in it goes by the types that the key had when setup ran: a statement must not fail because one was changed.
///
/// Without the key that setup knew, old and new rows still lie in the transition tables in the same order.
fn full_body(key: &[KeyColumn]) -> Result<String> {
    let object = |row: &str| {
        let pair = |column: &KeyColumn| {
            format!("{}, jsonb_build_array({})", literal(&column.name), column.value_of_any_type(row))
        };
        let pairs = key.iter().map(pair);
        format!("jsonb_build_object({})", pairs.collect::<Vec<_>>().join(", "))
    };
    let same = key.iter().map(|column| format!("{} = {}", column.printed("old_rows"), column.printed("new_rows")));
    Ok(format!(
        "
<<recording>>
DECLARE
    shape bigint;
    keyed boolean;
    primary_key text[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO pg2duck.audit (relid, op) VALUES (TG_RELID, 't');
        RETURN NULL;
    END IF;
    SELECT {shape}, count(*) FILTER (WHERE a.attname IN ({names})) = {count}
    INTO shape, keyed
    FROM pg_attribute AS a WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped;
    IF NOT EXISTS (SELECT FROM pg2duck.shapes AS known WHERE known.relid = TG_RELID AND known.shape = recording.shape) THEN
        INSERT INTO pg2duck.shapes (relid, shape, key, columns)
        SELECT TG_RELID, recording.shape, (SELECT concat(i.indkey) FROM pg_index AS i WHERE i.indrelid = TG_RELID AND i.indisprimary),
            json_agg(json_build_array(a.attnum, a.attname, a.atttypid, a.atttypmod, a.attndims, a.attgenerated) ORDER BY a.attnum)
        FROM pg_attribute AS a WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped;
    END IF;
    IF NOT keyed THEN
        -- A key column was renamed or dropped since setup ran: the application must not fail for it.
        INSERT INTO pg2duck.audit (relid, op) VALUES (TG_RELID, 'x');
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF keyed THEN
            INSERT INTO pg2duck.audit (relid, op, keys, new, shape)
            SELECT TG_RELID, 'c', {new}, row_to_json(new_rows.*), recording.shape FROM new_rows;
        ELSE
            INSERT INTO pg2duck.audit (relid, op, new, shape)
            SELECT TG_RELID, 'c', row_to_json(new_rows.*), recording.shape FROM new_rows;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF keyed THEN
            INSERT INTO pg2duck.audit (relid, op, keys, old, shape)
            SELECT TG_RELID, 'd', {old}, row_to_json(old_rows.*), recording.shape FROM old_rows;
        ELSE
            INSERT INTO pg2duck.audit (relid, op, old, shape)
            SELECT TG_RELID, 'd', row_to_json(old_rows.*), recording.shape FROM old_rows;
        END IF;
    ELSIF keyed THEN -- an UPDATE of the key is a delete of the old one and an insert of the new one
        INSERT INTO pg2duck.audit (relid, op, keys, old, new, shape)
        SELECT TG_RELID, CASE WHEN (new_rows.*) IS NULL THEN 'd' WHEN (old_rows.*) IS NULL THEN 'c' ELSE 'u' END::\"char\",
            CASE WHEN (new_rows.*) IS NULL THEN {old} ELSE {new} END, row_to_json(old_rows.*), row_to_json(new_rows.*), recording.shape
        FROM old_rows FULL JOIN new_rows ON {same};
    ELSE
        SELECT array_agg(a.attname) INTO primary_key
        FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = TG_RELID AND i.indisprimary;
        INSERT INTO pg2duck.audit (relid, op, old, new, shape)
        SELECT TG_RELID, event.op, CASE WHEN event.op <> 'c' THEN before.image END, CASE WHEN event.op <> 'd' THEN after.image END,
            recording.shape
        FROM (SELECT row_number() OVER () AS place, row_to_json(old_rows.*) AS image FROM old_rows) AS before
            JOIN (SELECT row_number() OVER () AS place, row_to_json(new_rows.*) AS image FROM new_rows) AS after USING (place),
            LATERAL (
                SELECT count(*) > 0 AS key FROM unnest(recording.primary_key) AS part
                WHERE before.image ->> part IS DISTINCT FROM after.image ->> part
            ) AS changed
            JOIN (VALUES ('d'::\"char\"), ('c'), ('u')) AS event (op) ON (event.op = 'u') <> changed.key
        ORDER BY place, event.op DESC;
    END IF;
    RETURN NULL;
END
",
        shape = shape()?,
        names = key.iter().map(|column| literal(&column.name)).collect::<Vec<_>>().join(", "),
        count = key.len(),
        new = object("new_rows"),
        old = object("old_rows"),
        same = same.collect::<Vec<_>>().join(" AND ")
    ))
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
    let (event, watched) = match node.row_triggers {
        RowTriggers::After => ("AFTER UPDATE", &node.key),
        // Generated columns have no new value yet.
        RowTriggers::Before => ("BEFORE UPDATE", &node.key_made_of),
        RowTriggers::None => return None,
    };
    let differs = |column: &KeyColumn| format!("{} IS DISTINCT FROM {}", column.exact("OLD"), column.exact("NEW"));
    let changed = watched.iter().map(differs).collect::<Vec<_>>().join(" OR ");
    // A key of constants never changes.
    let changed = if changed.is_empty() { "false".to_owned() } else { changed };
    Some(Trigger::new("zz_pg2duck_key", node, event, &format!("FOR EACH ROW WHEN ({changed})"), function))
}
