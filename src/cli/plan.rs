//! `pg2duck plan [--json]`: what the next cycle would do with each table, and why. Changes nothing; works beside a running
//! pg2duck.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::sync::preview::{Does, Preview, TablePreview, preview};
use std::collections::BTreeMap;

/// Prints the plan; 0 when every table can be synced, 1 when some cannot.
pub async fn execute(config: Config, json: bool) -> Result<u8> {
    let preview = preview(&config).await?;
    let text = if json {
        serde_json::to_string_pretty(&preview).map_err(|error| Error::internal(format!("print the plan: {error}")))?
    } else {
        print(&preview)
    };
    // A reader that closed the pipe has seen enough.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("{}\n", text.trim_end()).as_bytes());
    let refused = preview.tables.iter().any(|table| matches!(table.does, Does::Refuse | Does::Wait));
    Ok(u8::from(refused))
}

/// The counts first, then what is not routine, then the rest.
fn print(preview: &Preview) -> String {
    if let Some(up_to_date) = &preview.up_to_date {
        return up_to_date.clone();
    }
    let mut counts: BTreeMap<Does, usize> = BTreeMap::new();
    preview.tables.iter().for_each(|table| *counts.entry(table.does).or_default() += 1);
    let counts: Vec<String> = counts.iter().map(|(does, count)| format!("{count} {}", does.name())).collect();
    let mut text = format!("{} tables: {}\n", preview.tables.len(), counts.join(", "));
    if let Some(unknown) = &preview.unknown {
        text.push_str(&format!("not known: {unknown}\n"));
    }
    let width = preview.tables.iter().map(|table| table.table.chars().count()).max().unwrap_or(0);
    let (routine, special): (Vec<&TablePreview>, Vec<&TablePreview>) =
        preview.tables.iter().partition(|table| table.does.is_routine());
    for tables in [special, routine] {
        if !tables.is_empty() {
            text.push('\n');
        }
        for table in tables {
            text.push_str(&line(table, width));
        }
    }
    text
}

fn line(table: &TablePreview, width: usize) -> String {
    let TablePreview { table: name, does, why, reads, last_error, .. } = table;
    let reads = if *does == Does::Refuse || *does == Does::Wait { String::new() } else { format!("; reads {reads}") };
    let before = last_error.as_ref().filter(|error| *error != why);
    let before = before.map(|error| format!("; failed last time: {error}")).unwrap_or_default();
    format!("{name:<width$}  {:<12}  {why}{reads}{before}\n", does.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, does: Does, why: &str) -> TablePreview {
        TablePreview {
            table: name.into(),
            lake_table: String::new(),
            does,
            why: why.into(),
            reads: "an index range".into(),
            last_error: None,
        }
    }

    #[test]
    fn counts_come_first_then_what_is_not_routine() {
        let tables = vec![
            table("public.c", Does::Refuse, "it has no primary key"),
            table("public.a", Does::Poll, "by updated_at since 2026-11-26 10:00:00"),
            table("public.bb", Does::Poll, "by updated_at since 2026-11-26 10:00:00"),
        ];
        let printed = print(&Preview { up_to_date: None, unknown: None, tables });
        assert_eq!(
            printed,
            "3 tables: 1 refuse, 2 poll\n\
             \n\
             public.c   refuse        it has no primary key\n\
             \n\
             public.a   poll          by updated_at since 2026-11-26 10:00:00; reads an index range\n\
             public.bb  poll          by updated_at since 2026-11-26 10:00:00; reads an index range\n"
        );
    }
}
