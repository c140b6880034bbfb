//! Values of hundreds of megabytes. They must fit in memory, a few times over and no more. Of 200 MB in all copies that are made
//! of it on the way (socket, frame, Parquet, DuckDB) 1.6 GB were measured: PG2DUCK_LARGE_VALUE_MB=200 does it again.

use crate::support::Sandbox;
use std::time::Duration;

/// Postgres allows values of 1 GB; binary COPY sends each in one message.
fn megabytes() -> u64 {
    std::env::var("PG2DUCK_LARGE_VALUE_MB").map_or(16, |text| text.parse().expect("a number"))
}

/// Copies a value of this type that has to be as large, and changes it. Returns the peak of resident memory in MiB.
fn peak_with(declared: &str, value: &str) -> u64 {
    let sandbox = Sandbox::new(&format!(
        "CREATE TABLE large (id int PRIMARY KEY, v {declared}); ALTER TABLE large ALTER v SET STORAGE EXTERNAL;
         INSERT INTO large VALUES (1, NULL), (2, {value}), (3, 'small')"
    ))
    .with("DUCKDB_MEMORY_LIMIT", "2GB");
    let digest = |rows: &str| format!("SELECT string_agg(concat_ws(':', id, {rows}), ',' ORDER BY id) FROM large");
    let (source, lake) = match declared {
        "bytea" => (digest("md5(v), length(v)"), digest("md5(v), octet_length(v)")),
        _ => (digest("md5(v), length(v)"), digest("md5(v), length(v)")),
    };
    let mut peak = 0;
    for change in ["SELECT 1", "UPDATE large SET v = v || 'x' WHERE id = 2"] {
        sandbox.sql(change);
        let finished = sandbox.start(&["once"]).finish_within(Duration::from_secs(300));
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_eq!(sandbox.lake_value(&lake), sandbox.value(&source));
        peak = peak.max(finished.peak_kib / 1024);
    }
    peak
}

#[test]
fn a_value_that_fills_memory_alone() {
    let size = megabytes();
    for (declared, value) in [
        ("bytea", format!("decode(repeat('00ff10ab', {}), 'hex')", size * 1_000_000 / 4)),
        ("text", format!("repeat('0123456789', {})", size * 1_000_000 / 10)),
    ] {
        let peak = peak_with(declared, &value);
        println!("{declared} of {size} MB: peak {peak} MiB");
        assert!(peak < 200 + 8 * size, "{declared} of {size} MB: peak {peak} MiB");
    }
}
