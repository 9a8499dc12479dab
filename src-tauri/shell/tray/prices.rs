//! Prices in columns of fixed width, as far as a menu's proportional type allows.

use tidings_alerts::describe;
use tidings_contract::QuoteRow;
use tidings_model::Locale;

use super::words;

/// As wide as a digit (Unicode, "Space characters").
const FIGURE: char = '\u{2007}';
/// As wide as a full stop.
const PUNCTUATION: char = '\u{2008}';

/// `BTC  67,893.40  ▲ +1.24 %`, a line for each quote.
pub(super) fn lines(quotes: &[QuoteRow], locale: &Locale) -> Vec<String> {
    let cells: Vec<[String; 3]> = quotes.iter().map(|quote| cells(quote, locale)).collect();
    let widest = |column: usize| {
        let texts = cells.iter().map(|row| row[column].as_str());
        texts
            .max_by_key(|text| text.chars().count())
            .unwrap_or_default()
            .to_owned()
    };
    let (symbol, price, change) = (widest(0), widest(1), widest(2));
    cells
        .iter()
        .map(|[own_symbol, own_price, own_change]| {
            let mut line = format!("{own_symbol}{}  ", blank(own_symbol, &symbol));
            if own_price.is_empty() {
                line.push_str(words::no_price(locale.language));
                return line;
            }
            line.push_str(&blank(own_price, &price));
            line.push_str(own_price);
            if !own_change.is_empty() {
                line.push_str("  ");
                line.push_str(&aligned(own_change, &blank(own_change, &change)));
            }
            line
        })
        .collect()
}

/// Symbol, price and change; without a price only the first.
fn cells(quote: &QuoteRow, locale: &Locale) -> [String; 3] {
    let decimal = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
    let symbol = quote.symbol.clone();
    let Some(price) = decimal(&quote.price) else {
        return [symbol, String::new(), String::new()];
    };
    let change = if quote.stale {
        words::old(locale.language).to_owned()
    } else {
        decimal(&quote.change_percentage_24h)
            .map(|change| describe::change(&change, locale))
            .unwrap_or_default()
    };
    [symbol, describe::price(&price, locale), change]
}

/// What a text lacks to be as wide as a longer one: for letters and digits one space each that is
/// as wide as a digit, for the rest one that is as wide as a full stop.
fn blank(text: &str, longest: &str) -> String {
    let count = |text: &str| text.chars().count();
    let wide = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let lacking = count(longest).saturating_sub(count(text));
    let figures = wide(longest).saturating_sub(wide(text)).min(lacking);
    let spaces = [(FIGURE, figures), (PUNCTUATION, lacking - figures)];
    let spaces = spaces.into_iter();
    spaces
        .flat_map(|(space, count)| std::iter::repeat_n(space, count))
        .collect()
}

/// A change keeps its triangle at the beginning, and its figures end where those of others do.
fn aligned(change: &str, blank: &str) -> String {
    match change.split_once(' ') {
        Some((triangle, figures)) => format!("{triangle} {blank}{figures}"),
        None => change.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(symbol: &str, price: &str, change: &str) -> QuoteRow {
        QuoteRow {
            symbol: symbol.to_owned(),
            name: None,
            price: Some(price.to_owned()),
            change_24h: None,
            change_percentage_24h: Some(change.to_owned()),
            market_cap: None,
            volume_24h: None,
            time: Some(0),
            stale: false,
            watched: true,
            spark: Vec::new(),
        }
    }

    #[test]
    fn every_line_is_as_wide_as_the_others() {
        let quotes = [
            quote("BTC", "67893.4", "1.24"),
            quote("DOGE", "0.1234", "-12.5"),
            quote("ETH", "3500", "0"),
        ];
        let lines = lines(&quotes, &Locale::default());
        let width = lines[0].chars().count();
        assert!(
            lines.iter().all(|line| line.chars().count() == width),
            "{lines:#?}"
        );
        assert!(
            lines[0].starts_with("BTC\u{2007}  67,893.40  ▲ \u{2007}+1.24"),
            "{}",
            lines[0]
        );
        assert!(lines[2].contains("  \u{2007}3,500.00  "), "{}", lines[2]);
        // One that moves by a digit moves no other edge.
        let moved = [quote("BTC", "67893.5", "1.25"), quotes[1].clone()];
        assert_eq!(
            super::lines(&moved, &Locale::default())[0].chars().count(),
            width
        );
    }
}
