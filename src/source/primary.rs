//! The primary of a standby that is read: it tells which transactions are open, which no standby can.
//!
//! What it tells holds for every snapshot that the standby takes once it has replayed the log up to where it stood after the look:
//! whatever had ended in between is seen there, whatever had not began no earlier than the primary said.

use super::connection::Connection;
use super::{snapshot, wal};
use crate::config::SessionSettings;
use crate::error::{Error, Result};
use crate::model::Activity;
use std::time::Duration;

/// How far the standby may lag before its tables are read without the primary's help. The next cycle asks again.
const MOST_LAG: Duration = Duration::from_secs(10);

/// A session with the primary, opened when it is first needed.
pub struct Primary {
    settings: SessionSettings,
    session: Option<Connection>,
}

impl Primary {
    /// Not connected yet.
    pub fn new(settings: SessionSettings) -> Self {
        Self { settings, session: None }
    }

    /// The transactions that are open on the primary; when this returns, the standby has replayed all that ended before.
    ///
    /// # Errors
    /// The primary cannot be asked, is none, or is that of another cluster; the standby is too far behind, or was lost.
    pub async fn observe(&mut self, standby: &mut Connection) -> Result<Activity> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.connect(standby).await?,
        };
        // A session that has failed is not kept.
        let before = wal::replayed(standby).await?;
        let activity = snapshot::observe(&mut session).await?;
        if let Some(reason) = &activity.unseen {
            return Err(Error::table(format!("PRIMARY_URL at {}: {reason}", self.settings.server.address())));
        }
        let timeline = snapshot::identify(&mut session).await?.timeline;
        let end = wal::end_of_what_lasts(&mut session).await?;
        let now = wal::replayed_up_to(standby, end, MOST_LAG).await?;
        // Another server may have been promoted: then the standby follows that one, and this one's transactions are not its own.
        let follows = [&before, &now].iter().all(|standing| timeline.as_ref() == Some(&standing.timeline));
        if !follows || before.replayed > end {
            return Err(Error::table(format!(
                "PRIMARY_URL at {} is not the server that the source follows: it writes timeline {}, the source replays {}",
                self.settings.server.address(),
                timeline.as_deref().unwrap_or("unknown"),
                now.timeline
            )));
        }
        self.session = Some(session);
        match now.replayed >= end {
            true => Ok(activity),
            false => {
                let seconds = MOST_LAG.as_secs();
                Err(Error::table(format!("the standby is more than {seconds} s behind its primary")))
            }
        }
    }

    async fn connect(&self, standby: &mut Connection) -> Result<Connection> {
        let mut session = Connection::open(&self.settings).await?;
        let [there, here] = [snapshot::identify(&mut session).await?, snapshot::identify(standby).await?];
        match there.origin().is_some() && there.origin() == here.origin() {
            true => Ok(session),
            false => Err(Error::table(format!(
                "PRIMARY_URL at {} is not the primary of the source: its cluster or database is another one, or the role may not \
                 ask pg_control_system()",
                self.settings.server.address()
            ))),
        }
    }
}
