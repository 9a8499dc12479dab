//! Prices, changes and percentages as text.
//!
//! Written with the separators of the reader's place, a true minus and a narrow no-break space
//! before `%`.

use tidings_model::{Decimal, Locale};

use crate::levels::parts_of;

/// Before `%`, so that the number and its unit stay on one line.
pub(super) const THIN: char = '\u{202f}';
const MINUS: char = '\u{2212}';

/// `+3.1 %`, from a value in percent.
pub fn percent(value: &Decimal, locale: &Locale) -> String {
    format!("{}{THIN}%", signed(value, locale))
}

/// `▲ +4.40 %`: a change in percent with its shape, to two decimals.
pub fn change(value: &Decimal, locale: &Locale) -> String {
    let rounded = rounded(value, 2);
    if rounded.is_zero() {
        return format!("■ {}{THIN}%", grouped("0.00", locale));
    }
    let shape = if rounded.is_negative() { '▼' } else { '▲' };
    format!("{shape} {}{THIN}%", signed(&rounded, locale))
}

/// A price as shown: two decimals from 1 up, four significant digits below, grouped.
pub fn price(value: &Decimal, locale: &Locale) -> String {
    let plain = value.to_string();
    let Some(decimals) = plain.trim_start_matches('-').strip_prefix("0.") else {
        return grouped(&rounded(value, 2).to_string(), locale);
    };
    let zeros = decimals.bytes().take_while(|digit| *digit == b'0').count();
    let fine = rounded(value, i64::try_from(zeros).map_or(4, |zeros| zeros + 4));
    // 0.99999 rounds to one, which is written like any price from 1 up.
    let one = Decimal::from(1);
    let shown = if fine.is_zero() || fine >= one || &fine + &one <= Decimal::zero() {
        rounded(value, 2)
    } else {
        fine
    };
    grouped(&shown.to_string(), locale)
}

/// A number as it was written, without idle zeros, grouped: `70,000`, `0.995`.
pub fn amount(value: &Decimal, locale: &Locale) -> String {
    grouped(&value.normalized().to_string(), locale)
}

/// With `+` or a true minus; zero has neither.
pub(super) fn signed(value: &Decimal, locale: &Locale) -> String {
    let text = grouped(&value.to_string(), locale);
    if value.is_positive() {
        format!("+{text}")
    } else {
        text
    }
}

/// Without a sign.
pub(super) fn unsigned(value: &Decimal, locale: &Locale) -> String {
    grouped(value.to_string().trim_start_matches('-'), locale)
}

fn rounded(value: &Decimal, scale: i64) -> Decimal {
    value
        .divide_for_display(&parts_of(1), scale)
        .unwrap_or_else(|| value.clone())
}

/// Puts the separators in, and a true minus in front.
fn grouped(plain: &str, locale: &Locale) -> String {
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => (Some(MINUS), digits),
        None => (None, plain),
    };
    let (whole, decimals) = match digits.split_once('.') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (digits, None),
    };
    let mut text = String::with_capacity(plain.len() + plain.len() / 3 + 3);
    text.extend(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            text.push(locale.group);
        }
        text.push(digit);
    }
    if let Some(decimals) = decimals {
        text.push(locale.decimal);
        text.push_str(decimals);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn prices_keep_two_decimals_from_one_up_and_four_digits_below() {
        for (value, shown) in [
            ("67893.4", "67,893.40"),
            ("1234567.895", "1,234,567.90"),
            ("1", "1.00"),
            ("0.99961", "0.9996"),
            ("0.99999", "1.00"),
            ("0.000012345678", "0.00001235"),
            ("0", "0.00"),
            ("-12.5", "\u{2212}12.50"),
        ] {
            assert_eq!(price(&d(value), &Locale::ENGLISH), shown, "{value}");
        }
    }

    #[test]
    fn changes_have_a_shape_a_sign_and_two_decimals() {
        assert_eq!(change(&d("1.239"), &Locale::ENGLISH), "▲ +1.24\u{202f}%");
        assert_eq!(
            change(&d("-0.42"), &Locale::ENGLISH),
            "▼ \u{2212}0.42\u{202f}%"
        );
        assert_eq!(change(&d("0.001"), &Locale::ENGLISH), "■ 0.00\u{202f}%");
    }

    #[test]
    fn separators_are_those_of_the_place() {
        let german = Locale::GERMAN;
        assert_eq!(price(&d("1234567.895"), &german), "1.234.567,90");
        assert_eq!(amount(&d("0.9950"), &german), "0,995");
        assert_eq!(change(&d("0.001"), &german), "■ 0,00\u{202f}%");
        assert_eq!(percent(&d("-3.1"), &german), "\u{2212}3,1\u{202f}%");
        let swiss = Locale {
            group: '’',
            decimal: '.',
            ..german
        };
        assert_eq!(price(&d("67893.4"), &swiss), "67’893.40");
    }
}
