//! Exact decimals: prices, volumes, percentages. Never a float.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Add, Mul, Sub};
use std::str::FromStr;

use bigdecimal::{BigDecimal, Signed, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Digits on either side of the point that a value may have. PostgreSQL's `numeric`
/// allows more; nothing that is a price does, and a bound keeps hostile exponents harmless.
const MAX_DIGITS: i64 = 128;
/// Longest text that is read at all: both sides, sign, point and exponent.
const MAX_TEXT: usize = 272;

/// Why a text is no decimal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecimalError {
    /// Not a decimal number (`NaN` and infinities are none either).
    #[error("not a decimal number: {0:?}")]
    NotANumber(String),
    /// More than 128 digits before or after the point.
    #[error("a number with more than {MAX_DIGITS} digits before or after the point")]
    TooLarge,
}

/// An exact decimal number, equal and ordered by value (`1.0 == 1.00`).
///
/// Serialised as a string, because JSON numbers pass through doubles in many readers.
/// Read from a string. The written scale is kept: `67893.40` prints as `67893.40`.
#[derive(Debug, Clone)]
pub struct Decimal(BigDecimal);

impl Decimal {
    /// Zero.
    pub fn zero() -> Self {
        Self(BigDecimal::zero())
    }

    /// Whether the value is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Whether the value is greater than zero.
    pub fn is_positive(&self) -> bool {
        self.0.is_positive()
    }

    /// Whether the value is less than zero.
    pub fn is_negative(&self) -> bool {
        self.0.is_negative()
    }

    /// The exact value with trailing zeros removed, for keys that must not depend on the scale.
    #[must_use]
    pub fn normalized(&self) -> Self {
        Self(self.0.normalized())
    }

    /// `self / divisor` rounded half-even to `scale` digits after the point; `None` for a zero divisor.
    ///
    /// For display only (distances, changes): rules compare by multiplication and stay exact.
    pub fn divide_for_display(&self, divisor: &Self, scale: i64) -> Option<Self> {
        if divisor.is_zero() {
            return None;
        }
        let quotient = &self.0 / &divisor.0;
        Some(Self(
            quotient.with_scale_round(scale, bigdecimal::RoundingMode::HalfEven),
        ))
    }

    /// `self / divisor` rounded down to a whole number, exactly; `None` for a zero divisor.
    pub fn divide_floor(&self, divisor: &Self) -> Option<Self> {
        if divisor.is_zero() {
            return None;
        }
        let scale = self
            .0
            .fractional_digit_count()
            .max(divisor.0.fractional_digit_count());
        // At the same scale the quotient of the values is that of their digits.
        let (digits, _) = self.0.with_scale(scale).into_bigint_and_exponent();
        let (by, _) = divisor.0.with_scale(scale).into_bigint_and_exponent();
        let quotient = &digits / &by;
        let inexact = &quotient * &by != digits;
        let below_zero = self.is_negative() != divisor.is_negative();
        let floor = if inexact && below_zero {
            quotient - 1
        } else {
            quotient
        };
        Some(Self(BigDecimal::from(floor)))
    }

    fn checked(value: BigDecimal) -> Result<Self, DecimalError> {
        // Exactly, or a number near the bound would be read and its plain text refused.
        let digits = i64::try_from(value.digits()).map_err(|_| DecimalError::TooLarge)?;
        let scale = value.fractional_digit_count();
        let before_point = digits.saturating_sub(scale);
        if scale > MAX_DIGITS || before_point > MAX_DIGITS || scale < -MAX_DIGITS {
            return Err(DecimalError::TooLarge);
        }
        Ok(Self(value))
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Reads `-12.50`, `+3`, `1e5`; refuses anything else, white space included.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let shortened = || text.chars().take(64).collect::<String>();
        if text.len() > MAX_TEXT {
            return Err(DecimalError::TooLarge);
        }
        let plain = text
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        if !plain || !text.bytes().any(|b| b.is_ascii_digit()) {
            return Err(DecimalError::NotANumber(shortened()));
        }
        let value =
            BigDecimal::from_str(text).map_err(|_| DecimalError::NotANumber(shortened()))?;
        Self::checked(value)
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self(BigDecimal::from(value))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.normalized().hash(state);
    }
}

impl Add for &Decimal {
    type Output = Decimal;
    fn add(self, other: Self) -> Decimal {
        Decimal(&self.0 + &other.0)
    }
}

impl Sub for &Decimal {
    type Output = Decimal;
    fn sub(self, other: Self) -> Decimal {
        Decimal(&self.0 - &other.0)
    }
}

impl Mul for &Decimal {
    type Output = Decimal;
    fn mul(self, other: Self) -> Decimal {
        Decimal(&self.0 * &other.0)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn keeps_every_digit_and_the_written_scale() {
        for text in [
            "67893.40",
            "67890.123456789012345678901234567890",
            "-0.00000012",
            "9223372036854775807",
        ] {
            assert_eq!(d(text).to_string(), text);
        }
    }

    #[test]
    fn compares_by_value() {
        assert_eq!(d("1.0"), d("1.00"));
        assert!(d("0.29999999999999999") < d("0.3"));
        assert_eq!(&(&d("0.1") + &d("0.2")), &d("0.3"));
    }

    #[test]
    fn refuses_what_is_no_price() {
        for text in [
            "", " 1", "NaN", "Infinity", "1,000", "0x10", "1_000", "--1", "e5", ".",
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn refuses_hostile_exponents_without_work() {
        for text in ["1e1000000000", "1e-1000000000", "1e9999999999999999999"] {
            assert!(text.parse::<Decimal>().is_err(), "{text:?}");
        }
        assert_eq!(d("1e5"), d("100000"));
    }

    #[test]
    fn the_bound_is_128_digits_on_either_side_however_they_are_written() {
        let (most, more) = ("9".repeat(128), "9".repeat(129));
        let after = |digits: &str| format!("0.{digits}");
        for (text, is_read) in [
            (most.clone(), true),
            (more.clone(), false),
            (after(&most), true),
            (after(&more), false),
            ("1e127".to_owned(), true),
            ("1e128".to_owned(), false),
            (format!("{}e27", "9".repeat(101)), true),
            (format!("{}e28", "9".repeat(101)), false),
        ] {
            assert_eq!(text.parse::<Decimal>().is_ok(), is_read, "{text}");
        }
    }

    #[test]
    fn division_for_display_rounds_half_even() {
        assert_eq!(d("1").divide_for_display(&d("8"), 2), Some(d("0.12")));
        assert_eq!(d("1").divide_for_display(&d("0"), 2), None);
    }

    #[test]
    fn division_to_whole_numbers_rounds_down_and_is_exact() {
        for (value, by, floor) in [
            ("7", "2", "3"),
            ("-7", "2", "-4"),
            ("7", "-2", "-4"),
            ("-7", "-2", "3"),
            ("0.3", "0.1", "3"),
            ("0.29999999999999999999999999999999", "0.1", "2"),
            ("-0.3", "0.1", "-3"),
            ("0", "5", "0"),
            ("1e120", "3e-100", &"3".repeat(220)),
        ] {
            assert_eq!(
                d(value).divide_floor(&d(by)),
                Some(d_long(floor)),
                "{value} / {by}"
            );
        }
        assert_eq!(d("1").divide_floor(&d("0")), None);
    }

    /// Longer than what is read from outside.
    fn d_long(text: &str) -> Decimal {
        Decimal(BigDecimal::from_str(text).unwrap())
    }

    proptest! {
        #[test]
        fn a_floor_times_its_divisor_is_within_one_divisor_below(
            a in any::<i64>(), a_scale in 0i64..18, b in 1i64.., b_scale in 0i64..18,
        ) {
            let value = Decimal(BigDecimal::new(a.into(), a_scale));
            let by = Decimal(BigDecimal::new(b.into(), b_scale));
            let below = &value.divide_floor(&by).unwrap() * &by;
            prop_assert!(below <= value && value < &below + &by);
        }

        #[test]
        fn text_round_trips(units in any::<i64>(), scale in 0u32..18) {
            let text = Decimal(BigDecimal::new(units.into(), i64::from(scale))).to_string();
            prop_assert_eq!(d(&text).to_string(), text);
        }

        #[test]
        fn what_is_read_has_a_text_that_is_read_as_the_same(
            digits in "-?[0-9]{1,150}(\\.[0-9]{0,150})?", exponent in -300i32..300,
        ) {
            if let Ok(value) = format!("{digits}e{exponent}").parse::<Decimal>() {
                prop_assert_eq!(value.to_string().parse::<Decimal>(), Ok(value));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = text.parse::<Decimal>();
        }
    }
}
