//! `_pg2duck.rejects` tells of rows as they are now: a deleted row's values are not listed any more, in no mode and however
//! its delete was noticed.

use crate::support::Sandbox;

const ODD: &str = "CREATE TABLE odd (id int PRIMARY KEY, amount numeric(10, 2));
    INSERT INTO odd VALUES (1, 'NaN'), (2, 'NaN'), (3, 'NaN'), (4, 4);";

fn listed(sandbox: &Sandbox) -> String {
    sandbox.lake_value("SELECT coalesce(string_agg(key->>'id', ' ' ORDER BY key), '') FROM _pg2duck.rejects")
}

#[test]
fn a_deleted_row_takes_its_rejects_with_it() {
    for mode in ["mirror", "soft_delete", "history", "append", "full"] {
        for audit in ["none", "keys", "full"] {
            let mut sandbox = Sandbox::new(ODD).with("SYNC_MODE", mode).with("DIFF_INTERVAL", "0s");
            if audit != "none" {
                let url =
                    format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
                sandbox.set("SETUP_DATABASE_URL", url);
                assert_eq!(sandbox.call(&["setup", "--audit", audit]).code, Some(0));
            }
            let how = format!("{mode}, audit {audit}");
            sandbox.once();
            assert_eq!(listed(&sandbox), "1 2 3", "{how}");
            // One goes, one goes and comes back as bad, one is mended, and two are new: one of them good in the end.
            sandbox
                .sql("DELETE FROM odd WHERE id IN (1, 2); INSERT INTO odd VALUES (2, 'NaN'), (5, 'NaN'), (6, 'NaN')");
            sandbox.sql("UPDATE odd SET amount = 1 WHERE id IN (3, 6); INSERT INTO odd VALUES (7, 'NaN')");
            sandbox.sql("DELETE FROM odd WHERE id = 7");
            sandbox.once();
            assert_eq!(listed(&sandbox), "2 5", "{how}");
            assert_eq!(sandbox.status("public.odd").expect("a table")["rejects"], 2, "{how}");
            sandbox.sql("DELETE FROM odd WHERE id IN (2, 5)");
            sandbox.once();
            assert_eq!(listed(&sandbox), "", "{how}");
        }
    }
}
