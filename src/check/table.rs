//! Findings about each selected table: privileges, key, cursor column, index, trigger, types.

use super::Findings;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::model::sql::quote;
use crate::model::{ColumnType, Cursor, TableName};
use crate::setup::cursor::{Coverage, coverage, is_indexed};
use crate::source::catalog;
use crate::source::catalog::Selected;
use crate::source::relation::RawRelation;
use crate::source::sql::{Template, Value, template};
use crate::source::{Connection, Relation};

const BYTES: Template = template!("bytes");

/// Tables that a poll scans in no time (1 MB) need no cursor column.
const FEW_PAGES: u64 = 128;
/// How long the question for NULLs may take.
const PATIENCE: &str = "2s";

/// Looks at every selected table; answers those that can be synced.
pub(super) async fn check(source: &mut Connection, config: &Config, findings: &mut Findings) -> Result<Vec<Relation>> {
    let setting = config.selection.setting;
    let (selected, missing) = catalog::select(source, &config.selection).await?;
    for name in &missing {
        findings.problem(
            name,
            &Error::table(format!(
                "there is no such table; correct {setting}, and GRANT USAGE ON SCHEMA {} if it is hidden",
                quote(&name.schema)
            )),
        );
    }
    if selected.is_empty() && missing.is_empty() {
        return Err(Error::config(format!("no table matches; correct {setting}")));
    }
    let (forbidden, readable): (Vec<Selected>, Vec<Selected>) = selected.into_iter().partition(|table| table.forbidden);
    for Selected { name, .. } in &forbidden {
        findings.problem(
            name,
            &Error::table(format!(
                "no privilege to read it; GRANT USAGE ON SCHEMA {}, GRANT SELECT ON {}, or run pg2duck setup --role NAME",
                quote(&name.schema),
                name.quoted()
            )),
        );
    }
    let mut relations = Vec::new();
    for raw in catalog::describe(source, &readable).await? {
        let name = raw.name.clone();
        unreadable(config, findings, &raw);
        match raw.resolve(&config.tables.of(&name), &config.mask_salt) {
            Ok(relation) => {
                match one(source, config, findings, &relation).await {
                    // Somebody holds it, or it was dropped: the others are looked at all the same.
                    Err(error) if error.kind() == Kind::Table => findings.problem(&name, &error),
                    outcome => outcome?,
                }
                relations.push(relation);
            }
            Err(error) => findings.problem(&name, &error),
        }
    }
    Ok(relations)
}

/// Columns that are left out only because the role may not read them.
fn unreadable(config: &Config, findings: &mut Findings, raw: &RawRelation) {
    let settings = config.tables.of(&raw.name);
    let wanted = |name: &String| {
        settings.columns.is_none() && !settings.exclude.as_ref().is_some_and(|excluded| excluded.contains(name))
    };
    let columns = raw.columns.iter().filter(|column| !column.readable && wanted(&column.name));
    let names: Vec<String> = columns.map(|column| quote(&column.name)).collect();
    if !names.is_empty() {
        let names = names.join(", ");
        findings.warn(
            &raw.name,
            format!("no privilege to read {names}: not copied"),
            format!("GRANT SELECT ({names}) ON {} TO your_role, or leave them out with EXCLUDE", raw.name.quoted()),
        );
    }
}

async fn one(source: &mut Connection, config: &Config, findings: &mut Findings, table: &Relation) -> Result<()> {
    let name = &table.name;
    let rows = catalog::size(source, table.oid).await?.1;
    let about = if rows == 0 { "never analyzed, or empty".to_owned() } else { format!("about {rows} rows") };
    let lake = config.lake_table.apply(name);
    let key = if table.schema.key.is_empty() { "none".to_owned() } else { table.schema.key.join(", ") };
    findings.ok(name, format!("becomes {lake}, key {key}, cursor {}, {about}", table.cursor.name()));
    if source.one(&format!("SELECT row_security_active({}::oid)", table.oid), 0).await? {
        findings.problem(
            name,
            &Error::table("row-level security would hide rows from the copy; ALTER ROLE your_role BYPASSRLS"),
        );
    }
    match &table.cursor {
        Cursor::Column { name: column, nullable, .. } => cursor(source, findings, table, column, *nullable).await?,
        Cursor::Xmin if table.pages > FEW_PAGES => findings.warn(
            name,
            format!("no cursor column: every poll scans {} MB", table.pages / FEW_PAGES),
            "name one with CURSOR_COLUMN, or have it added: pg2duck setup --updated-at",
        ),
        // By choice.
        Cursor::Full if table.schema.mode.reads_in_full() => {}
        Cursor::Full => findings.warn(
            name,
            "has no xmin: it is read in full at every poll",
            "select the tables behind it where that is too dear",
        ),
        Cursor::Xmin => {}
    }
    numerics(findings, table);
    Ok(())
}

async fn cursor(
    source: &mut Connection,
    findings: &mut Findings,
    table: &Relation,
    column: &str,
    nullable: bool,
) -> Result<()> {
    let name = &table.name;
    if table.pages > FEW_PAGES && !is_indexed(source, table.oid, column).await? {
        findings.warn(name, format!("no index on {column}: every poll scans the table"), "pg2duck setup --updated-at");
    }
    match coverage(source, table.oid, column).await? {
        Coverage::Moved => {}
        Coverage::Unmoved => findings.warn(
            name,
            format!(
                "no trigger moves {column}: an UPDATE that forgets it is found by the next full scan only (SWEEP_INTERVAL)"
            ),
            "pg2duck setup --updated-at",
        ),
        Coverage::Unknown(trigger) => findings.warn(
            name,
            format!("unknown whether trigger {trigger} moves {column} at every UPDATE: its text does not tell"),
            format!("see for yourself with \\sf in psql; what does not move {column} is found by the next full scan only"),
        ),
    }
    if nullable {
        nulls(source, findings, name, column).await?;
    }
    Ok(())
}

/// Rows whose cursor is NULL are read at every poll.
async fn nulls(source: &mut Connection, findings: &mut Findings, name: &TableName, column: &str) -> Result<()> {
    source
        .execute(&format!(
            "BEGIN READ ONLY; SET LOCAL statement_timeout = '{PATIENCE}'; SET LOCAL lock_timeout = '{PATIENCE}'"
        ))
        .await?;
    let question = format!("SELECT EXISTS (SELECT FROM {} WHERE {} IS NULL LIMIT 1)", name.quoted(), quote(column));
    let answer = source.one::<bool>(&question, 0).await;
    source.execute("ROLLBACK").await?;
    let set = format!(
        "UPDATE {} SET {c} = now() WHERE {c} IS NULL, then ALTER COLUMN {c} SET NOT NULL",
        name.quoted(),
        c = quote(column)
    );
    match answer {
        Ok(false) => {}
        Ok(true) => findings.warn(name, format!("{column} is NULL in some rows, which every poll reads"), set),
        Err(error) if error.kind() == Kind::Table => {
            findings.warn(
                name,
                format!("unknown whether {column} is NULL in some rows: no answer within {PATIENCE}"),
                set,
            );
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

fn numerics(findings: &mut Findings, table: &Relation) {
    let rounded: Vec<&str> = table
        .schema
        .columns
        .iter()
        .filter(|column| column.kind == ColumnType::NumericDouble)
        .map(|column| column.name.as_str())
        .collect();
    if !rounded.is_empty() {
        findings.warn(
            &table.name,
            format!(
                "numeric without precision (or beyond 38 digits) becomes DOUBLE, which rounds to 15 digits: {}",
                rounded.join(", ")
            ),
            "declare numeric(precision, scale), or set NUMERIC=text",
        );
    }
}

/// The bytes that these tables take in the source, indexes left out.
pub(super) async fn bytes(source: &mut Connection, tables: &[Relation]) -> Result<u64> {
    if tables.is_empty() {
        return Ok(0);
    }
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    source.one::<i64>(&BYTES.fill(&[("oids", Value::Oids(&oids))])?, 0).await.map(i64::unsigned_abs)
}
