use super::*;
use crate::model::TableName;

fn config(vars: &[(&str, &str)]) -> Result<Config> {
    Config::from_raw(&RawEnv::from_vars(vars.iter().map(|(name, value)| (name.to_string(), value.to_string()))))
}

const URL: (&str, &str) = ("DATABASE_URL", "postgres://u:hunter2@db:5433/app");

fn selects(list: &str, schema: &str, table: &str) -> bool {
    config(&[URL, ("SYNC_TABLES", list)]).expect("valid").selection.selects(&TableName::new(schema, table))
}

#[test]
fn every_problem_is_reported_at_once() {
    let error = config(&[
        ("BATCH_SIZE", "0"),
        ("SYNC_INTERVAL_SECONDS", "abc"),
        ("POSTGRES_SSLMODE", "maybe"),
        ("PARQUET_RETENTION", "7 apples"),
        ("SYNC_MODE", "teleport"),
        ("SYNC_TABLE_ORDERS_COLOUR", "red"),
    ])
    .expect_err("six bad settings and no source")
    .to_string();
    for part in [
        "7 settings",
        "BATCH_SIZE=0",
        "SYNC_INTERVAL_SECONDS=abc",
        "POSTGRES_SSLMODE=maybe: expected disable",
        "PARQUET_RETENTION=7 apples",
        "SYNC_MODE=teleport",
        "SYNC_TABLE_ORDERS_COLOUR",
        "set DATABASE_URL=",
    ] {
        assert!(error.contains(part), "{part:?} is missing in:\n{error}");
    }
}

#[test]
fn secrets_appear_in_no_message_and_no_debug_output() {
    let valid = config(&[URL]).expect("valid");
    assert_eq!(valid.source.to_string(), "db:5433/app");
    assert!(!format!("{valid:?}").contains("hunter2"));
    for url in
        ["mysql://u:hunter2@db/app", "postgres://u:hunter2@db:notaport/app", "postgres://u:hunter2@db/app?sslmode=x"]
    {
        let error = config(&[("DATABASE_URL", url)]).expect_err("bad url").to_string();
        assert!(error.contains("DATABASE_URL") && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let config = config(&[URL, ("BATCH_SIZE", ""), ("POSTGRES_HOST", " "), ("SYNC_TABLES", "")]).expect("valid");
    assert_eq!(config.batch_size, 10_000);
}

#[test]
fn patterns_include_and_exclude() {
    assert!(selects("public.*,!public.sessions", "public", "orders"));
    assert!(!selects("public.*,!public.sessions", "public", "sessions"));
    assert!(selects("billing.inv*", "billing", "invoices"));
    assert!(selects("orders", "public", "orders"));
    assert!(!selects("orders", "other", "orders"));
    assert!(selects(r#"public."a.b, *c""#, "public", "a.b, *c"));
    assert!(!selects(r#"public."a*""#, "public", "ab"));
    assert!(selects("*.*", "any", "thing"));
}

#[test]
fn named_tables_are_those_without_wildcards() {
    let config = config(&[URL, ("SYNC_TABLES", r#"public.*,"My Table",billing.x"#)]).expect("valid");
    let named: Vec<_> = config.selection.named().map(|name| name.to_string()).collect();
    assert_eq!(named, ["public.My Table", "billing.x"]);
}

#[test]
fn lake_names_follow_the_template() {
    let lake = |template: &str, schema: &str, table: &str| {
        let vars = [URL, ("DUCKDB_TABLE", template)];
        config(&vars).expect("valid").lake_table.apply(&TableName::new(schema, table)).to_string()
    };
    assert_eq!(lake("", "public", "users"), "main.users");
    assert_eq!(lake("", "billing", "users"), "billing.users");
    assert_eq!(lake("analytics_{table}", "billing", "users"), "main.analytics_users");
    assert_eq!(lake("raw.{schema}_{table}", "public", "users"), "raw.public_users");
    assert!(config(&[URL, ("DUCKDB_TABLE", "{tabel}")]).is_err());
    assert!(config(&[URL, ("DUCKDB_TABLE", "a.b.c")]).is_err());
}

#[test]
fn table_settings_win_over_global_ones() {
    let config = config(&[
        URL,
        ("CURSOR_COLUMN", "changed"),
        ("SYNC_TABLE_ORDER_LINES_PRIMARY_KEY", r#"order_id, "Line, No""#),
        ("SYNC_TABLE_BILLING_ORDER_LINES_CURSOR_COLUMN", "xmin"),
    ])
    .expect("valid");
    let lines = config.tables.of(&TableName::new("billing", "order lines"));
    assert_eq!(lines.key.as_deref(), Some(&["order_id".to_owned(), "Line, No".to_owned()][..]));
    assert_eq!(lines.cursor.as_deref(), Some("xmin"));
    assert_eq!(config.tables.of(&TableName::new("public", "other")).cursor.as_deref(), Some("changed"));
}

#[test]
fn durations_and_retention_have_units() {
    assert_eq!(Retention::parse(Some("12h")), Ok(Retention::Age(Duration::from_secs(43_200))));
    assert_eq!(Retention::parse(Some("500")), Ok(Retention::Count(500)));
    assert_eq!(Retention::parse(Some("forever")), Ok(Retention::Forever));
    assert_eq!(values::duration("X", Some("5min"), Duration::ZERO), Ok(Duration::from_secs(300)));
    assert!(values::duration("X", Some("999999999999999999999d"), Duration::ZERO).is_err());
    let memory = |text| Memory::parse("X", Some(text), Memory::megabytes(1));
    assert_eq!(memory("2 GB"), Ok(Memory::megabytes(2000)));
    assert!(memory("lots").is_err() && memory("5").is_err() && memory("99999999999GB").is_err());
}
