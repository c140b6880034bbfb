//! One function decides what every kind of error means for the loop, one what it means for the exit code; the one back-off.

use crate::error::Kind;
use std::time::Duration;

/// What the loop does about an error that ended a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directive {
    /// It may heal: wait, longer each time, and try again.
    Retry,
    /// Someone has to act: end the process.
    Stop,
    /// Nothing is wrong: end the process.
    Finish,
}

/// What `run` does about an error of this kind.
pub fn directive(kind: Kind) -> Directive {
    match kind {
        Kind::Unreachable
        | Kind::Source
        | Kind::LakeBusy
        | Kind::LakeDied
        | Kind::Disk
        | Kind::Memory
        | Kind::Table => Directive::Retry,
        Kind::Config | Kind::Lake | Kind::State | Kind::Internal => Directive::Stop,
        Kind::Stopped => Directive::Finish,
    }
}

/// The exit code of a process that this kind of error ended: 0 all is well, 1 some table failed, 2 nothing could be
/// done with this configuration.
pub fn exit_code(kind: Kind) -> u8 {
    match kind {
        Kind::Stopped => 0,
        Kind::Table | Kind::Source | Kind::LakeBusy | Kind::Memory | Kind::LakeDied | Kind::Internal => 1,
        Kind::Config | Kind::Unreachable | Kind::Lake | Kind::State | Kind::Disk => 2,
    }
}

/// Doubling waits between failed attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    next: Duration,
    cap: Duration,
}

impl Backoff {
    /// Starts at `first` and doubles up to `cap`.
    pub fn new(first: Duration, cap: Duration) -> Self {
        Self { next: first.min(cap), cap }
    }

    /// The wait to take now.
    pub fn next_wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.cap);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        assert_eq!([0; 5].map(|_: i32| backoff.next_wait().as_secs()), [1, 2, 4, 5, 5]);
    }
}
