//! Postgres's binary `numeric`: base-10000 digits with a weight, a sign and a display scale.
//!
//! TableSchema (`numeric_send`): i16 ndigits, i16 weight, u16 sign, u16 dscale, then `ndigits` u16 digits of 0..=9999. The value is
//! `Σ digit[i] · 10000^(weight − i)`.

use std::fmt::{self, Write};

/// A parsed header and its digits, borrowed from the wire.
#[derive(Debug, Clone, Copy)]
pub struct Numeric<'a> {
    weight: i32,
    sign: Sign,
    /// Digits to show after the point.
    scale: usize,
    digits: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Positive,
    Negative,
    NotANumber,
    PositiveInfinity,
    NegativeInfinity,
}

/// Why a numeric cannot be a DECIMAL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDecimal {
    /// NaN or an infinity.
    NotFinite,
    /// More digits than the DECIMAL has.
    OutOfRange,
}

impl<'a> Numeric<'a> {
    /// Reads one value; `None` when the bytes are not a numeric.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (header, digits) = bytes.split_at_checked(8)?;
        let part = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let sign = match part(4) {
            0x0000 => Sign::Positive,
            0x4000 => Sign::Negative,
            0xC000 => Sign::NotANumber,
            0xD000 => Sign::PositiveInfinity,
            0xF000 => Sign::NegativeInfinity,
            _ => return None,
        };
        let all_valid = digits.chunks_exact(2).all(|pair| u16::from_be_bytes([pair[0], pair[1]]) < 10_000);
        (digits.len() == usize::from(part(0)) * 2 && all_valid).then_some(Self {
            weight: i32::from(part(2) as i16),
            sign,
            scale: part(6).into(),
            digits,
        })
    }

    fn digit(&self, index: usize) -> i128 {
        i128::from(u16::from_be_bytes([self.digits[2 * index], self.digits[2 * index + 1]]))
    }

    fn len(&self) -> usize {
        self.digits.len() / 2
    }

    /// The value times 10^scale, exact.
    ///
    /// # Errors
    /// When it is not finite, or has digits beyond `scale` or more than 38 in all.
    pub fn scaled(&self, scale: u8) -> Result<i128, NotDecimal> {
        if !matches!(self.sign, Sign::Positive | Sign::Negative) {
            return Err(NotDecimal::NotFinite);
        }
        let mut total: i128 = 0;
        for index in 0..self.len() {
            // The power of ten of this digit's last place, after scaling.
            let exponent = 4 * (self.weight - index as i32) + i32::from(scale);
            let digit = self.digit(index);
            let term = if exponent >= 0 {
                match 10_i128.checked_pow(exponent.unsigned_abs()) {
                    Some(power) => digit.checked_mul(power).ok_or(NotDecimal::OutOfRange)?,
                    None if digit == 0 => 0,
                    None => return Err(NotDecimal::OutOfRange),
                }
            } else {
                let power = 10_i128.pow(exponent.unsigned_abs().min(5));
                if digit % power != 0 {
                    return Err(NotDecimal::OutOfRange);
                }
                digit / power
            };
            total = total.checked_add(term).ok_or(NotDecimal::OutOfRange)?;
        }
        Ok(if self.sign == Sign::Negative { -total } else { total })
    }

    /// The nearest double where that is the quotient of two doubles that are exact: no text is needed then, and hardly any
    /// value needs more.
    fn exact_quotient(&self) -> Option<f64> {
        let fraction = usize::try_from(self.len() as i32 - 1 - self.weight).unwrap_or(0) * 4;
        let (digits, divisor) = (self.scaled(u8::try_from(fraction).ok()?).ok()?, EXACT_POWERS.get(fraction / 4)?);
        (digits.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS).then(|| digits as f64 / divisor + 0.0)
    }

    /// The nearest double; `None` where the value is finite but its double would not be.
    pub fn to_f64(self) -> Option<f64> {
        match self.sign {
            Sign::NotANumber => return Some(f64::NAN),
            Sign::PositiveInfinity => return Some(f64::INFINITY),
            Sign::NegativeInfinity => return Some(f64::NEG_INFINITY),
            Sign::Positive | Sign::Negative => {}
        }
        if let Some(value) = self.exact_quotient() {
            return Some(value);
        }
        // Through decimal text, because std's parser rounds correctly and summing powers of 10000 would not.
        let mut text = String::with_capacity(self.digits.len() * 2 + 16);
        text.push_str(if self.sign == Sign::Negative { "-0" } else { "0" });
        for index in 0..self.len() {
            text.push_str(&format!("{:04}", self.digit(index)));
        }
        text.push_str(&format!("e{}", 4 * (self.weight + 1 - self.len() as i32)));
        let value: f64 = text.parse().ok()?;
        // Postgres prints numeric zero without a sign.
        value.is_finite().then_some(if value == 0.0 { 0.0 } else { value })
    }
}

/// Powers of 10000 that a double holds exactly.
const EXACT_POWERS: [f64; 6] = [1.0, 1e4, 1e8, 1e12, 1e16, 1e20];

impl fmt::Display for Numeric<'_> {
    /// As Postgres prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sign {
            Sign::NotANumber => return f.write_str("NaN"),
            Sign::PositiveInfinity => return f.write_str("Infinity"),
            Sign::NegativeInfinity => return f.write_str("-Infinity"),
            Sign::Negative => f.write_char('-')?,
            Sign::Positive => {}
        }
        // The group of four digits that stands at this power of 10000.
        let group = |power: i32| {
            let index = usize::try_from(self.weight - power).ok().filter(|index| *index < self.len());
            index.map_or(0, |index| self.digit(index))
        };
        write!(f, "{}", group(self.weight.max(0)))?;
        for power in (0..self.weight).rev() {
            write!(f, "{:04}", group(power))?;
        }
        let mut left = self.scale;
        for power in 1.. {
            if left == 0 {
                break;
            }
            let digits = format!("{:04}", group(-power));
            let shown = left.min(4);
            write!(f, "{}{}", if power == 1 { "." } else { "" }, &digits[..shown])?;
            left -= shown;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(weight: i16, sign: u16, digits: &[u16]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [digits.len() as u16, weight as u16, sign, 3] {
            bytes.extend(part.to_be_bytes());
        }
        digits.iter().for_each(|digit| bytes.extend(digit.to_be_bytes()));
        bytes
    }

    #[test]
    fn decimals_are_exact_and_refuse_what_they_cannot_hold() {
        let twelve_and_a_half = wire(0, 0, &[12, 5000]);
        let numeric = Numeric::parse(&twelve_and_a_half).expect("valid");
        assert_eq!(numeric.scaled(2), Ok(1250));
        assert_eq!(numeric.scaled(0), Err(NotDecimal::OutOfRange));
        let minus_tiny = wire(-3, 0x4000, &[7]);
        assert_eq!(Numeric::parse(&minus_tiny).expect("valid").scaled(12), Ok(-7));
        assert_eq!(Numeric::parse(&wire(0, 0xC000, &[])).expect("valid").scaled(2), Err(NotDecimal::NotFinite));
        assert_eq!(Numeric::parse(&wire(20, 0, &[1])).expect("valid").scaled(2), Err(NotDecimal::OutOfRange));
        assert_eq!(Numeric::parse(&wire(0, 0, &[])).expect("valid").scaled(30), Ok(0));
    }

    #[test]
    fn doubles_are_the_nearest_ones() {
        let value =
            |weight, sign, digits: &[u16]| Numeric::parse(&wire(weight, sign, digits)).and_then(Numeric::to_f64);
        assert_eq!(value(0, 0, &[0, 1000]), Some(0.1));
        assert_eq!(value(1, 0x4000, &[1, 2345, 6789]), Some(-12345.6789));
        assert_eq!(value(0, 0x4000, &[]).map(f64::to_bits), Some(0.0_f64.to_bits()));
        assert_eq!(value(0, 0xF000, &[]), Some(f64::NEG_INFINITY));
        assert_eq!(value(1000, 0, &[1]), None);
    }

    #[test]
    fn doubles_without_and_with_text_agree() {
        for text in ["0.1", "1234.5678", "99999.99", "0.0001", "123456789.123", "9007199254740993", "1000000", "0.3"] {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let padded = format!("{whole:0>20}{fraction:0<8}");
            let digits: Vec<u16> = padded
                .as_bytes()
                .chunks(4)
                .map(|c| std::str::from_utf8(c).expect("ASCII").parse().expect("digits"))
                .collect();
            let bytes = wire(4, 0, &digits);
            assert_eq!(Numeric::parse(&bytes).and_then(Numeric::to_f64), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn numbers_print_as_postgres_prints_them() {
        let text =
            |weight, sign, digits: &[u16]| Numeric::parse(&wire(weight, sign, digits)).expect("valid").to_string();
        assert_eq!(text(1, 0x4000, &[12, 34, 5600]), "-120034.560");
        assert_eq!(text(-1, 0, &[70]), "0.007");
        assert_eq!(text(0, 0, &[]), "0.000");
        assert_eq!(text(2, 0, &[1]), "100000000.000");
        assert_eq!(text(0, 0xC000, &[]), "NaN");
    }

    #[test]
    fn damaged_bytes_are_refused() {
        for bytes in [&[][..], &[0, 1, 0, 0, 0, 0, 0, 0], &[0, 0, 0, 0, 0x12, 0, 0, 0], &wire(0, 0, &[10_000])] {
            assert!(Numeric::parse(bytes).is_none(), "{bytes:?}");
        }
    }
}
