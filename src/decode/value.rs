//! One field of the wire, decoded: borrowed from the row it came in, checked, and known to fit the lake's type.

use super::numeric::{NotDecimal, Numeric};
use super::wire::{self, Short, fixed, take, utf8};
use crate::model::ColumnType;

/// Why a field cannot be represented. Never holds the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    #[error("the bytes are not a value of this type")]
    Malformed,
    #[error("the text is not valid UTF-8")]
    NotUtf8,
    #[error("NaN or infinity, which DECIMAL cannot hold")]
    NotFinite,
    #[error("an infinite interval, which DuckDB does not have")]
    InfiniteInterval,
    #[error("outside the range of the lake's type")]
    OutOfRange,
    #[error("half of a surrogate pair, which DuckDB's JSON cannot hold")]
    HalfSurrogate,
    #[error("an array of {found} dimensions in a column declared with {declared}")]
    Dimensions { found: u8, declared: u8 },
}

/// A value in the form that its column stores.
pub enum Value<'a> {
    Bool(bool),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    F32(f32),
    F64(f64),
    Text(&'a str),
    /// A text that was put together here.
    Short(Short),
    Bytes(&'a [u8]),
    Interval {
        months: i32,
        days: i32,
        micros: i64,
    },
    List(&'a [u8]),
    Struct(&'a [u8]),
}

impl ColumnType {
    /// Decodes one field. A list or composite has been checked to its last element.
    ///
    /// # Errors
    /// The value cannot be represented, or is not one of this type.
    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Result<Value<'a>, BadValue> {
        Ok(match self {
            Self::Bool => Value::Bool(u8::from_be_bytes(fixed(bytes)?) != 0),
            Self::Int2 => Value::I16(i16::from_be_bytes(fixed(bytes)?)),
            Self::Int4 => Value::I32(i32::from_be_bytes(fixed(bytes)?)),
            Self::Int8 => Value::I64(i64::from_be_bytes(fixed(bytes)?)),
            Self::Oid => Value::I64(i64::from(u32::from_be_bytes(fixed(bytes)?))),
            Self::Float4 => Value::F32(f32::from_be_bytes(fixed(bytes)?)),
            Self::Float8 => Value::F64(f64::from_be_bytes(fixed(bytes)?)),
            Self::Decimal { precision, scale } => Value::I128(decimal(bytes, *precision, *scale)?),
            Self::NumericDouble => {
                let numeric = Numeric::parse(bytes).ok_or(BadValue::Malformed)?;
                Value::F64(numeric.to_f64().ok_or(BadValue::OutOfRange)?)
            }
            Self::Text => Value::Text(utf8(bytes)?),
            Self::Json => Value::Text(json(utf8(bytes)?)?),
            // Version 1 is the only one there is: the document's text follows.
            Self::Jsonb => match bytes {
                [1, text @ ..] => Value::Text(utf8(text)?),
                _ => return Err(BadValue::Malformed),
            },
            Self::Bytes => Value::Bytes(bytes),
            Self::Uuid => Value::Bytes(fixed::<16>(bytes).map(|_| bytes)?),
            Self::Date => Value::I32(wire::date(bytes)?),
            Self::Timestamp | Self::TimestampTz => Value::I64(wire::timestamp(bytes)?),
            Self::Time => Value::Short(wire::time(bytes)?),
            Self::TimeTz => Value::Short(wire::timetz(bytes)?),
            Self::Inet => Value::Short(wire::inet(bytes)?),
            Self::Interval => interval(bytes)?,
            Self::List { item, dimensions } => {
                let array = wire::Array::parse(bytes)?;
                let found = array.dimensions();
                if found != 0 && found != *dimensions {
                    return Err(BadValue::Dimensions { found, declared: *dimensions });
                }
                array.elements(|element| item.check(element))?;
                Value::List(bytes)
            }
            Self::Struct(fields) => {
                wire::attributes(bytes, fields.len(), |at, attribute| fields[at].kind.check(attribute))?;
                Value::Struct(bytes)
            }
        })
    }

    fn check(&self, field: Option<&[u8]>) -> Result<(), BadValue> {
        field.map_or(Ok(()), |bytes| self.decode(bytes).map(drop))
    }
}

/// The value times 10^scale, within `precision` digits.
fn decimal(bytes: &[u8], precision: u8, scale: u8) -> Result<i128, BadValue> {
    let scaled = Numeric::parse(bytes).ok_or(BadValue::Malformed)?.scaled(scale).map_err(|error| match error {
        NotDecimal::NotFinite => BadValue::NotFinite,
        NotDecimal::OutOfRange => BadValue::OutOfRange,
    })?;
    let limit = 10_u128.pow(u32::from(precision.min(38)));
    (scaled.unsigned_abs() < limit).then_some(scaled).ok_or(BadValue::OutOfRange)
}

fn interval(mut bytes: &[u8]) -> Result<Value<'_>, BadValue> {
    let micros = i64::from_be_bytes(take(&mut bytes)?);
    let days = i32::from_be_bytes(take(&mut bytes)?);
    let months = i32::from_be_bytes(fixed(bytes)?);
    match (months, days, micros) {
        // Infinity since Postgres 17.
        (i32::MAX, i32::MAX, i64::MAX) | (i32::MIN, i32::MIN, i64::MIN) => Err(BadValue::InfiniteInterval),
        _ => Ok(Value::Interval { months, days, micros }),
    }
}

/// Postgres's `json` keeps any `\uXXXX`; DuckDB wants the two halves of a surrogate pair together.
fn json(text: &str) -> Result<&str, BadValue> {
    if !text.contains("\\u") {
        return Ok(text);
    }
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        rest = &rest[at + 1..];
        match (escaped_unit(rest), rest.get(5..).filter(|next| next.first() == Some(&b'\\'))) {
            (None, _) => rest = rest.get(1..).unwrap_or_default(),
            (Some(0xD800..=0xDBFF), Some(next)) if matches!(escaped_unit(&next[1..]), Some(0xDC00..=0xDFFF)) => {
                rest = &next[6..];
            }
            (Some(0xD800..=0xDFFF), _) => return Err(BadValue::HalfSurrogate),
            (Some(_), _) => rest = &rest[5..],
        }
    }
    Ok(text)
}

/// The code unit of `uXXXX` at the start, if that stands there.
fn escaped_unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_is_found_wherever_it_stands() {
        for good in [r#"{"a": 1}"#, r#""\ud83d\ude00""#, r#""\\ud800""#, r#""\u00e9\n\u0000""#, r#""\\\ud83d\ude00\\""#]
        {
            assert_eq!(json(good), Ok(good));
        }
        for bad in [
            r#""\ud800""#,
            r#""\udc00\ud800""#,
            r#""\ud800x""#,
            r#""\ud800\n""#,
            r#""\\\ud800\\udc00""#,
            r#""\ud800\ud800\udc00""#,
        ] {
            assert_eq!(json(bad), Err(BadValue::HalfSurrogate), "{bad}");
        }
    }
}
