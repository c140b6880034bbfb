//! The sessions of this process, and the one snapshot that they share: the main session looks and holds the snapshot, a reader
//! reads tables under it.
//!
//! A reader is expendable: whatever the server makes of one table's read, the next read finds a reader under the same snapshot. It
//! holds the locks of what it reads for as long as that takes, and none in between.

use super::connection::Connection;
use super::primary::Primary;
use super::snapshot;
use crate::config::SessionSettings;
use crate::error::{Error, Kind, Result};
use crate::model::sql::literal;
use crate::model::{Activity, Probe, Snapshot};
use std::time::{Duration, Instant};

/// How long others wait for a lock that somebody holds on one table.
const SHORT_LOCK_WAIT: Duration = Duration::from_millis(100);

/// The main session and its readers.
pub struct Sessions {
    settings: SessionSettings,
    main: Option<Connection>,
    /// Readers; while a snapshot is held, only the first is used, and it may be inside its transaction.
    readers: Vec<Connection>,
    /// The server, or a pool before it, grants one session only: the main one has to read as well.
    single: bool,
    held: Option<Held>,
    /// The source is a standby, by the last look at its activity.
    standby: bool,
    /// Of the standby that is read, where it is known.
    primary: Option<Primary>,
}

/// The snapshot that the main session holds for the others.
struct Held {
    /// What readers import it by.
    exported: String,
    /// Whether the first reader sees it already.
    imported: bool,
    /// When the main session last said something: the server ends one that is silent in a transaction for too long.
    touched: Instant,
}

impl Sessions {
    /// Connects the main session and leaves it as it is: enough for a probe.
    ///
    /// # Errors
    /// `Config` where a setting is wrong or refused, `Unreachable` where waiting may help.
    pub async fn connect(settings: SessionSettings) -> Result<Self> {
        let main = Some(Connection::connect(&settings.server).await?);
        let primary = settings.primary().map(Primary::new);
        Ok(Self { settings, main, readers: Vec::new(), single: false, held: None, standby: false, primary })
    }

    /// Makes the sessions what reading tables needs, if they are not yet.
    ///
    /// # Errors
    /// As for [`Sessions::connect`].
    pub async fn configure(&mut self) -> Result<()> {
        if self.main()?.is_configured() {
            return Ok(());
        }
        let settings = self.settings.clone();
        let second = self.main()?.configure(&settings).await?;
        self.single = second.is_none();
        self.main()?.is_only = self.single;
        self.readers.extend(second);
        Ok(())
    }

    /// The session that looks.
    ///
    /// # Errors
    /// `Source`: it was lost.
    pub fn main(&mut self) -> Result<&mut Connection> {
        self.main.as_mut().ok_or_else(|| Error::new(Kind::Source, "the connection to postgres is closed"))
    }

    /// What the source's clock and snapshot are.
    ///
    /// # Errors
    /// What the server said.
    pub async fn probe(&mut self) -> Result<Probe> {
        snapshot::probe(self.main()?).await
    }

    /// The transactions that are open, before the snapshot of a cycle is taken. Of a standby its primary tells, where that is given.
    ///
    /// # Errors
    /// What the server said. A primary that cannot be asked is no error: then what is open is not seen, and why.
    pub async fn observe(&mut self) -> Result<Activity> {
        let activity = snapshot::observe(self.main()?).await?;
        self.standby = activity.unseen.is_some();
        if activity.unseen.is_none() {
            if self.primary.take().is_some() {
                tracing::warn!("PRIMARY_URL is not used: the source is no standby");
            }
            return Ok(activity);
        }
        let Some(primary) = &mut self.primary else {
            let unseen =
                activity.unseen.map(|reason| format!("{reason}; PRIMARY_URL may name its primary, which does"));
            return Ok(Activity { unseen, ..activity });
        };
        let main =
            self.main.as_mut().ok_or_else(|| Error::new(Kind::Source, "the connection to postgres is closed"))?;
        Ok(match primary.observe(main).await {
            Ok(seen) => seen,
            Err(error) => Activity { unseen: Some(error.to_string()), ..activity },
        })
    }

    /// Takes the snapshot of a cycle; `audited`: the audit table is about to be read.
    ///
    /// # Errors
    /// What the server said.
    pub async fn begin(&mut self, audited: bool) -> Result<Snapshot> {
        let silence = self.silence() * 2;
        let standby = self.standby;
        let (snapshot, exported) = snapshot::begin(self.main()?, audited, standby, silence).await?;
        self.held = Some(Held { exported, imported: false, touched: Instant::now() });
        Ok(snapshot)
    }

    /// Lets the snapshot go.
    ///
    /// # Errors
    /// What the server said.
    pub async fn end(&mut self) -> Result<()> {
        let held = self.held.take();
        if held.is_some_and(|held| held.imported)
            && let Some(reader) = self.readers.first_mut()
            && reader.execute("ROLLBACK").await.is_err()
        {
            self.readers.remove(0);
        }
        self.main()?.execute("ROLLBACK").await
    }

    /// Runs one read under the held snapshot, then gives back its locks.
    ///
    /// # Errors
    /// What `work` said. A reader that was lost to it is the table's trouble, unless no other can be had.
    pub async fn read<T>(&mut self, work: impl AsyncFnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        self.touch().await?;
        let reader = self.reader().await?;
        let outcome = match reader.execute("SAVEPOINT pg2duck_read").await {
            Ok(()) => work(reader).await,
            Err(error) => Err(error),
        };
        if !reader.is_in_doubt() && reader.execute("ROLLBACK TO SAVEPOINT pg2duck_read").await.is_ok() {
            return outcome;
        }
        self.lose_reader();
        match outcome {
            Err(error) if error.kind() == Kind::Source => {
                self.reader().await?;
                Err(Error::table(format!("{error}; the next cycle tries again")))
            }
            outcome => outcome,
        }
    }

    /// A reader inside a transaction under the held snapshot.
    async fn reader(&mut self) -> Result<&mut Connection> {
        let lost = || Error::new(Kind::Source, "a reader's connection to postgres is closed");
        let Some(held) = &self.held else {
            return Err(Error::new(Kind::Internal, "read a table: no snapshot is held"));
        };
        if self.single {
            return self.main();
        }
        if held.imported && !self.readers.is_empty() {
            return self.readers.first_mut().ok_or_else(lost);
        }
        let import = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}",
            literal(&held.exported)
        );
        // One that was kept may have been ended by the server meanwhile.
        while let Some(kept) = self.readers.first_mut() {
            if kept.execute(&import).await.is_ok() {
                break;
            }
            self.readers.remove(0);
        }
        if self.readers.is_empty() {
            let mut reader = Connection::open(&self.settings).await?;
            reader.execute(&import).await?;
            self.readers.push(reader);
        }
        if let Some(held) = &mut self.held {
            held.imported = true;
        }
        self.readers.first_mut().ok_or_else(lost)
    }

    fn lose_reader(&mut self) {
        if self.single {
            self.main = None;
        } else if !self.readers.is_empty() {
            self.readers.remove(0);
        }
        if let Some(held) = &mut self.held {
            held.imported = false;
        }
    }

    /// The longest time for which the main session may be silent: a read takes no longer than its statement may.
    fn silence(&self) -> Duration {
        self.settings.statement_timeout
    }

    async fn touch(&mut self) -> Result<()> {
        let half = self.silence() / 2;
        if let Some(held) = &mut self.held
            && held.touched.elapsed() > half
        {
            held.touched = Instant::now();
            self.main()?.execute("SELECT 1").await?;
        }
        Ok(())
    }

    /// The statement that has a read wait for locks a short time only, where the settings do not say a shorter one. It is undone
    /// with the read's savepoint.
    pub fn hurry(&self) -> Option<String> {
        let configured = self.settings.lock_timeout;
        // Zero means to wait for ever.
        let hurries = configured.is_zero() || configured > SHORT_LOCK_WAIT;
        hurries.then(|| format!("SET LOCAL lock_timeout = {}", SHORT_LOCK_WAIT.as_millis()))
    }

    /// How many tables or parts of them can be read at the same time, of so many that are wanted.
    pub fn most_workers(&self, wanted: usize) -> usize {
        if self.single { 1 } else { wanted }
    }

    /// A session for work in snapshots of its own. It is given back, or dropped where it is in doubt.
    ///
    /// # Errors
    /// As for [`Sessions::connect`].
    pub async fn lend(&mut self) -> Result<Connection> {
        if self.single {
            return self.main.take().ok_or_else(|| Error::new(Kind::Source, "the connection to postgres is closed"));
        }
        while let Some(mut kept) = self.readers.pop() {
            // One that was kept may have been ended by the server meanwhile.
            if kept.execute("SELECT 1").await.is_ok() {
                return Ok(kept);
            }
        }
        Connection::open(&self.settings).await
    }

    /// Takes back a session that was lent.
    pub fn give_back(&mut self, connection: Connection) {
        match self.single {
            true => self.main = Some(connection),
            false => self.readers.push(connection),
        }
    }

    /// Opens the main session again where a read on the only one has cost it.
    ///
    /// # Errors
    /// As for [`Sessions::connect`].
    pub async fn restore(&mut self) -> Result<()> {
        if self.main.is_none() {
            let mut main = Connection::open(&self.settings).await?;
            main.is_only = self.single;
            self.main = Some(main);
        }
        Ok(())
    }

    /// Closes what only several workers at a time need.
    pub fn dismiss_workers(&mut self) {
        self.readers.truncate(1);
    }
}
