//! Findings about deletes: are the audit triggers there, enabled, and up to date, and may the role read what they record?

use super::{Findings, size};
use crate::config::{Config, Deletes};
use crate::error::{Error, Result};
use crate::model::{Audit, Cursor};
use crate::setup::Request;
use crate::setup::audit::desired;
use crate::setup::present;
use crate::setup::present::Installed;
use crate::setup::record::Trigger;
use crate::setup::tree;
use crate::setup::tree::TreeNode;
use crate::source::rows::{self, row};
use crate::source::sql::{Template, template};
use crate::source::{Connection, Relation};
use sqlx::postgres::types::Oid;

const AUDIT_TABLE: Template = template!("audit_table");
const SUBSCRIBED: Template = template!("subscribed");

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
    for node in &tree::nodes(source, &recorded).await? {
        if let Some(lack) = lack(node, &installed)? {
            complete = false;
            findings.warn(&node.name, format!("{lack}; deletes may go unrecorded"), SETUP);
        }
    }
    let full = installed.options(&Request::default()).audit == Audit::Full;
    for table in recorded.iter().filter(|table| full && table.schema.mode.keeps_the_past()) {
        if let Some(unrecorded) = table.unrecorded() {
            let fix = match table.has_children {
                true => "make it a partitioned table where every version matters".into(),
                false => format!("declare it STORED, or leave it out with {}", table.name.variable("EXCLUDE")),
            };
            findings.warn(&table.name, format!("versions are those that polls see: {unrecorded}"), fix);
        }
    }
    let audit: AuditRow = rows::one(source, "look at the audit table", &AUDIT_TABLE.fill(&[])?).await?;
    complete &= privileges(&audit, findings);
    complete &= subscribed(source, findings, &recorded).await?;
    if complete {
        let size = size(audit.bytes.unsigned_abs());
        findings.ok("deletes", format!("recorded by triggers on every table; the audit table takes {size}"));
    }
    Ok(())
}

/// What is wrong with the audit triggers of one relation.
fn lack(node: &TreeNode, installed: &Installed) -> Result<Option<String>> {
    let own = || installed.triggers.iter().filter(|trigger| trigger.table_oid == node.oid);
    let options = installed.options(&Request { notify: Some(false), ..Request::default() });
    // Setup as superuser gives functions to the table's owner, setup as that owner need not: both are right.
    let lacking = |owner| -> Result<Vec<Trigger>> {
        let fits = |comment: &String| own().any(|trigger| trigger.comment.as_ref() == Some(comment));
        let mut names = desired(options, node, owner)?.0;
        names.retain(|trigger| !fits(&trigger.comment()));
        Ok(names)
    };
    let (kept, given) = (lacking(None)?, lacking(Some(node.owner.as_str()))?);
    if let Some(name) = if kept.len() < given.len() { kept } else { given }.first().map(|trigger| trigger.name) {
        let exists = own().any(|trigger| trigger.name == name);
        return Ok(Some(if exists {
            format!(
                "trigger {name} is out of date: the key or its columns changed since setup ran, or an earlier version installed it"
            )
        } else {
            format!("trigger {name} is missing")
        }));
    }
    let audit = |name: &str| name != "pg2duck_touch" && name != "pg2duck_wake";
    let off = own().filter(|trigger| audit(&trigger.name)).find(|trigger| !trigger.always);
    Ok(off.map(|off| {
        let state =
            if off.disabled { "disabled" } else { "not enabled ALWAYS: sessions that replay changes pass it by" };
        format!("trigger {} is {state}", off.name)
    }))
}

row! {
    struct AuditRow {
        reads: bool,
        prunes: bool,
        published: bool,
        role: String,
        bytes: i64,
    }
}

fn privileges(AuditRow { reads, prunes, published, role, .. }: &AuditRow, findings: &mut Findings) -> bool {
    if !*reads {
        findings.warn("deletes", "no privilege to read pg2duck.audit", format!("{SETUP} --role {role}"));
    } else if !*prunes {
        findings.warn(
            "deletes",
            "no privilege to prune pg2duck.audit: it grows for ever",
            format!("{SETUP} --role {role}"),
        );
    } else if *published {
        findings.warn("deletes", "a publication keeps pg2duck.audit from being pruned: it grows for ever", SETUP);
    }
    *reads && *prunes && !*published
}

row! {
    struct SubscribedRow {
        oid: Oid,
    }
}

/// A subscription's changes fire row triggers only.
async fn subscribed(source: &mut Connection, findings: &mut Findings, tables: &[Relation]) -> Result<bool> {
    let mut none = true;
    for row in rows::all::<SubscribedRow>(source, &SUBSCRIBED.fill(&[])?).await? {
        if let Some(table) = tables.iter().find(|table| table.oid == row.oid.0) {
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
