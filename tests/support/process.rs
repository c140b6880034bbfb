//! Runs the binary under test: to its end with a deadline, or in the background until told to stop. Whatever it prints is
//! kept, and must never hold the password.

use super::cluster::PASSWORD;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(10);
/// Longer than anything here may take, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until the condition holds; panics with `what` when it never does.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "waited {DEADLINE:?} in vain until {what}");
        sleep(POLL);
    }
}

/// A process that has ended.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// The most memory that it ever had resident, as last seen before it ended.
    pub peak_kib: u64,
}

/// A process in the background; killed when dropped.
pub struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// Starts the command; `folder` takes what it prints.
    pub fn start(mut command: Command, folder: &Path) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let [stdout, stderr] = ["out", "err"].map(|kind| folder.join(format!("{number}.{kind}")));
        let child = command
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).expect("a file for stdout"))
            .stderr(File::create(&stderr).expect("a file for stderr"))
            .spawn()
            .expect("the binary starts");
        Self { child, stdout, stderr }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_some()
    }

    /// Sends a signal by name, as in `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.pid())]).status().expect("sh runs");
        assert!(sent.success(), "kill -{name}");
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.stop_now();
    }

    /// Waits for its end, at most this long.
    pub fn finish_within(mut self, limit: Duration) -> Finished {
        let start = Instant::now();
        let mut peak_kib = 0;
        let status = loop {
            peak_kib = peak_kib.max(self.peak_kib());
            match self.child.try_wait().expect("its state") {
                Some(status) => break status,
                None if start.elapsed() > limit => {
                    self.stop_now();
                    panic!("still running after {limit:?}; it logged:\n{}", self.log());
                }
                None => sleep(POLL / 2),
            }
        };
        self.finished(status, peak_kib)
    }

    /// Waits for its end.
    pub fn finish(self) -> Finished {
        self.finish_within(DEADLINE)
    }

    fn finished(&self, status: ExitStatus, peak_kib: u64) -> Finished {
        let read = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
        Finished { code: status.code(), stdout: read(&self.stdout), stderr: read(&self.stderr), peak_kib }
    }

    fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    }

    fn stop_now(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop_now();
        for path in [&self.stdout, &self.stderr] {
            let printed = std::fs::read(path).unwrap_or_default();
            let leaked = String::from_utf8_lossy(&printed).contains(PASSWORD);
            // A second panic while unwinding would abort the whole test run.
            assert!(
                !leaked || std::thread::panicking(),
                "the password was printed:\n{}",
                String::from_utf8_lossy(&printed)
            );
        }
    }
}
