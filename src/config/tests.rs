use super::*;
use crate::model::{ReadAs, TableName};

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
    assert_eq!(lake("{schema}.{table}", "public", "users"), "public.users");
    assert_eq!(lake("{schema}.{table}", "main", "users"), "main.users");
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
    let retention = |text| settings::PARQUET_RETENTION.parse("X", text);
    assert_eq!(retention("12h"), Ok(Retention::Age(Duration::from_secs(43_200))));
    assert_eq!(retention("500"), Ok(Retention::Count(500)));
    assert_eq!(retention("forever"), Ok(Retention::Forever));
    let length = |text| settings::LOCK_TIMEOUT.parse("X", text);
    assert_eq!(length("5min"), Ok(Duration::from_secs(300)));
    assert!(length("999999999999999999999d").is_err());
    let memory = |text| settings::DUCKDB_MEMORY_LIMIT.parse("X", text);
    assert_eq!(memory("2 GB"), Ok(Memory::megabytes(2000)));
    assert!(memory("lots").is_err() && memory("5").is_err() && memory("99999999999GB").is_err());
}

#[test]
fn every_variable_has_one_setting_and_every_setting_its_variable() {
    // Each variable holds its own name.
    let variables = settings::all().flat_map(|setting| setting.about().variables());
    let raw = RawEnv::from_vars(variables.map(|name| (name.clone(), name)));
    assert_eq!(raw.problems, [], "a name is given to two settings");
    let fields = serde_json::to_value(&raw).expect("strings can be printed");
    for (field, value) in fields.as_object().expect("a struct") {
        assert_eq!(value.as_str(), Some(field.to_uppercase().as_str()), "no setting has the variable {field}");
    }
    for setting in settings::all().map(|setting| setting.about()) {
        assert_eq!(setting.text(&raw), setting.text.map(|_| setting.name), "{} reads another variable", setting.name);
        let file = setting.file.and_then(|file| file(&raw).clone());
        assert_eq!(file, setting.file.map(|_| format!("{}_FILE", setting.name)), "{} reads another file", setting.name);
    }
    let mut of_tables: Vec<_> = settings::of_tables().map(|(name, _)| name).collect();
    let count = of_tables.len();
    of_tables.sort_unstable();
    of_tables.dedup();
    assert_eq!(of_tables.len(), count, "a name is given to two settings of tables");
}

#[test]
fn every_default_is_what_its_setting_accepts() {
    for setting in settings::all() {
        let about = setting.about();
        let problem = about.default.and_then(|default| setting.problem(about.name, default));
        assert_eq!(problem, None, "{}", about.name);
    }
}

#[test]
fn every_setting_says_what_it_means_and_accepts() {
    for setting in settings::all() {
        let (about, form) = (setting.about(), setting.form());
        assert!(about.meaning.ends_with('.') && !form.is_empty() && !form.ends_with('.'), "{}", about.name);
        assert!(!format!("{form}{}{}", about.meaning, about.unset).contains('|'), "{} would break a table", about.name);
    }
}

#[test]
fn a_setting_spelled_in_another_case_is_a_problem_and_hides_no_other() {
    let vars = [URL, ("listen", "x"), ("LISTEN", "false"), ("Sync_Table_Orders_Mode", "full"), ("BATCH_SIZE", "0")];
    let error = config(&vars).expect_err("two names in another case").to_string();
    for part in [
        "3 settings",
        "listen: settings are spelled in upper case; rename it to LISTEN",
        "SYNC_TABLE_ORDERS_MODE",
        "BATCH_SIZE=0",
    ] {
        assert!(error.contains(part), "{part:?} is missing in:\n{error}");
    }
    let error = config(&[("database_url", URL.1)]).expect_err("no source").to_string();
    assert!(error.contains("rename it to DATABASE_URL") && !error.contains("hunter2"), "{error}");
    assert!(config(&[URL, ("listen", " "), ("listens", "x"), ("Path", "x")]).is_ok(), "empty, or not ours");
}

#[test]
fn a_value_that_is_not_text_is_a_problem_of_its_setting() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let bytes = || OsString::from_vec(vec![b'/', 0xff]);
    let vars = [("DATABASE_URL", URL.1.into()), ("LISTEN", bytes()), ("OTHER", bytes())];
    let error = Config::from_raw(&RawEnv::from_vars(vars)).expect_err("not text").to_string();
    assert_eq!(error, "LISTEN: its value is not text in UTF-8; set it anew, or unset it");
    assert!(state_dir(&RawEnv::from_vars([("STATE_DIR", bytes())])).is_err(), "`status` would look elsewhere");
}

#[test]
fn a_variable_that_the_environment_holds_twice_is_a_problem() {
    let error = config(&[URL, ("LISTEN", "true"), ("LISTEN", "false")]).expect_err("twice").to_string();
    assert_eq!(error, "LISTEN is set twice: keep one");
}

#[test]
fn every_secret_that_cannot_be_read_is_named() {
    let vars = [
        ("DATABASE_URL_FILE", "/nowhere/url"),
        ("POSTGRES_PASSWORD_FILE", "/nowhere/password"),
        ("MASK_SALT", "a"),
        ("MASK_SALT_FILE", "b"),
    ];
    let error = config(&vars).expect_err("three secrets").to_string();
    for part in [
        "3 settings",
        "DATABASE_URL_FILE=/nowhere/url",
        "POSTGRES_PASSWORD_FILE=/nowhere/password",
        "MASK_SALT and MASK_SALT_FILE",
    ] {
        assert!(error.contains(part), "{part:?} is missing in:\n{error}");
    }
}

#[test]
fn a_list_of_columns_names_at_least_one() {
    let error = config(&[URL, ("SYNC_TABLE_T_PRIMARY_KEY", " , ")]).expect_err("no column").to_string();
    assert!(error.contains("SYNC_TABLE_T_PRIMARY_KEY= , : expected columns"), "{error}");
}

#[test]
fn a_column_is_said_to_be_json_or_text_once() {
    let types = |text: &str| config(&[URL, ("SYNC_TABLE_T_TYPE", text)]);
    let table = types(r#" tags:json, "a, ""b"":c" : TEXT,"#).expect("valid").tables.of(&TableName::new("public", "t"));
    let expected = [("tags".to_owned(), ReadAs::Json), ("a, \"b\":c".to_owned(), ReadAs::Text)];
    assert_eq!(table.types.as_deref(), Some(&expected[..]));
    for (text, complaint) in [
        ("a:jsn", r#""a:jsn" is no column with :json or :text behind it"#),
        ("a:json,b", r#""b" is no column with :json or :text behind it"#),
        ("a:b:text", r#""a:b:text" is no column"#),
        (":json", r#"":json" is no column"#),
        ("a:json,a:text", r#"column "a" is named twice"#),
        (" , ", "expected columns"),
    ] {
        let error = types(text).expect_err(text).to_string();
        assert!(error.contains(&format!("SYNC_TABLE_T_TYPE={text}: {complaint}")), "{error}");
        assert!(
            error.contains("expected columns and what each is read as, json or text, such as tags:json"),
            "{error}"
        );
    }
}

#[test]
fn what_is_not_built_is_refused() {
    let error = config(&[URL, ("READERS", "published"), ("HTTP_LISTEN", ":80")]).expect_err("two").to_string();
    for part in [
        "READERS=published: this version knows only READERS=direct",
        "HTTP_LISTEN=:80: this version has no HTTP endpoint; unset it",
    ] {
        assert!(error.contains(part), "{part:?} is missing in:\n{error}");
    }
    assert!(config(&[URL, ("READERS", "DIRECT")]).is_ok());
}

#[test]
fn the_port_counts_with_its_host_only() {
    // As Kubernetes sets it beside a service that is called postgres.
    let port = ("POSTGRES_PORT", "tcp://10.96.0.1:5432");
    assert!(config(&[URL, port]).is_ok());
    let error = config(&[("POSTGRES_HOST", "db"), port]).expect_err("no port").to_string();
    assert_eq!(
        error,
        "POSTGRES_PORT=tcp://10.96.0.1:5432: expected a whole number from 1 to 65535, as in POSTGRES_PORT=5432"
    );
}
