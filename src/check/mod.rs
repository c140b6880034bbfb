//! The preflight: what keeps tables from being synced, or makes it dearer than it need be, each with its fix.
//!
//! It only reads, and asks the source for nothing that could take long without a bound. What cannot be known is said so.

pub mod place;
pub mod server;
pub mod table;
pub mod triggers;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::retry::exit_code;
use crate::source::Connection;
use serde::Serialize;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Ok,
    /// It works, but later, dearer or less exactly than it could.
    Warning,
    /// Something is not synced.
    Problem,
}

/// One line of the answer.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    pub level: Level,
    pub subject: String,
    pub message: String,
    /// What to do about it.
    pub fix: Option<String>,
}

/// The whole answer.
#[derive(Debug, Serialize)]
pub struct Report {
    /// No finding is a problem.
    pub ok: bool,
    pub findings: Vec<Finding>,
    #[serde(skip)]
    pub exit_code: u8,
}

/// Collects findings.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, subject: impl ToString, message: impl Into<String>) {
        self.0.push(Finding { level: Level::Ok, subject: subject.to_string(), message: message.into(), fix: None });
    }

    fn warn(&mut self, subject: impl ToString, message: impl Into<String>, fix: impl Into<String>) {
        self.0.push(Finding {
            level: Level::Warning,
            subject: subject.to_string(),
            message: message.into(),
            fix: Some(fix.into()),
        });
    }

    /// Our errors are `what is wrong; what to do`.
    fn problem(&mut self, subject: impl ToString, error: &Error) {
        let (subject, text) = (subject.to_string(), error.to_string());
        let text = text.strip_prefix(&format!("{subject} ")).unwrap_or(&text);
        let (message, fix) = match text.split_once("; ") {
            Some((message, fix)) => (message.to_owned(), Some(fix.to_owned())),
            None => (text.to_owned(), None),
        };
        self.0.push(Finding { level: Level::Problem, subject, message, fix });
    }

    fn into_report(self, exit_code: Option<u8>) -> Report {
        let ok = !self.0.iter().any(|finding| finding.level == Level::Problem);
        Report { ok, findings: self.0, exit_code: exit_code.unwrap_or(u8::from(!ok)) }
    }
}

impl Report {
    /// Nothing could be looked at.
    pub fn refused(subject: &str, error: &Error) -> Self {
        let mut findings = Findings::default();
        findings.problem(subject, error);
        findings.into_report(Some(exit_code(error.kind())))
    }
}

/// Looks at everything.
pub async fn run(config: &Config) -> Report {
    let mut findings = Findings::default();
    let looked = source(config, &mut findings).await;
    place::check(config, &mut findings, *looked.as_ref().unwrap_or(&0));
    match looked {
        Ok(_) => findings.into_report(None),
        Err(error) => {
            findings.problem("source", &error);
            findings.into_report(Some(exit_code(error.kind())))
        }
    }
}

/// What there is to say of the source; answers the bytes that its tables take.
async fn source(config: &Config, findings: &mut Findings) -> Result<u64> {
    let mut source = Connection::open(&config.session()).await?;
    server::check(&mut source, config, findings).await?;
    let tables = table::check(&mut source, config, findings).await?;
    triggers::check(&mut source, config, findings, &tables).await?;
    table::bytes(&mut source, &tables).await
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        10_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}
