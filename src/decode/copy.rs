//! The framing of `COPY … TO STDOUT (FORMAT binary)`: header, tuples, trailer, cut at any byte by the network.
//!
//! The stream is untrusted: any length, any split, a truncated end or a wrong field count gives an error, never a panic.
//! Format: <https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format".

/// Why a stream is not the COPY that we asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadStream {
    #[error("the stream does not open with the signature of binary COPY")]
    Signature,
    #[error("a row has {found} fields instead of {expected}")]
    FieldCount { expected: usize, found: i16 },
    #[error("a field claims a length of {0} bytes")]
    FieldLength(i32),
    #[error("bytes follow the end of the data")]
    AfterEnd,
    #[error("the stream ends in the middle of the data")]
    Truncated,
}

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// Postgres's own limit on one value.
const MAX_FIELD: i32 = 1 << 30;

/// Cuts the stream into rows. Feed it chunks in order, then call [`CopyDecoder::finish`].
pub struct CopyDecoder {
    fields: usize,
    stage: Stage,
    /// The unfinished row that earlier chunks ended with.
    partial: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Header,
    Rows,
    Ended,
}

/// One row, still in the buffer it arrived in; `fields` says how to walk it.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    bytes: &'a [u8],
}

impl<'a> Row<'a> {
    /// The fields in order, `None` for NULL.
    pub fn fields(self) -> impl Iterator<Item = Option<&'a [u8]>> {
        // The decoder has checked every length before it made this row.
        let mut rest = self.bytes;
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk::<4>()?;
            match usize::try_from(i32::from_be_bytes(*length)) {
                Err(_) => {
                    rest = after;
                    Some(None)
                }
                Ok(length) => {
                    let (value, after) = after.split_at_checked(length)?;
                    rest = after;
                    Some(Some(value))
                }
            }
        })
    }
}

/// What stands at the start of a buffer.
enum Next {
    /// A whole row of this many bytes, count included.
    Row(usize),
    /// The header or the trailer, of this many bytes.
    Mark(usize, Stage),
    /// More bytes are needed.
    Incomplete,
}

impl CopyDecoder {
    /// A decoder for rows of `fields` fields.
    pub fn new(fields: usize) -> Self {
        Self { fields, stage: Stage::Header, partial: Vec::new() }
    }

    /// Takes the next chunk and calls `row` for every row that it completes.
    ///
    /// # Errors
    /// [`BadStream`], or whatever `row` returned; the decoder must then be discarded.
    pub fn feed<E: From<BadStream>>(
        &mut self,
        chunk: &[u8],
        mut row: impl FnMut(Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.partial.is_empty() {
            let used = self.rows_of(chunk, &mut row)?;
            self.partial.extend_from_slice(&chunk[used..]);
        } else {
            let mut buffer = std::mem::take(&mut self.partial);
            buffer.extend_from_slice(chunk);
            let used = self.rows_of(&buffer, &mut row)?;
            buffer.drain(..used);
            self.partial = buffer;
        }
        Ok(())
    }

    /// Checks that the stream ended where it should.
    ///
    /// # Errors
    /// [`BadStream::Truncated`].
    pub fn finish(&self) -> Result<(), BadStream> {
        if self.stage == Stage::Ended { Ok(()) } else { Err(BadStream::Truncated) }
    }

    fn rows_of<E: From<BadStream>>(
        &mut self,
        buffer: &[u8],
        row: &mut impl FnMut(Row<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut used = 0;
        loop {
            let rest = &buffer[used..];
            match self.next(rest)? {
                Next::Row(length) => {
                    row(Row { bytes: &rest[2..length] })?;
                    used += length;
                }
                Next::Mark(length, stage) => {
                    self.stage = stage;
                    used += length;
                }
                Next::Incomplete => return Ok(used),
            }
        }
    }

    fn next(&self, rest: &[u8]) -> Result<Next, BadStream> {
        match self.stage {
            Stage::Header => header(rest),
            Stage::Rows => self.row(rest),
            Stage::Ended if rest.is_empty() => Ok(Next::Incomplete),
            Stage::Ended => Err(BadStream::AfterEnd),
        }
    }

    fn row(&self, rest: &[u8]) -> Result<Next, BadStream> {
        let Some((count, _)) = rest.split_first_chunk::<2>() else { return Ok(Next::Incomplete) };
        match i16::from_be_bytes(*count) {
            -1 => return Ok(Next::Mark(2, Stage::Ended)),
            found if usize::try_from(found) != Ok(self.fields) => {
                return Err(BadStream::FieldCount { expected: self.fields, found });
            }
            _ => {}
        }
        let mut at = 2;
        for _ in 0..self.fields {
            let Some((length, _)) = rest.get(at..).and_then(|tail| tail.split_first_chunk::<4>()) else {
                return Ok(Next::Incomplete);
            };
            at += 4;
            match i32::from_be_bytes(*length) {
                -1 => {}
                length @ 0..=MAX_FIELD => at += length as usize,
                length => return Err(BadStream::FieldLength(length)),
            }
        }
        Ok(if at <= rest.len() { Next::Row(at) } else { Next::Incomplete })
    }
}

/// Signature, i32 flags, i32 length of an extension that we skip.
fn header(rest: &[u8]) -> Result<Next, BadStream> {
    let compared = rest.len().min(SIGNATURE.len());
    if rest[..compared] != SIGNATURE[..compared] {
        return Err(BadStream::Signature);
    }
    let Some((extension, _)) = rest.get(15..).and_then(|tail| tail.split_first_chunk::<4>()) else {
        return Ok(Next::Incomplete);
    };
    let extension = i32::from_be_bytes(*extension);
    let length = 19 + usize::try_from(extension).map_err(|_| BadStream::FieldLength(extension))?;
    Ok(if length <= rest.len() { Next::Mark(length, Stage::Rows) } else { Next::Incomplete })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rows = Vec<Vec<Option<Vec<u8>>>>;

    fn stream(rows: &Rows) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([0; 8]);
        for row in rows {
            bytes.extend((row.len() as i16).to_be_bytes());
            for field in row {
                match field {
                    Some(value) => {
                        bytes.extend((value.len() as i32).to_be_bytes());
                        bytes.extend(value);
                    }
                    None => bytes.extend((-1_i32).to_be_bytes()),
                }
            }
        }
        bytes.extend((-1_i16).to_be_bytes());
        bytes
    }

    fn decode<'a>(fields: usize, chunks: impl Iterator<Item = &'a [u8]>) -> Result<Rows, BadStream> {
        let mut decoder = CopyDecoder::new(fields);
        let mut rows = Rows::new();
        for chunk in chunks {
            decoder.feed(chunk, |row| {
                rows.push(row.fields().map(|field| field.map(<[u8]>::to_vec)).collect());
                Ok::<(), BadStream>(())
            })?;
        }
        decoder.finish()?;
        Ok(rows)
    }

    fn sample() -> Rows {
        vec![vec![Some(b"one".to_vec()), None], vec![Some(Vec::new()), Some(vec![0; 300])], vec![None, None]]
    }

    #[test]
    fn any_split_gives_the_same_rows() {
        let bytes = stream(&sample());
        for size in 1..=bytes.len() {
            assert_eq!(decode(2, bytes.chunks(size)), Ok(sample()), "chunks of {size}");
        }
    }

    #[test]
    fn every_truncation_is_noticed() {
        let bytes = stream(&sample());
        for end in 0..bytes.len() {
            assert_eq!(decode(2, bytes[..end].chunks(7)), Err(BadStream::Truncated), "cut at {end}");
        }
    }

    #[test]
    fn every_damaged_byte_gives_rows_or_an_error_but_no_panic() {
        let bytes = stream(&sample());
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = decode(2, damaged.chunks(11));
            }
        }
    }

    #[test]
    fn wrong_field_counts_and_lengths_are_named() {
        assert_eq!(decode(3, stream(&sample()).chunks(9)), Err(BadStream::FieldCount { expected: 3, found: 2 }));
        let mut bytes = stream(&vec![vec![None]]);
        let at = bytes.len() - 6;
        bytes[at..at + 4].copy_from_slice(&(-2_i32).to_be_bytes());
        assert_eq!(decode(1, bytes.chunks(64)), Err(BadStream::FieldLength(-2)));
        bytes = stream(&vec![]);
        bytes.push(0);
        assert_eq!(decode(1, bytes.chunks(64)), Err(BadStream::AfterEnd));
    }
}
