//! LISTEN: a connection of its own that wakes the loop when the source says that something changed.
//!
//! A notification is only a hint. Lost connections, restarts and missed notifications lose nothing, because the loop polls on
//! its timer all the same; after every reconnection it is woken once, for whatever was said meanwhile.

use crate::config::Source;
use futures_util::FutureExt;
use sqlx::postgres::{PgListener, PgPoolOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What the triggers of `pg2duck setup --notify` notify.
pub const CHANNEL: &str = "pg2duck";

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Wakes whoever waits; one wake-up is kept while nobody does.
pub struct Wake {
    notify: Arc<Notify>,
    listener: Option<JoinHandle<()>>,
}

impl Wake {
    /// Never wakes anybody.
    pub fn never() -> Self {
        Self { notify: Arc::default(), listener: None }
    }

    /// Listens until dropped.
    pub fn listen(source: Source) -> Self {
        let notify: Arc<Notify> = Arc::default();
        let listener = tokio::spawn(listen(source, Arc::clone(&notify)));
        Self { notify, listener: Some(listener) }
    }

    /// Waits for the next notification, and for so long for more of its kind: a burst wakes once.
    pub async fn notified(&self, debounce: Duration) {
        self.notify.notified().await;
        tokio::time::sleep(debounce).await;
        let _ = self.notify.notified().now_or_never();
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

async fn listen(source: Source, notify: Arc<Notify>) {
    let mut wait = FIRST_WAIT;
    loop {
        let error = match connect(&source).await {
            Ok(mut listener) => {
                tracing::debug!("listening on channel {CHANNEL}");
                wait = FIRST_WAIT;
                loop {
                    notify.notify_one();
                    match listener.try_recv().await {
                        Ok(Some(_)) => {}
                        Ok(None) => break "the connection was closed".to_owned(),
                        Err(error) => break error.to_string(),
                    }
                }
            }
            Err(error) => error.to_string(),
        };
        tracing::warn!(
            "listen on channel {CHANNEL}: {error}; polling goes on, trying again in {} s",
            wait.as_secs_f32()
        );
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn connect(source: &Source) -> Result<PgListener, sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(source.options.clone()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.ignore_pool_close_event(true);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
