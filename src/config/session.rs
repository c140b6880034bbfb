//! What a session with the source needs to know: a part of [`super::Config`], so that nobody needs all of it to connect.

use super::{Config, Source};
use std::time::Duration;

/// How sessions are opened.
#[derive(Debug, Clone)]
pub struct SessionSettings {
    pub server: Source,
    /// The server that `server` is a standby of.
    pub primary_server: Option<Source>,
    pub statement_timeout: Duration,
    pub lock_timeout: Duration,
}

impl SessionSettings {
    /// The same for the primary, where it is given.
    pub fn primary(&self) -> Option<Self> {
        let server = self.primary_server.clone()?;
        Some(Self { server, primary_server: None, ..self.clone() })
    }
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
            primary_server: self.primary.clone(),
            statement_timeout: self.statement_timeout,
            lock_timeout: self.lock_timeout,
        }
    }
}
