//! What is seen in the source and not on its disk yet.
//!
//! With `synchronous_commit = off` a transaction is visible before its commit is on the disk. A crash then takes it back and gives its
//! id to another one, which a fence from before would take for seen. So nothing that was read counts before the log is on the disk up to
//! where it stood at the snapshot: whatever had ended by then has ended for good, and its id is never used again.

use super::connection::Connection;
use super::rows::{self, row};
use super::sql::{Template, Value, template};
use crate::error::{Error, Kind, Result};
use std::time::{Duration, Instant};

const WAL: Template = template!("wal");
const FLUSHED: Template = template!("flushed");
const REPLAYED: Template = template!("replayed");

/// The server flushes what was committed within three rounds of its WAL writer, says its manual of `synchronous_commit`.
const ROUNDS: u32 = 3;
/// How much longer such rounds may take.
const SLACK: Duration = Duration::from_millis(200);
/// How long a server may take whose disk cannot keep up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(50);

row! {
    struct Positions {
        written: i64,
        flushed: i64,
    }
}

row! {
    /// How far a standby has replayed the log, in bytes, and of which timeline.
    pub struct Replayed {
        pub replayed: i64,
        pub timeline: String,
    }
}

row! {
    struct Flushed {
        flushed: i64,
        page: i64,
        delay: i64,
    }
}

/// Waits until what a snapshot saw is on the source's disk. `unflushed`: where the log stood at the snapshot, in bytes, if its end was
/// not on the disk then.
///
/// # Errors
/// `Source`: it does not get there, or the session was lost.
pub async fn wait_for_disk(source: &mut Connection, unflushed: Option<u64>) -> Result<()> {
    match unflushed {
        Some(written) => flushed(source, written).await.map(drop),
        None => Ok(()),
    }
}

/// Where the log of a primary ends that holds all that has ended there by now; it is on the disk, and so can reach a standby.
///
/// # Errors
/// `Table`: the server does not tell. What [`wait_for_disk`] may say.
pub async fn end_of_what_lasts(primary: &mut Connection) -> Result<i64> {
    let sql = WAL.fill(&[("tells_flush", Value::Bool(primary.tells_flush))])?;
    let positions: Vec<Positions> = rows::all(primary, &sql).await?;
    let Some(Positions { written, flushed: on_disk }) = positions.first() else {
        return Err(Error::table("look how far the primary's log is written: the server does not tell"));
    };
    match on_disk >= written {
        true => Ok(*written),
        false => Ok(flushed(primary, written.cast_unsigned()).await?.cast_signed()),
    }
}

/// How far a standby has replayed the log.
///
/// # Errors
/// What the server said.
pub async fn replayed(standby: &mut Connection) -> Result<Replayed> {
    rows::one(standby, "look how far the standby has replayed the log", &REPLAYED.fill(&[])?).await
}

/// The same once it has replayed the log up to this position, or once that time is over.
///
/// # Errors
/// What the server said.
pub async fn replayed_up_to(standby: &mut Connection, end: i64, patience: Duration) -> Result<Replayed> {
    let (began, mut pause) = (Instant::now(), SHORTEST);
    loop {
        let now = replayed(standby).await?;
        if now.replayed >= end || began.elapsed() > patience {
            return Ok(now);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

/// Waits until all that had ended when the log stood at `written` is on the disk; answers up to where that is.
async fn flushed(source: &mut Connection, written: u64) -> Result<u64> {
    let (began, mut pause) = (Instant::now(), SHORTEST);
    let sql = FLUSHED.fill(&[])?;
    loop {
        let row: Flushed = rows::one(source, "look how far the source's log is on its disk", &sql).await?;
        let [flushed, page, delay] = [row.flushed, row.page, row.delay].map(i64::cast_unsigned);
        let flush = Flush { flushed, page, round: Duration::from_millis(delay) };
        if flush.holds(written, began.elapsed()) {
            return Ok(flush.flushed.min(written));
        }
        if began.elapsed() > flush.longest() + PATIENCE {
            return Err(Error::new(
                Kind::Source,
                format!(
                    "wait for the source's disk: what was read is not on it after {} s, so a crash could take it back: nothing was \
                     applied; is its disk full or its WAL writer stopped?",
                    began.elapsed().as_secs()
                ),
            ));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

/// How far the log is on the disk.
struct Flush {
    /// In bytes, as the size of a page.
    flushed: u64,
    page: u64,
    /// How often the WAL writer looks.
    round: Duration,
}

impl Flush {
    /// Whether all transactions that had ended when the log stood at `written` are on the disk.
    ///
    /// What is written of open transactions is flushed once it fills a page; the end of the last page may stay for as long as nobody
    /// commits. What was committed does not.
    fn holds(&self, written: u64, waited: Duration) -> bool {
        let full_pages = written - written % self.page.max(1);
        self.flushed >= written || (self.flushed >= full_pages && waited > self.longest())
    }

    fn longest(&self) -> Duration {
        self.round * ROUNDS + SLACK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_last_page_is_waited_for_as_long_as_it_may_hold_a_commit() {
        let flush = |flushed| Flush { flushed, page: 8192, round: Duration::from_millis(200) };
        let (soon, late) = (Duration::from_millis(799), Duration::from_millis(801));
        let written = 3 * 8192 + 100;
        assert!(flush(written).holds(written, Duration::ZERO));
        assert!(!flush(written - 1).holds(written, soon));
        assert!(flush(3 * 8192).holds(written, late));
        assert!(!flush(3 * 8192 - 1).holds(written, late), "a page that is full and not on the disk may hold anything");
    }
}
