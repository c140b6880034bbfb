//! What a session with the source needs to know: a part of [`super::Config`], so that nobody needs all of it to connect.

use super::{Config, Source};
use std::time::Duration;

/// How sessions are opened.
#[derive(Debug, Clone)]
pub struct SessionSettings {
    pub server: Source,
    pub statement_timeout: Duration,
    pub lock_timeout: Duration,
}

impl Config {
    /// Sessions of the role that syncs.
    pub fn session(&self) -> SessionSettings {
        self.session_with(&self.source)
    }

    /// Sessions of the role that may change the source, where there is another one for that.
    pub fn setup_session(&self) -> SessionSettings {
        self.session_with(self.setup_source.as_ref().unwrap_or(&self.source))
    }

    fn session_with(&self, server: &Source) -> SessionSettings {
        SessionSettings {
            server: server.clone(),
            statement_timeout: self.statement_timeout,
            lock_timeout: self.lock_timeout,
        }
    }
}
