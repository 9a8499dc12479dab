//! Prices and percentages as a person of the reader's place writes and reads them.

use tidings_model::{Decimal, Language, Locale};

/// `$67,890.12`, or `67.890,12 $` in German; every digit is kept.
pub(super) fn dollars(amount: &Decimal, locale: &Locale) -> String {
    let written = grouped(&amount.to_string(), locale);
    match locale.language {
        Language::English => format!("${written}"),
        Language::German => format!("{written}\u{a0}$"),
    }
}

/// `1.24 %`, without a sign.
pub(super) fn percent(amount: &Decimal, locale: &Locale) -> String {
    let text = amount.to_string();
    let size = grouped(text.trim_start_matches('-'), locale);
    format!("{size}\u{202f}%")
}

/// What a person typed as a price, by the separators of the place. A lone separator that groups
/// nothing is taken as the decimal point: `70,5` and `0.995` mean themselves everywhere. The
/// window reads prices by the same rule.
pub(super) fn read_price(text: &str, locale: &Locale) -> Option<Decimal> {
    let bare: String = text
        .trim()
        .trim_start_matches('$')
        .trim_end_matches('$')
        .chars()
        .filter(|character| !character.is_whitespace() && !"'’_".contains(*character))
        .collect();
    let point = if locale.decimal == ',' { ',' } else { '.' };
    let group = if point == ',' { '.' } else { ',' };
    let plain = if is_grouped(&bare, group, point) {
        bare.replace(group, "").replace(point, ".")
    } else {
        bare.replacen(',', ".", 1)
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain.as_str(), ""));
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let price = plain.trim_end_matches('.').parse::<Decimal>().ok()?;
    price.is_positive().then_some(price)
}

/// Whether thousands stand apart in it, each of three digits.
fn is_grouped(text: &str, group: char, point: char) -> bool {
    let whole = text.split_once(point).map_or(text, |(whole, _)| whole);
    let mut parts = whole.split(group);
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && !rest.is_empty()
        && rest.iter().all(|part| part.len() == 3)
}

/// Puts the separators into a plain number.
fn grouped(plain: &str, locale: &Locale) -> String {
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let mut text = String::with_capacity(plain.len() + plain.len() / 3 + 1);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(locale.group);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push(locale.decimal);
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_by_the_separators_of_the_place() {
        let swiss = Locale {
            group: '’',
            decimal: '.',
            ..Locale::GERMAN
        };
        for (text, english, german, of_switzerland) in [
            ("70000", "70000", "70000", "70000"),
            ("$70,000", "70000", "70.000", "70000"),
            ("70.000", "70.000", "70000", "70.000"),
            ("70.000,50 $", "", "70000.50", ""),
            ("70,000.5", "70000.5", "", "70000.5"),
            ("70,5", "70.5", "70.5", "70.5"),
            ("0,995", "0.995", "0.995", "0.995"),
            ("0.995", "0.995", "0.995", "0.995"),
            ("1.234.567", "", "1234567", ""),
            ("70 000", "70000", "70000", "70000"),
            ("70’000", "70000", "70000", "70000"),
            (".5", "0.5", "0.5", "0.5"),
            ("5.", "5", "5", "5"),
        ] {
            let read = |locale| {
                read_price(text, locale).map_or_else(String::new, |price| price.to_string())
            };
            assert_eq!(read(&Locale::ENGLISH), english, "{text} in English");
            assert_eq!(read(&Locale::GERMAN), german, "{text} in German");
            assert_eq!(read(&swiss), of_switzerland, "{text} in Switzerland");
        }
        for wrong in ["", ".", "$", "-5", "0", "0.00", "1e5", "much", "1,2,3", "٣"] {
            assert!(read_price(wrong, &Locale::ENGLISH).is_none(), "{wrong}");
            assert!(read_price(wrong, &Locale::GERMAN).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_price_is_written_as_in_the_place() {
        let price: Decimal = "1067890.1200".parse().unwrap();
        assert_eq!(dollars(&price, &Locale::ENGLISH), "$1,067,890.1200");
        assert_eq!(dollars(&price, &Locale::GERMAN), "1.067.890,1200\u{a0}$");
        let change: Decimal = "-1.24".parse().unwrap();
        assert_eq!(percent(&change, &Locale::GERMAN), "1,24\u{202f}%");
    }
}
