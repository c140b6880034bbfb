//! Whether a file that was durable is still what was written. Parquet says nothing of that: DuckDB reads wrong values from a file in
//! which a bit changed.

use crate::model::Batch;
use crc32fast::Hasher;
use std::fs::File;
use std::io::{ErrorKind, Read, Result, Write};
use std::path::Path;

/// What tells a file from any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    pub bytes: u64,
    /// CRC-32: it notices every flipped bit, and every damage of up to 32 bits in a row.
    pub checksum: u32,
}

/// A file that is summed up while it is written.
pub struct Summing<W> {
    pub inner: W,
    bytes: u64,
    hasher: Hasher,
}

impl<W> Summing<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, bytes: 0, hasher: Hasher::new() }
    }

    /// Of all that was written so far.
    pub fn sum(self) -> Sum {
        Sum { bytes: self.bytes, checksum: self.hasher.finalize() }
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> Result<()> {
        self.inner.flush()
    }
}

/// What has happened to the batch's file under `root`; `None` where it is as it was written.
///
/// # Errors
/// It cannot be read now, which says nothing of it.
pub fn damage(root: &Path, batch: &Batch) -> Result<Option<&'static str>> {
    let mut file = match File::open(root.join(&batch.path)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some("is gone")),
        file => file?,
    };
    if file.metadata()?.len() != batch.bytes {
        return Ok(Some("has another length than was written"));
    }
    match batch.checksum {
        Some(checksum) if sum(&mut file)?.checksum != checksum => Ok(Some("holds other bytes than were written")),
        _ => Ok(None),
    }
}

fn sum(file: &mut impl Read) -> Result<Sum> {
    let mut summing = Summing::new(std::io::sink());
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(summing.sum()),
            read => summing.write_all(&buffer[..read])?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BatchKind;

    #[test]
    fn whatever_happens_to_a_file_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let content: Vec<u8> = (0..3000_u32).map(|at| (at * at) as u8).collect();
        let mut writer = Summing::new(File::create(folder.path().join("a")).expect("it opens"));
        writer.write_all(&content).expect("it is done");
        let Sum { bytes, checksum } = writer.sum();
        let batch =
            Batch { path: "a".into(), kind: BatchKind::Changes, rows: 1, bytes, rejects: 0, checksum: Some(checksum) };
        let damage = |content: &[u8]| {
            std::fs::write(folder.path().join("a"), content).expect("it is done");
            super::damage(folder.path(), &batch).expect("it is read")
        };
        assert_eq!(damage(&content), None);
        for bit in (0..content.len() * 8).step_by(7) {
            let mut flipped = content.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(damage(&flipped), Some("holds other bytes than were written"), "bit {bit}");
        }
        assert_eq!(damage(&content[..2999]), Some("has another length than was written"));
        assert_eq!(damage(&[]), Some("has another length than was written"));
        std::fs::remove_file(folder.path().join("a")).expect("it is done");
        assert_eq!(super::damage(folder.path(), &batch).expect("it is read"), Some("is gone"));
    }
}
