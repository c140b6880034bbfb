//! Findings about deletes: are the audit triggers there, enabled, and up to date, and may the role read what they record?

use super::{Findings, size};
use crate::config::{Config, Deletes};
use crate::error::{Error, Result};
use crate::model::Cursor;
use crate::setup::Wish;
use crate::setup::audit::desired;
use crate::setup::family;
use crate::setup::family::Member;
use crate::setup::present;
use crate::setup::present::Installed;
use crate::source::connection::get;
use crate::source::{Connection, Relation};

const SETUP: &str = "pg2duck setup";

pub(super) async fn check(
    source: &mut Connection,
    config: &Config,
    findings: &mut Findings,
    tables: &[Relation],
) -> Result<()> {
    let installed = present::installed(source).await?;
    let deletes = |table: &Relation| config.tables.of(&table.name).deletes;
    for table in tables.iter().filter(|table| deletes(table) == Deletes::Off) {
        findings.ok(&table.name, "deleted rows stay in the lake: DELETES=off");
    }
    let mut recorded = tables.to_vec();
    recorded.retain(|table| matches!(deletes(table), Deletes::Auto | Deletes::Audit) && table.cursor != Cursor::Full);
    if !installed.audit {
        for table in recorded.iter().filter(|table| deletes(table) == Deletes::Audit) {
            let error = format!("nothing records its deletes, as DELETES=audit asks for; run: {SETUP}");
            findings.problem(&table.name, &Error::table(error));
        }
        let minutes = config.diff_interval.as_secs() / 60;
        findings
            .ok("deletes", format!("found by comparing keys every {minutes} min; exact at every cycle after: {SETUP}"));
        return Ok(());
    }
    let mut complete = true;
    for member in &family::of(source, &recorded).await? {
        if let Some(lack) = lack(member, &installed) {
            complete = false;
            findings.warn(&member.name, format!("{lack}; deletes may go unrecorded"), SETUP);
        }
    }
    complete &= privileges(source, findings).await?;
    complete &= subscribed(source, findings, &recorded).await?;
    if complete {
        let bytes: i64 = source
            .one(
                "SELECT coalesce(max(pg_table_size(oid)), 0)::int8 FROM pg_catalog.pg_class \
                 WHERE relnamespace = 'pg2duck'::regnamespace AND relname = 'audit'",
                0,
            )
            .await?;
        let size = size(bytes.cast_unsigned());
        findings.ok("deletes", format!("recorded by triggers on every table; the audit table takes {size}"));
    }
    Ok(())
}

/// What is wrong with the audit triggers of one relation.
fn lack(member: &Member, installed: &Installed) -> Option<String> {
    let own = || installed.triggers.iter().filter(|trigger| trigger.table_oid == member.oid);
    let choice = installed.choice(&Wish { audit: None, updated_at: false, notify: Some(false), role: None });
    // Setup as superuser gives functions to the table's owner, setup as that owner need not: both are right.
    let lacking = |owner| {
        let fits = |comment: &String| own().any(|trigger| trigger.comment.as_ref() == Some(comment));
        let mut names = desired(choice, member, owner).0;
        names.retain(|trigger| !fits(&trigger.comment()));
        names
    };
    let (kept, given) = (lacking(None), lacking(Some(member.owner.as_str())));
    if let Some(name) = if kept.len() < given.len() { kept } else { given }.first().map(|trigger| trigger.name) {
        let exists = own().any(|trigger| trigger.name == name);
        return Some(if exists {
            format!("trigger {name} is out of date: the key or its columns changed since setup ran")
        } else {
            format!("trigger {name} is missing")
        });
    }
    let audit = |name: &str| name != "pg2duck_touch" && name != "pg2duck_wake";
    let off = own().filter(|trigger| audit(&trigger.name)).find(|trigger| !trigger.always)?;
    let state = if off.disabled { "disabled" } else { "not enabled ALWAYS: sessions that replay changes pass it by" };
    Some(format!("trigger {} is {state}", off.name))
}

async fn privileges(source: &mut Connection, findings: &mut Findings) -> Result<bool> {
    let rows = source
        .rows(
            "SELECT has_schema_privilege(c.relnamespace, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), \
                    has_table_privilege(c.oid, 'DELETE'), quote_ident(current_user) \
             FROM pg_catalog.pg_class c WHERE c.relnamespace = 'pg2duck'::regnamespace AND c.relname = 'audit'",
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(false) };
    let (reads, prunes, role): (bool, bool, String) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
    if !reads {
        findings.warn("deletes", "no privilege to read pg2duck.audit", format!("{SETUP} --role {role}"));
    } else if !prunes {
        findings.warn(
            "deletes",
            "no privilege to prune pg2duck.audit: it grows for ever",
            format!("{SETUP} --role {role}"),
        );
    }
    Ok(reads && prunes)
}

/// A subscription's changes fire row triggers only.
async fn subscribed(source: &mut Connection, findings: &mut Findings, tables: &[Relation]) -> Result<bool> {
    let mut none = true;
    for row in source.rows("SELECT srrelid::int8 FROM pg_catalog.pg_subscription_rel").await? {
        let oid = get::<i64>(&row, 0)?;
        if let Some(table) = tables.iter().find(|table| i64::from(table.oid) == oid) {
            none = false;
            findings.warn(
                &table.name,
                "a logical subscription fills it, whose deletes no statement trigger sees",
                "find its deletes by comparing keys instead (DELETES=diff)",
            );
        }
    }
    Ok(none)
}
