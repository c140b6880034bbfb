//! Carries out a plan, or prints it. Locks on the application's tables are short: a transaction that cannot have its lock
//! within `LOCK_TIMEOUT` gives up, so that nothing queues behind it for long, and tries again later.

use super::{Plan, Step};
use crate::error::{Error, Result};
use crate::retry::Backoff;
use crate::source::Connection;
use crate::source::errors::statement_error;
use std::time::Duration;

const LOCK_TIMEOUT: &str = "2s";
const ATTEMPTS: u32 = 6;

impl Step {
    /// The statements as psql would run them: what is printed is what is run.
    pub fn sql(&self) -> String {
        let body: String = self.statements.iter().map(|statement| format!("{statement};\n")).collect();
        if self.transaction {
            format!("BEGIN;\nSET LOCAL lock_timeout = '{LOCK_TIMEOUT}';\n{body}COMMIT;\n")
        } else {
            body
        }
    }
}

impl Plan {
    /// The whole plan for a person to read and for psql to run.
    pub fn print(&self) -> String {
        let mut text = String::from("-- pg2duck setup: run with psql -v ON_ERROR_STOP=1\n");
        if self.steps.is_empty() {
            text.push_str("-- Nothing to do: everything is in place.\n");
        }
        for remark in &self.remarks {
            text.push_str(&format!("-- note: {}\n", remark.replace('\n', " ")));
        }
        for step in &self.steps {
            text.push_str(&format!("\n-- {}\n{}", step.what.replace('\n', " "), step.sql()));
        }
        text
    }

    /// Runs every step and says so; a table that cannot be changed does not stop the others. Answers how many failed.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn run(&self, source: &mut Connection, say: impl Fn(&str)) -> Result<usize> {
        // Building an index takes as long as it takes; locks are limited per transaction.
        source
            .execute("SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0")
            .await?;
        let mut failed = 0;
        for (at, step) in self.steps.iter().enumerate() {
            match run(source, step).await? {
                Ok(()) => say(&step.what),
                Err(error) => {
                    failed += 1;
                    say(&format!("{}: FAILED: {error}", step.what));
                    if step.essential {
                        return Ok(self.steps.len() - at);
                    }
                }
            }
        }
        Ok(failed)
    }
}

async fn run(source: &mut Connection, step: &Step) -> Result<Result<(), Error>> {
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(8));
    for attempt in 1..=ATTEMPTS {
        let Err(error) = carry_out(source, step).await else { return Ok(Ok(())) };
        let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        let Some(code) = code else { return Err(statement_error(&error)) };
        if step.transaction {
            source.execute("ROLLBACK").await?;
        }
        // lock_not_available, deadlock_detected
        if !matches!(code.as_str(), "55P03" | "40P01") {
            return Ok(Err(refused(&error, &code)));
        }
        if attempt < ATTEMPTS {
            tokio::time::sleep(backoff.next_wait()).await;
        }
    }
    Ok(Err(Error::table(format!(
        "no lock within {LOCK_TIMEOUT}, {ATTEMPTS} times over: a transaction holds the table; see pg_stat_activity for one that \
         has been open for long, end it, and run setup again, which goes on where this one stopped"
    ))))
}

async fn carry_out(source: &mut Connection, step: &Step) -> Result<(), sqlx::Error> {
    if step.transaction {
        return source.attempt(&step.sql()).await;
    }
    for statement in &step.statements {
        source.attempt(statement).await?;
    }
    Ok(())
}

/// What else can go wrong is for an administrator, to whom the server speaks plainly.
fn refused(error: &sqlx::Error, code: &str) -> Error {
    let said = error.as_database_error().map(|error| error.message().to_owned()).unwrap_or_default();
    let advice = match code {
        "42501" => "; set SETUP_DATABASE_URL to a role that owns the tables and may CREATE in the database",
        "25006" => "; this session is read-only: set SETUP_DATABASE_URL to a role that may write, and to the primary",
        _ => "",
    };
    Error::table(format!("{said}{advice} [SQLSTATE {code}]"))
}
