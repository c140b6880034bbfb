//! What a field of the wire says, as text: for values that the lake's type cannot hold, so that nothing is lost. Postgres reads
//! the same value from it again.

use super::numeric::Numeric;
use super::value::Value;
use super::wire;
use crate::model::ColumnType;

/// The value as Postgres prints it, or close to it; bytes that are no text are escaped.
pub fn text(kind: &ColumnType, bytes: &[u8]) -> String {
    match kind {
        ColumnType::Decimal { .. } | ColumnType::NumericDouble => {
            Numeric::parse(bytes).map_or_else(|| escaped(bytes), |numeric| numeric.to_string())
        }
        ColumnType::Timestamp | ColumnType::TimestampTz => wire::fixed(bytes).map_or_else(
            |_| escaped(bytes),
            |micros| timestamp(i64::from_be_bytes(micros), *kind == ColumnType::TimestampTz),
        ),
        ColumnType::Interval if bytes.first() == Some(&0x80) => "-infinity".into(),
        ColumnType::Interval => "infinity".into(),
        ColumnType::List { item, .. } => wire::Array::parse(bytes).map_or_else(|_| escaped(bytes), |a| array(item, &a)),
        ColumnType::Struct(fields) => {
            let mut parts = Vec::new();
            let read = wire::attributes(bytes, fields.len(), |at, attribute| {
                parts.push(attribute.map_or_else(String::new, |bytes| quoted(&element(&fields[at].kind, bytes))));
                Ok(())
            });
            if read.is_ok() { format!("({})", parts.join(",")) } else { escaped(bytes) }
        }
        _ => escaped(bytes),
    }
}

/// Part of a list or composite: most parts are representable, and only one need not be.
fn element(kind: &ColumnType, bytes: &[u8]) -> String {
    match kind.decode(bytes) {
        Ok(Value::Bool(value)) => if value { "t" } else { "f" }.into(),
        Ok(Value::I16(value)) => value.to_string(),
        Ok(Value::F32(value)) => value.to_string(),
        Ok(Value::F64(value)) if *kind == ColumnType::Float8 => value.to_string(),
        Ok(Value::I32(value)) if *kind == ColumnType::Int4 => value.to_string(),
        Ok(Value::I64(value)) if matches!(kind, ColumnType::Int8 | ColumnType::Oid) => value.to_string(),
        Ok(Value::Text(value)) => value.into(),
        Ok(Value::Short(value)) => value.as_str().into(),
        Ok(Value::I32(_)) => wire::fixed(bytes).map_or_else(|_| escaped(bytes), |days| date(i32::from_be_bytes(days))),
        Ok(Value::Interval { months, days, micros }) => format!("{months} mons {days} days {micros} microseconds"),
        Ok(Value::Bytes(value)) if *kind == ColumnType::Uuid => hex(value),
        Ok(Value::Bytes(value)) => format!("\\x{}", hex(value)),
        _ => text(kind, bytes),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `{1,NULL,"a b"}`, `{{1,2},{3,4}}`, `[0:1]={1,2}`.
fn array(item: &ColumnType, array: &wire::Array<'_>) -> String {
    let mut parts = Vec::new();
    // Checked before; what can be read is shown.
    let _ = array.elements(|bytes| {
        parts.push(bytes.map_or_else(|| "NULL".into(), |bytes| quoted(&element(item, bytes))));
        Ok(())
    });
    let lengths: Vec<usize> = array.lengths().map(|length| length as usize).collect();
    for length in lengths.iter().rev() {
        parts = parts.chunks((*length).max(1)).map(|list| format!("{{{}}}", list.join(","))).collect();
    }
    let Some(list) = parts.pop() else { return "{}".into() };
    if array.lower_bounds().all(|lower| lower == 1) {
        return list;
    }
    let bounds = array.lower_bounds().zip(array.lengths()).map(|(lower, length)| {
        let upper = i64::from(lower) + i64::from(length) - 1;
        format!("[{lower}:{upper}]")
    });
    format!("{}={list}", bounds.collect::<String>())
}

fn quoted(part: &str) -> String {
    let plain = !part.is_empty()
        && !part.eq_ignore_ascii_case("null")
        && !part.contains(['"', '\\', ',', '{', '}', '(', ')', ' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    if plain { part.into() } else { format!("\"{}\"", part.replace('\\', "\\\\").replace('"', "\\\"")) }
}

/// Valid UTF-8 as it is, other bytes as `\xNN`.
fn escaped(bytes: &[u8]) -> String {
    let chunks = bytes.utf8_chunks().map(|chunk| format!("{}{}", chunk.valid(), chunk.invalid().escape_ascii()));
    chunks.collect()
}

const DAY: i64 = 86_400_000_000;

/// Microseconds since 2000-01-01 in the proleptic Gregorian calendar, however far away.
fn timestamp(micros: i64, utc: bool) -> String {
    match micros {
        i64::MAX => return "infinity".into(),
        i64::MIN => return "-infinity".into(),
        _ => {}
    }
    let (days, time) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let (day, era) = day(days);
    let (seconds, micros) = (time / 1_000_000, time % 1_000_000);
    let zone = if utc { "+00" } else { "" };
    format!("{day} {:02}:{:02}:{:02}.{micros:06}{zone}{era}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Days since 2000-01-01, infinity at both ends.
fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".into(),
        i32::MIN => "-infinity".into(),
        days => {
            let (day, era) = day(days.into());
            format!("{day}{era}")
        }
    }
}

/// The day as `YYYY-MM-DD`, and what follows it before the first year.
fn day(days: i64) -> (String, &'static str) {
    let (year, month, day) = civil(days);
    let (era, year) = if year > 0 { ("", year) } else { (" BC", 1 - year) };
    (format!("{year:04}-{month:02}-{day:02}"), era)
}

/// Year, month and day of so many days after 2000-01-01. Counts from 2000-03-01, so that leap days end their years.
fn civil(days: i64) -> (i64, i64, i64) {
    const FOUR_CENTURIES: i64 = 146_097;
    let days = days - 60;
    let (era, day) = (days.div_euclid(FOUR_CENTURIES), days.rem_euclid(FOUR_CENTURIES));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let of_month = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (2000 + era * 400 + year + carry, month, of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_at_the_ends_of_months_eras_and_the_range() {
        let day = |days: i64| timestamp(days * DAY, false).split(' ').next().map(str::to_owned);
        for (days, expected) in [
            (0, "2000-01-01"),
            (59, "2000-02-29"),
            (60, "2000-03-01"),
            (-1, "1999-12-31"),
            (-10_957, "1970-01-01"),
            (9_627, "2026-05-11"),
            (36_583, "2100-02-28"),
            (36_584, "2100-03-01"),
            (-730_119, "0001-01-01"),
        ] {
            assert_eq!(day(days).as_deref(), Some(expected));
        }
        assert_eq!((date(i32::MAX), date(-730_120)), ("infinity".into(), "0001-12-31 BC".into()));
        assert_eq!(timestamp(-730_120 * DAY, true), "0001-12-31 00:00:00.000000+00 BC");
        assert_eq!(timestamp(9_223_371_331_199_999_999, false), "294276-12-31 23:59:59.999999");
    }

    #[test]
    fn nested_values_look_like_postgres_literals() {
        let grid: Vec<u8> =
            [2_i32, 0, 23, 2, 1, 2, 1, 4, 1, 4, 2, 4, 3, -1].iter().flat_map(|p| p.to_be_bytes()).collect();
        assert_eq!(text(&ColumnType::list(ColumnType::Int4), &grid), "{{1,2},{3,NULL}}");
        assert_eq!(text(&ColumnType::Text, b"M\xfcller"), "M\\xfcller");
        let shifted: Vec<u8> = [1_i32, 0, 17, 2, -1, 0, 1, 9 << 24].iter().flat_map(|p| p.to_be_bytes()).collect();
        assert_eq!(text(&ColumnType::list(ColumnType::Bytes), &shifted[..29]), r#"[-1:0]={"\\x","\\x09"}"#);
    }
}
