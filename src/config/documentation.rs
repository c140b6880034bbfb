//! `docs/settings.md`, generated from the table of settings: `make docs` writes it, a test compares it. The settings that
//! README.md names are compared with it too.

use super::setting::Described;
use super::settings::{self, GROUPS, PER_TABLE};
use std::fmt::Write;

const HEAD: &str = "\
# Settings

Everything that can be set, as environment variables. Only `DATABASE_URL` (or `POSTGRES_HOST` and its like) is needed; usually
`SYNC_TABLES` comes next. Names are in upper case; an empty variable counts as unset; whatever is wrong is told in one message,
before anything is done. Generated from the table in `src/config/settings/` by `make docs`.

**Of a single table**: where a second name is given, as in `SYNC_TABLE_<NAME>_MODE`, the setting may be said of one table, and
then counts for it alone. `<NAME>` is the table's name in upper case, every character but letters and digits an underscore:
`SYNC_TABLE_ORDER_LINES_MODE=history` is about `order_lines` and `\"Order Lines\"` in any schema,
`SYNC_TABLE_BILLING_ORDER_LINES_MODE` about that of schema `billing`, and wins.

**Secrets from files**: where a second name ends in `_FILE`, the value may be in a file, such as a Docker secret, of which this is
the path: `DATABASE_URL_FILE=/run/secrets/database_url`. A newline at its end does not count. Messages and logs show no secret.
";

/// One row: names, default, form, meaning.
fn row(setting: &dyn Described) -> [String; 4] {
    let about = setting.about();
    let per_table = about.per_table.map(|name| format!("{PER_TABLE}<NAME>_{name}"));
    let names = about.variables().chain(per_table).map(|name| format!("`{name}`"));
    let default = match about.default {
        None | Some("") if about.unset.is_empty() => "none".to_owned(),
        None | Some("") => about.unset.to_owned(),
        Some(default) => format!("`{default}`"),
    };
    [names.collect::<Vec<_>>().join("<br>"), default, setting.form(), about.meaning.to_owned()]
}

fn generated() -> String {
    let mut page = HEAD.to_owned();
    for group in &GROUPS {
        let _ = write!(page, "\n## {}\n\n| name | default | accepted | meaning |\n|---|---|---|---|\n", group.title);
        for setting in group.settings {
            let [names, default, form, meaning] = row(*setting);
            // Forms are plain words, in which an asterisk is itself.
            let _ = writeln!(page, "| {names} | {default} | {} | {meaning} |", form.replace('*', "\\*"));
        }
    }
    page
}

#[test]
fn the_page_of_settings_is_that_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md");
    let page = generated();
    if std::env::var_os("PG2DUCK_WRITE_DOCS").is_some() {
        std::fs::write(path, &page).expect("docs/settings.md can be written");
    }
    assert!(
        std::fs::read_to_string(path).is_ok_and(|found| found == page),
        "docs/settings.md is stale; run: make docs"
    );
}

#[test]
fn the_readme_names_ten_settings_with_their_defaults() {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("\n## Settings\n").expect("a section of settings");
    let section = section.split("\n## ").next().expect("its text");
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 10);
    for cells in rows {
        let setting = settings::all().find(|setting| format!("`{}`", setting.about().name) == cells[0]);
        let [_, default, ..] = row(setting.unwrap_or_else(|| panic!("{} is no setting", cells[0])));
        assert_eq!(cells[1], default, "the default of {}", cells[0]);
    }
}
