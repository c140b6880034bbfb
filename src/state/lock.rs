//! One process per state folder: an advisory lock that the kernel drops with the process, however it dies.

use crate::error::{Error, Kind, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

/// The lock, held until dropped.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock of this folder, which is created if need be.
    ///
    /// # Errors
    /// `State`: the folder cannot be written, or another process holds it (named by its id).
    pub fn take(folder: &Path) -> Result<Self> {
        let unwritable = |error: std::io::Error| {
            let path = folder.display();
            Error::new(
                Kind::State,
                format!("open state folder {path}: {error}; STATE_DIR must name a folder that can be written"),
            )
        };
        std::fs::create_dir_all(folder).map_err(unwritable)?;
        let path = folder.join("lock");
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The id is a courtesy; without it the sentence still says what to do.
                let _ = file.read_to_string(&mut holder);
                return Err(Error::new(
                    Kind::State,
                    format!(
                        "state folder {} is in use by another pg2duck (process {}); stop it, or give this one its own STATE_DIR",
                        folder.display(),
                        holder.trim()
                    ),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(unwritable)?;
        Ok(Self { _file: file })
    }

    /// Whether another process owns this folder now.
    pub fn is_taken(folder: &Path) -> bool {
        let file = File::open(folder.join("lock"));
        matches!(file.map(|file| file.try_lock()), Ok(Err(TryLockError::WouldBlock)))
    }
}
