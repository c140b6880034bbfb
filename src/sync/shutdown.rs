//! SIGTERM and SIGINT: the first asks the loop to finish what it has in hand, the second ends the process at once.

use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Whoever stops us (Docker, systemd) kills after ten seconds or more; everything is crash-safe, so leave before that.
const PATIENCE: Duration = Duration::from_secs(9);

/// Whether a signal has asked us to stop.
#[derive(Debug, Clone)]
pub struct Shutdown {
    requested: watch::Receiver<bool>,
}

impl Shutdown {
    /// Listens for signals from now on.
    ///
    /// # Errors
    /// The signal handlers cannot be installed.
    pub fn install() -> std::io::Result<Self> {
        let (sender, requested) = watch::channel(false);
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::spawn(listen(terminate, interrupt, sender));
        Ok(Self { requested })
    }

    /// Whether to stop.
    pub fn is_requested(&self) -> bool {
        *self.requested.borrow()
    }

    /// Waits until asked to stop.
    pub async fn requested(&mut self) {
        // The sender lives as long as the process.
        let _ = self.requested.wait_for(|requested| *requested).await;
    }
}

async fn listen(mut terminate: Signal, mut interrupt: Signal, sender: watch::Sender<bool>) {
    either(&mut terminate, &mut interrupt).await;
    tracing::info!("stopping after the batch in hand; a second signal stops at once");
    sender.send_replace(true);
    tokio::select! {
        () = either(&mut terminate, &mut interrupt) => std::process::exit(130),
        () = tokio::time::sleep(PATIENCE) => {
            tracing::warn!("the batch in hand takes too long; stopping without it, the next start goes on from here");
            std::process::exit(0)
        }
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
