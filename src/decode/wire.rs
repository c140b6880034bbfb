//! Single values in Postgres's binary form. The bytes are untrusted: every length is checked, nothing panics.

use super::value::BadValue;
use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Microseconds and days from 1970-01-01 (DuckDB, Parquet) to 2000-01-01 (Postgres).
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const EPOCH_DAYS: i32 = 10_957;

/// Exactly `N` bytes.
pub fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], BadValue> {
    bytes.try_into().map_err(|_| BadValue::Malformed)
}

/// Text, checked.
pub fn utf8(bytes: &[u8]) -> Result<&str, BadValue> {
    std::str::from_utf8(bytes).map_err(|_| BadValue::NotUtf8)
}

/// Days since 1970; ±infinity as DuckDB's own (`i32::MAX` and its negative).
pub fn date(bytes: &[u8]) -> Result<i32, BadValue> {
    match i32::from_be_bytes(fixed(bytes)?) {
        i32::MAX => Ok(i32::MAX),
        i32::MIN => Ok(-i32::MAX),
        days => days.checked_add(EPOCH_DAYS).filter(|days| *days != i32::MAX).ok_or(BadValue::OutOfRange),
    }
}

/// Microseconds since 1970; ±infinity as DuckDB's own (`i64::MAX` and its negative).
pub fn timestamp(bytes: &[u8]) -> Result<i64, BadValue> {
    match i64::from_be_bytes(fixed(bytes)?) {
        i64::MAX => Ok(i64::MAX),
        i64::MIN => Ok(-i64::MAX),
        micros => micros.checked_add(EPOCH_MICROS).filter(|micros| *micros != i64::MAX).ok_or(BadValue::OutOfRange),
    }
}

/// A text of at most 63 bytes, on the stack.
#[derive(Clone, Copy)]
pub struct Short {
    bytes: [u8; 63],
    length: u8,
}

impl Short {
    fn of(arguments: std::fmt::Arguments<'_>) -> Result<Self, BadValue> {
        let mut text = Self { bytes: [0; 63], length: 0 };
        text.write_fmt(arguments).map_err(|_| BadValue::Malformed).map(|()| text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl Write for Short {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        let end = usize::from(self.length) + part.len();
        let target = self.bytes.get_mut(usize::from(self.length)..end).ok_or(std::fmt::Error)?;
        target.copy_from_slice(part.as_bytes());
        self.length = end as u8;
        Ok(())
    }
}

/// A time of day as `HH:MM:SS.ffffff`, `24:00:00` included.
pub fn time(bytes: &[u8]) -> Result<Short, BadValue> {
    let (hour, minute, second, micros) = clock(i64::from_be_bytes(fixed(bytes)?))?;
    Short::of(format_args!("{hour:02}:{minute:02}:{second:02}.{micros:06}"))
}

/// A time of day and its offset as `HH:MM:SS.ffffff+HH:MM:SS`. The wire has the offset in seconds west of Greenwich.
pub fn timetz(mut bytes: &[u8]) -> Result<Short, BadValue> {
    let (hour, minute, second, micros) = clock(i64::from_be_bytes(take(&mut bytes)?))?;
    let west = i32::from_be_bytes(fixed(bytes)?);
    let (sign, offset) = (if west > 0 { '-' } else { '+' }, west.unsigned_abs());
    let (hours, minutes, seconds) = (offset / 3600, offset / 60 % 60, offset % 60);
    Short::of(format_args!("{hour:02}:{minute:02}:{second:02}.{micros:06}{sign}{hours:02}:{minutes:02}:{seconds:02}"))
}

/// Hours, minutes, seconds and microseconds.
fn clock(micros: i64) -> Result<(u64, u64, u64, u64), BadValue> {
    let micros = u64::try_from(micros).ok().filter(|micros| *micros <= 86_400_000_000).ok_or(BadValue::Malformed)?;
    let seconds = micros / 1_000_000;
    Ok((seconds / 3600, seconds / 60 % 60, seconds % 60, micros % 1_000_000))
}

/// An address as Postgres prints it: `inet` without the length of a single host, `cidr` always with it.
///
/// TableSchema (`network_send`): family (2 for IPv4, 3 for IPv6), bits, is-cidr, number of bytes, the bytes.
pub fn inet(bytes: &[u8]) -> Result<Short, BadValue> {
    let (&[family, bits, is_cidr, _length], address) = bytes.split_first_chunk().ok_or(BadValue::Malformed)?;
    let single = bits == if family == 2 { 32 } else { 128 };
    let length = |text: &mut Short| {
        let shown = is_cidr != 0 || !single;
        if shown { write!(text, "/{bits}") } else { Ok(()) }
    };
    let mut text = match family {
        2 => Short::of(format_args!("{}", Ipv4Addr::from(fixed::<4>(address)?)))?,
        3 => ipv6(Ipv6Addr::from(fixed::<16>(address)?))?,
        _ => return Err(BadValue::Malformed),
    };
    length(&mut text).map_err(|_| BadValue::Malformed)?;
    Ok(text)
}

/// As Rust prints it, but for the old IPv4-compatible form, of which Postgres shows the last four bytes in decimal.
fn ipv6(address: Ipv6Addr) -> Result<Short, BadValue> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if high > 0 => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            Short::of(format_args!("::{a}.{b}.{c}.{d}"))
        }
        _ => Short::of(format_args!("{address}")),
    }
}

/// An array as it came.
///
/// TableSchema (`array_send`): i32 dimensions, i32 has-nulls, u32 element type, per dimension i32 length and i32 lower bound,
/// then per element i32 length (-1 for NULL) and its bytes, the last dimension running fastest.
#[derive(Debug, Clone, Copy)]
pub struct Array<'a> {
    lengths: &'a [u8],
    elements: &'a [u8],
}

/// As many as Postgres allows.
const MAX_DIMENSIONS: i32 = 6;
/// Length and lower bound of one dimension.
const DIMENSION_BYTES: usize = 8;

impl<'a> Array<'a> {
    /// Reads the head.
    pub fn parse(mut bytes: &'a [u8]) -> Result<Self, BadValue> {
        let dimensions = i32::from_be_bytes(take(&mut bytes)?);
        let _nulls_and_type: [u8; 8] = take(&mut bytes)?;
        if !(0..=MAX_DIMENSIONS).contains(&dimensions) {
            return Err(BadValue::Malformed);
        }
        let head = dimensions as usize * DIMENSION_BYTES;
        let (lengths, elements) = bytes.split_at_checked(head).ok_or(BadValue::Malformed)?;
        let array = Self { lengths, elements };
        // Every element takes 4 bytes at least, so a product beyond that lies.
        let product = array.lengths().try_fold(1_u64, |product, length| product.checked_mul(u64::from(length)));
        let most = elements.len() as u64 / 4;
        // Postgres sends no array that is empty in one dimension and not in another, but an empty oidvector has one.
        let least = u32::from(dimensions > 1);
        let honest = array.lengths().all(|length| (least..=i32::MAX as u32).contains(&length))
            && product.is_some_and(|product| product <= most);
        if dimensions > 0 && !honest { Err(BadValue::Malformed) } else { Ok(array) }
    }

    /// 0 for an empty array.
    pub fn dimensions(&self) -> u8 {
        (self.lengths.len() / DIMENSION_BYTES) as u8
    }

    /// The length of each dimension, outermost first.
    pub fn lengths(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.lengths.chunks_exact(DIMENSION_BYTES).map(|pair| u32::from_be_bytes([pair[0], pair[1], pair[2], pair[3]]))
    }

    /// The index of each dimension's first element, 1 unless the value says otherwise.
    pub fn lower_bounds(&self) -> impl Iterator<Item = i32> + use<'a> {
        self.lengths.chunks_exact(DIMENSION_BYTES).map(|pair| i32::from_be_bytes([pair[4], pair[5], pair[6], pair[7]]))
    }

    /// Calls `element` for every element, in order.
    pub fn elements(&self, mut element: impl FnMut(Option<&'a [u8]>) -> Result<(), BadValue>) -> Result<(), BadValue> {
        let count: u32 = if self.lengths.is_empty() { 0 } else { self.lengths().product() };
        let mut rest = self.elements;
        for _ in 0..count {
            element(field(&mut rest)?)?;
        }
        if rest.is_empty() { Ok(()) } else { Err(BadValue::Malformed) }
    }
}

/// Calls `attribute` for every attribute of a composite value, with its position.
///
/// TableSchema (`record_send`): i32 number of attributes, then for each u32 type, i32 length (-1 for NULL) and its bytes.
pub fn attributes<'a>(
    mut bytes: &'a [u8],
    expected: usize,
    mut attribute: impl FnMut(usize, Option<&'a [u8]>) -> Result<(), BadValue>,
) -> Result<(), BadValue> {
    if usize::try_from(i32::from_be_bytes(take(&mut bytes)?)) != Ok(expected) {
        return Err(BadValue::Malformed);
    }
    for at in 0..expected {
        let _type: [u8; 4] = take(&mut bytes)?;
        attribute(at, field(&mut bytes)?)?;
    }
    if bytes.is_empty() { Ok(()) } else { Err(BadValue::Malformed) }
}

/// A length and so many bytes; `None` for NULL.
fn field<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, BadValue> {
    match i32::from_be_bytes(take(rest)?) {
        -1 => Ok(None),
        length => {
            let length = usize::try_from(length).map_err(|_| BadValue::Malformed)?;
            let (value, after) = rest.split_at_checked(length).ok_or(BadValue::Malformed)?;
            *rest = after;
            Ok(Some(value))
        }
    }
}

/// The next `N` bytes.
pub fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], BadValue> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(BadValue::Malformed)?;
    *rest = tail;
    Ok(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_become_duckdbs_own() {
        assert_eq!(date(&i32::MIN.to_be_bytes()), Ok(-i32::MAX));
        assert_eq!(timestamp(&i64::MAX.to_be_bytes()), Ok(i64::MAX));
        assert_eq!(date(&0_i32.to_be_bytes()), Ok(EPOCH_DAYS));
        assert_eq!(timestamp(&(i64::MAX - 1).to_be_bytes()), Err(BadValue::OutOfRange));
    }

    #[test]
    fn an_array_may_not_lie_about_its_length() {
        let array = |parts: &[i32]| parts.iter().flat_map(|part| part.to_be_bytes()).collect::<Vec<u8>>();
        let read = |parts: &[i32]| Array::parse(&array(parts)).and_then(|array| array.elements(|_| Ok(())));
        assert_eq!(read(&[0, 0, 23]), Ok(()));
        assert_eq!(read(&[1, 0, 23, 1, 1, -1]), Ok(()));
        assert_eq!(read(&[1, 0, 26, 0, 0]), Ok(()));
        for lie in [
            &[1, 0, 23, 1_000_000, 1][..],
            &[1, 0, 23, 1, 1],
            &[1, 0, 23, -1, 1],
            &[7, 0, 23],
            &[-1, 0, 23],
            &[2, 0, 23, 65_536, 1, 65_536, 1],
            &[6, 0, 23, i32::MAX, 1, i32::MAX, 1, i32::MAX, 1, i32::MAX, 1, i32::MAX, 1, i32::MAX, 1],
            &[0, 0, 23, 1],
            &[2, 0, 23, i32::MAX, 1, 0, 1],
            &[3, 0, 23, i32::MAX, 1, i32::MAX, 1, 0, 1],
        ] {
            assert_eq!(read(lie), Err(BadValue::Malformed), "{lie:?}");
        }
    }

    #[test]
    fn times_and_addresses_print_as_postgres_prints_them() {
        let text = |short: Result<Short, BadValue>| short.map(|short| short.as_str().to_owned());
        assert_eq!(text(time(&86_400_000_000_i64.to_be_bytes())), Ok("24:00:00.000000".into()));
        assert_eq!(text(time(&86_400_000_001_i64.to_be_bytes())), Err(BadValue::Malformed));
        let offset = [&1_i64.to_be_bytes()[..], &(-19_815_i32).to_be_bytes()].concat();
        assert_eq!(text(timetz(&offset)), Ok("00:00:00.000001+05:30:15".into()));
        assert_eq!(text(inet(&[2, 32, 0, 4, 10, 0, 0, 1])), Ok("10.0.0.1".into()));
        assert_eq!(text(inet(&[2, 32, 1, 4, 10, 0, 0, 1])), Ok("10.0.0.1/32".into()));
        assert_eq!(text(inet(&[2, 8, 0, 4, 10, 0, 0, 1])), Ok("10.0.0.1/8".into()));
        let compatible = [&[3, 128, 0, 16][..], &[0; 12], &[1, 2, 3, 4]].concat();
        assert_eq!(text(inet(&compatible)), Ok("::1.2.3.4".into()));
        let longest = [&[3, 120, 1, 16][..], &[0xff; 16]].concat();
        assert_eq!(text(inet(&longest)), Ok("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/120".into()));
        assert_eq!(text(inet(&[4, 32, 0, 4, 10, 0, 0, 1])), Err(BadValue::Malformed));
    }
}
