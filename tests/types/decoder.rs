//! What arrives over the network is not trusted: whatever the bytes, decoding ends in frames or in an error, never in a panic,
//! nor in memory out of proportion; and where the network cuts the stream changes nothing. The one module that knows the
//! library, because no server can be made to send such bytes.
//!
//! `PG2DUCK_FUZZ_SECONDS=600` goes on for longer, `PG2DUCK_FUZZ_SEED=n` repeats one stream.

use crate::support::{Random, counted_peak};
use pg2duck::decode::copy::{BadStream, CopyDecoder};
use pg2duck::decode::{BadRow, Frame, FrameBuilder};
use pg2duck::model::{Column, ColumnType, RejectPolicy};
use polars::prelude::{AnyValue, DataType, Series};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

fn list(item: ColumnType, dimensions: u8) -> ColumnType {
    ColumnType::List { item: Box::new(item), dimensions }
}

fn structure(fields: &[ColumnType]) -> ColumnType {
    let named = |(at, kind): (usize, &ColumnType)| Column { name: format!("f{at}"), kind: kind.clone() };
    ColumnType::Struct(fields.iter().enumerate().map(named).collect())
}

/// Every type that a column can have, alone, in lists and in composites.
fn every_kind() -> Vec<ColumnType> {
    let decimal = |precision, scale| ColumnType::Decimal { precision, scale };
    let mut kinds = vec![
        ColumnType::Bool,
        ColumnType::Int2,
        ColumnType::Int4,
        ColumnType::Int8,
        ColumnType::Oid,
        ColumnType::Float4,
        ColumnType::Float8,
        decimal(12, 2),
        decimal(38, 0),
        decimal(38, 38),
        decimal(1, 0),
        ColumnType::NumericDouble,
        ColumnType::Text,
        ColumnType::Bytes,
        ColumnType::Uuid,
        ColumnType::Date,
        ColumnType::Timestamp,
        ColumnType::TimestampTz,
        ColumnType::Time,
        ColumnType::TimeTz,
        ColumnType::Interval,
        ColumnType::Json,
        ColumnType::Jsonb,
        ColumnType::Inet,
    ];
    let scalars = kinds.clone();
    for (at, kind) in scalars.iter().enumerate() {
        kinds.push(list(kind.clone(), 1 + (at % 3) as u8));
        kinds.push(structure(&[kind.clone(), scalars[(at + 1) % scalars.len()].clone()]));
    }
    kinds.push(list(ColumnType::Int4, 6));
    kinds.push(list(list(ColumnType::Text, 2), 1));
    kinds.push(structure(&scalars));
    kinds.push(list(structure(&[ColumnType::Interval, list(structure(&[ColumnType::Date, decimal(9, 3)]), 2)]), 1));
    kinds
}

fn pick<'a, T>(random: &mut Random, from: &'a [T]) -> &'a T {
    &from[random.below(from.len() as u64) as usize]
}

fn bytes(random: &mut Random, most: u64) -> Vec<u8> {
    (0..random.below(most + 1)).map(|_| random.below(256) as u8).collect()
}

/// A number of this many bytes, often at an end of its range.
fn number(random: &mut Random, size: usize) -> Vec<u8> {
    let edges: [i64; 8] = [0, 1, -1, i64::MAX, i64::MIN, 86_400_000_000, i32::MAX.into(), i32::MIN.into()];
    let value =
        if random.chance(50) { *pick(random, &edges) } else { (random.below(u64::MAX) as i64) >> random.below(64) };
    value.to_be_bytes()[8 - size..].to_vec()
}

/// ndigits, weight, sign, display scale, digits in base 10,000.
fn numeric(random: &mut Random) -> Vec<u8> {
    let digits: Vec<u16> = (0..random.below(12)).map(|_| random.below(10_000) as u16).collect();
    let weight = *pick(random, &[0_i16, 1, 2, -1, -3, 8, 9, 10, 20, -20, 80]);
    let sign = *pick(random, &[0_u16, 0, 0, 0x4000, 0x4000, 0xC000, 0xD000, 0xF000]);
    let scale = random.below(40) as u16;
    let head = [digits.len() as u16, weight as u16, sign, scale];
    head.iter().chain(&digits).flat_map(|part| part.to_be_bytes()).collect()
}

fn text(random: &mut Random) -> Vec<u8> {
    let texts = [
        "",
        "a",
        "é𝄞",
        "a text of more than twelve bytes",
        "{\"a\": [1]}",
        "\"\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "\\u",
        "\\",
    ];
    pick(random, &texts).as_bytes().to_vec()
}

fn length(value: &Option<Vec<u8>>) -> [u8; 4] {
    value.as_ref().map_or(-1, |bytes| bytes.len() as i32).to_be_bytes()
}

/// A value as Postgres's `send` functions lay it out.
fn value(random: &mut Random, kind: &ColumnType) -> Vec<u8> {
    match kind {
        ColumnType::Bool => vec![random.below(2) as u8],
        ColumnType::Int2 => number(random, 2),
        ColumnType::Int4 | ColumnType::Oid | ColumnType::Float4 | ColumnType::Date => number(random, 4),
        ColumnType::Int8 | ColumnType::Float8 | ColumnType::Timestamp | ColumnType::TimestampTz => number(random, 8),
        ColumnType::Decimal { .. } | ColumnType::NumericDouble => numeric(random),
        ColumnType::Text | ColumnType::Json => text(random),
        ColumnType::Jsonb => [vec![1], text(random)].concat(),
        ColumnType::Bytes => bytes(random, 40),
        ColumnType::Uuid => (0..16).map(|_| random.below(256) as u8).collect(),
        ColumnType::Time => random.below(86_400_000_001).to_be_bytes().to_vec(),
        ColumnType::TimeTz => {
            let west = random.below(2 * 57_600) as i32 - 57_599;
            [&random.below(86_400_000_001).to_be_bytes()[..], &west.to_be_bytes()].concat()
        }
        ColumnType::Interval => [number(random, 8), number(random, 4), number(random, 4)].concat(),
        ColumnType::Inet => {
            let (family, size) = *pick(random, &[(2, 4), (3, 16)]);
            let bits = random.below(size * 8 + 1) as u8;
            let mut bytes = vec![family, bits, random.below(2) as u8, size as u8];
            bytes.extend((0..size).map(|_| *pick(random, &[0, 0, 1, 255])));
            bytes
        }
        ColumnType::List { item, dimensions } => {
            let dimensions = match random.below(8) {
                0 => 0,
                1 => random.below(7) as u8,
                _ => *dimensions,
            };
            let lengths: Vec<i32> = (0..dimensions).map(|_| 1 + random.below(3) as i32).collect();
            let count = if dimensions == 0 { 0 } else { lengths.iter().product() };
            let mut bytes: Vec<u8> =
                [i32::from(dimensions), 1, 23].iter().flat_map(|part| part.to_be_bytes()).collect();
            lengths.iter().for_each(|length| bytes.extend([length.to_be_bytes(), 1_i32.to_be_bytes()].concat()));
            (0..count.min(40)).for_each(|_| field(random, item, &mut bytes));
            bytes
        }
        ColumnType::Struct(fields) => {
            let mut bytes = (fields.len() as i32).to_be_bytes().to_vec();
            for Column { kind, .. } in fields {
                bytes.extend(23_u32.to_be_bytes());
                field(random, kind, &mut bytes);
            }
            bytes
        }
    }
}

/// A length and a value, sometimes NULL.
fn field(random: &mut Random, kind: &ColumnType, bytes: &mut Vec<u8>) {
    let own = (!random.chance(15)).then(|| value(random, kind));
    bytes.extend(length(&own));
    bytes.extend(own.unwrap_or_default());
}

/// A stream as `COPY … (FORMAT binary)` sends it, each row ending with the id of its transaction.
fn stream(random: &mut Random, kinds: &[ColumnType], rows: u64) -> Vec<u8> {
    let mut bytes = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for _ in 0..rows {
        bytes.extend((kinds.len() as i16 + 1).to_be_bytes());
        kinds.iter().for_each(|kind| field(random, kind, &mut bytes));
        bytes.extend([0, 0, 0, 4, 0, 0, 3, random.below(256) as u8]);
    }
    bytes.extend((-1_i16).to_be_bytes());
    bytes
}

/// Damages the stream in one of the ways that a broken sender, network or disk would, and in some that only malice does.
fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len() as u64 + 1) as usize;
    let end = at + random.below((bytes.len() - at) as u64 + 1) as usize;
    match random.below(8) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        1 if at < bytes.len() => bytes[at] = random.below(256) as u8,
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..end)),
        4 => {
            let copied = bytes[at..end].to_vec();
            let target = random.below(bytes.len() as u64 + 1) as usize;
            bytes.splice(target..target, copied);
        }
        5 => {
            let inserted = self::bytes(random, 20);
            bytes.splice(at..at, inserted);
        }
        // What could be a length, a count or a weight.
        6 => {
            let edges: [i32; 12] = [i32::MIN, -2, -1, 0, 1, 2, 6, 7, 0xffff, 1 << 24, 1 << 30, i32::MAX];
            let edge = pick(random, &edges).to_be_bytes();
            bytes.iter_mut().skip(at).zip(edge).for_each(|(byte, new)| *byte = new);
        }
        7 => {
            let edge = pick(random, &[i16::MIN, -1, 0, 1, 0x7fff, 0x4000, 0x100]).to_be_bytes();
            bytes.iter_mut().skip(at).zip(edge).for_each(|(byte, new)| *byte = new);
        }
        _ => {}
    }
}

/// Everything that a series holds, to the last bit.
fn digest(series: &Series, hasher: &mut DefaultHasher) {
    series.len().hash(hasher);
    match series.dtype() {
        DataType::List(_) => series.iter().for_each(|value| match value {
            AnyValue::List(list) => digest(&list, hasher),
            _ => "null".hash(hasher),
        }),
        DataType::Struct(_) => {
            series.is_null().iter().for_each(|null| null.hash(hasher));
            let fields = series.struct_().expect("a struct").fields_as_series();
            fields.iter().for_each(|field| digest(field, hasher));
        }
        DataType::Binary => series.binary().expect("bytes").iter().for_each(|value| value.hash(hasher)),
        _ => series.iter().for_each(|value| format!("{value:?}").hash(hasher)),
    }
}

fn summary(frame: &Frame) -> (usize, u64, u64) {
    let mut hasher = DefaultHasher::new();
    for column in frame.rows.columns() {
        column.name().as_str().hash(&mut hasher);
        digest(column.as_materialized_series(), &mut hasher);
    }
    (frame.rows.height(), frame.rejects, hasher.finish())
}

/// How the columns are read, and into frames of how many rows.
struct Reader {
    columns: Vec<Column>,
    batch: usize,
    policy: RejectPolicy,
}

type Outcome = Result<Vec<(usize, u64, u64)>, String>;

impl Reader {
    /// The frames of a stream cut into these pieces.
    fn frames<'a>(&self, pieces: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Frame>, String> {
        let mut builder = FrameBuilder::new(&self.columns, self.batch, self.policy);
        let mut decoder = CopyDecoder::new(builder.fields());
        let mut frames = Vec::new();
        for piece in pieces {
            let fed = decoder.feed(piece, |row| {
                builder.push(row)?;
                if builder.is_full() {
                    frames.push(builder.take().expect("polars takes our columns"));
                }
                Ok::<(), BadRow>(())
            });
            fed.map_err(|error| error.to_string())?;
        }
        decoder.finish().map_err(|error| error.to_string())?;
        if !builder.is_empty() {
            frames.push(builder.take().expect("polars takes our columns"));
        }
        Ok(frames)
    }

    fn outcome<'a>(&self, pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
        Ok(self.frames(pieces)?.iter().map(summary).collect())
    }
}

/// Cuts at random places, sometimes at every byte.
fn pieces<'a>(random: &mut Random, mut rest: &'a [u8]) -> Vec<&'a [u8]> {
    let most = *pick(random, &[1, 3, 20, 400]);
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(1 + random.below(most) as usize));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Bytes that a byte of input may cost. A NULL of a composite of many attributes takes as much as its attributes.
fn cost(kind: &ColumnType) -> usize {
    match kind {
        ColumnType::List { item, dimensions } => usize::from(*dimensions) * 64 + cost(item),
        ColumnType::Struct(fields) => fields.iter().map(|field| cost(&field.kind)).sum(),
        // A number of 10 bytes may have 131,072 digits before its point, all of which its reject spells out.
        ColumnType::Decimal { .. } | ColumnType::NumericDouble => 60_000,
        _ => 400,
    }
}

/// Says the seed where a panic would not.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the stream of PG2DUCK_FUZZ_SEED={}", self.0);
        }
    }
}

fn any_stream_from(seed: u64, kinds: &[ColumnType]) {
    let told = Seed(seed);
    let mut random = Random::new(seed);
    let own: Vec<ColumnType> = (0..1 + random.below(4)).map(|_| pick(&mut random, kinds).clone()).collect();
    let columns =
        own.iter().enumerate().map(|(at, kind)| Column { name: format!("c{at}"), kind: kind.clone() }).collect();
    let policy = if random.chance(80) { RejectPolicy::Keep } else { RejectPolicy::Stop };
    let reader = Reader { columns, batch: *pick(&mut random, &[1, 3, 1000]), policy };
    let rows = random.below(9);
    let mut bytes = stream(&mut random, &own, rows);
    let whole = reader.outcome(std::iter::once(&bytes[..]));
    if let Ok(frames) = &whole {
        assert_eq!(frames.iter().map(|(height, ..)| *height as u64).sum::<u64>(), rows);
    }
    let cut = random.below(bytes.len() as u64) as usize;
    let truncated = reader.outcome(pieces(&mut random, &bytes[..cut]).into_iter());
    // Where a value stops the table, it may do so before the end is missed.
    let missed = BadStream::Truncated.to_string();
    assert!(
        truncated == Err(missed) || truncated == whole && whole.is_err(),
        "cut at {cut}: {truncated:?}, whole: {whole:?}"
    );
    match random.below(10) {
        0 => bytes = self::bytes(&mut random, 200),
        1 => {
            let garbage = self::bytes(&mut random, 200);
            bytes.splice(19.., garbage);
        }
        2 => {}
        _ => (0..=random.below(3)).for_each(|_| damage(&mut random, &mut bytes)),
    }
    let expected = reader.outcome(std::iter::once(&bytes[..]));
    let split = reader.outcome(pieces(&mut random, &bytes).into_iter());
    assert_eq!(split, expected);
    // Beside that, each column of a frame may begin with a block for long texts.
    let frames = 4 + rows as usize / reader.batch;
    let limit = (2 + bytes.len()) * own.iter().map(cost).sum::<usize>() + frames * own.len() * (16 << 10);
    let (frames, peak) = counted_peak(|| reader.frames(std::iter::once(&bytes[..])));
    assert!(peak <= limit, "{peak} bytes of memory for {} of input, limit {limit}: {:?}", bytes.len(), reader.columns);
    drop((frames, told));
}

#[test]
fn any_bytes_cut_anywhere_give_the_same_frames_or_the_same_error() {
    let variable = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let kinds = every_kind();
    if let Some(seed) = variable("PG2DUCK_FUZZ_SEED") {
        return any_stream_from(seed, &kinds);
    }
    let seconds = variable("PG2DUCK_FUZZ_SECONDS");
    let (start, limit) = (Instant::now(), Duration::from_secs(seconds.unwrap_or(2)));
    let mut seed = 0;
    while start.elapsed() < limit {
        any_stream_from(seed, &kinds);
        seed += 1;
    }
    println!("{seed} streams, {:.0} per second", seed as f64 / start.elapsed().as_secs_f64());
    assert!(seed > 50, "only {seed} streams in {limit:?}");
}

#[test]
fn a_length_of_a_gigabyte_costs_nothing_before_the_bytes_arrive() {
    let columns = vec![Column { name: "v".into(), kind: ColumnType::Text }];
    let reader = Reader { columns, batch: 10, policy: RejectPolicy::Keep };
    let head = stream(&mut Random::new(1), &[], 0);
    let bytes = [&head[..19], &2_i16.to_be_bytes(), &(1_i32 << 30).to_be_bytes(), b"few"].concat();
    let (outcome, peak) = counted_peak(|| reader.outcome(bytes.chunks(5)));
    assert_eq!(outcome, Err(BadStream::Truncated.to_string()));
    assert!(peak < 64 << 10, "{peak} bytes");
}
