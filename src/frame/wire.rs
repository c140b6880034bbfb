//! Single values in Postgres's binary form. The bytes are untrusted: every length is checked, nothing panics.

use super::numeric::{NotDecimal, Numeric};

/// Why a field cannot be represented. Never holds the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    #[error("the bytes are not a value of this type")]
    Malformed,
    #[error("the text is not valid UTF-8")]
    NotUtf8,
    #[error("NaN or infinity, which DECIMAL cannot hold")]
    NotFinite,
    #[error("the value is outside the range of the lake's type")]
    OutOfRange,
    #[error("an array of more than one dimension, which a list column cannot hold")]
    Dimensions,
}

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

/// A time of day as `HH:MM:SS.ffffff`, `24:00:00` included.
pub fn time(bytes: &[u8]) -> Result<String, BadValue> {
    let micros = u64::try_from(i64::from_be_bytes(fixed(bytes)?)).map_err(|_| BadValue::Malformed)?;
    let seconds = micros / 1_000_000;
    if seconds > 24 * 3600 {
        return Err(BadValue::Malformed);
    }
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Ok(format!("{hour:02}:{minute:02}:{second:02}.{:06}", micros % 1_000_000))
}

/// The value times 10^scale, within `precision` digits.
pub fn decimal(bytes: &[u8], precision: u8, scale: u8) -> Result<i128, BadValue> {
    let scaled = Numeric::parse(bytes).ok_or(BadValue::Malformed)?.scaled(scale).map_err(|error| match error {
        NotDecimal::NotFinite => BadValue::NotFinite,
        NotDecimal::OutOfRange => BadValue::OutOfRange,
    })?;
    let limit = 10_u128.pow(u32::from(precision.min(38)));
    (scaled.unsigned_abs() < limit).then_some(scaled).ok_or(BadValue::OutOfRange)
}

/// The canonical text of a UUID, written into `buffer`.
pub fn uuid<'b>(bytes: &[u8], buffer: &'b mut [u8; 36]) -> Result<&'b str, BadValue> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let id: [u8; 16] = fixed(bytes)?;
    let mut at = 0;
    for (index, byte) in id.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            buffer[at] = b'-';
            at += 1;
        }
        buffer[at] = HEX[usize::from(byte >> 4)];
        buffer[at + 1] = HEX[usize::from(byte & 15)];
        at += 2;
    }
    utf8(buffer)
}

/// Calls `element` for every element of a one-dimensional array, in order. Lower bounds are not kept.
///
/// Layout (`array_send`): i32 dimensions, i32 has-nulls, u32 element type, per dimension i32 length and i32 lower bound,
/// then per element i32 length (-1 for NULL) and its bytes.
pub fn each_element<'a>(
    bytes: &'a [u8],
    mut element: impl FnMut(Option<&'a [u8]>) -> Result<(), BadValue>,
) -> Result<(), BadValue> {
    let mut rest = bytes;
    let dimensions = i32::from_be_bytes(take(&mut rest)?);
    let _has_nulls: [u8; 4] = take(&mut rest)?;
    let _element_type: [u8; 4] = take(&mut rest)?;
    match dimensions {
        0 => return if rest.is_empty() { Ok(()) } else { Err(BadValue::Malformed) },
        1 => {}
        2..=6 => return Err(BadValue::Dimensions),
        _ => return Err(BadValue::Malformed),
    }
    let length = i32::from_be_bytes(take(&mut rest)?);
    let _lower_bound: [u8; 4] = take(&mut rest)?;
    for _ in 0..length {
        match i32::from_be_bytes(take(&mut rest)?) {
            -1 => element(None)?,
            size => {
                let size = usize::try_from(size).map_err(|_| BadValue::Malformed)?;
                let (value, after) = rest.split_at_checked(size).ok_or(BadValue::Malformed)?;
                rest = after;
                element(Some(value))?;
            }
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(BadValue::Malformed) }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], BadValue> {
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
        let mut bytes: Vec<u8> = [1_i32, 0, 23, 1_000_000, 1].iter().flat_map(|part| part.to_be_bytes()).collect();
        assert_eq!(each_element(&bytes, |_| Ok(())), Err(BadValue::Malformed));
        bytes[15] = 1; // still far more than there are
        assert_eq!(each_element(&bytes, |_| Ok(())), Err(BadValue::Malformed));
        let empty: Vec<u8> = [0_i32, 0, 23].iter().flat_map(|part| part.to_be_bytes()).collect();
        assert_eq!(each_element(&empty, |_| Err(BadValue::Malformed)), Ok(()));
    }

    #[test]
    fn uuids_print_canonically() {
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(uuid(&bytes, &mut [0; 36]), Ok("00010203-0405-0607-0809-0a0b0c0d0e0f"));
        assert_eq!(uuid(&bytes[1..], &mut [0; 36]), Err(BadValue::Malformed));
    }
}
