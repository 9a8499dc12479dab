//! What the assistant understands. Commands have the same names in every language; what else is
//! said to it is understood in each, whichever the window speaks.

use serde_json::json;
use tidings_model::{Decimal, Locale};

use super::figures::read_price;
use super::words::Words;

/// A price that the assistant can tell.
#[derive(Debug, Clone)]
pub struct Quote {
    /// For example `BTC`.
    pub symbol: String,
    /// In US dollars.
    pub price: Decimal,
    /// Change in 24 hours, in percent.
    pub change: Option<Decimal>,
}

/// What the assistant says, and what it tells the app.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// The text.
    pub content: String,
    /// The message's `metadata`, a JSON object.
    pub metadata: String,
}

impl Reply {
    fn text(content: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            metadata: "{}".to_owned(),
        }
    }
}

/// On which side of its line a price is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// At the line or over it.
    Above,
    /// At the line or under it.
    Below,
}

impl Direction {
    fn read(word: &str) -> Option<Self> {
        match word.to_lowercase().as_str() {
            "above" | "over" | ">" | ">=" | "über" | "ueber" => Some(Self::Above),
            "below" | "under" | "<" | "<=" | "unter" => Some(Self::Below),
            _ => None,
        }
    }

    /// As the engine reads it.
    const fn name(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
        }
    }
}

const ASKS_PRICE: [&str; 6] = ["PRICE", "PRICES", "PREIS", "PREISE", "KURS", "KURSE"];
const ASKS_HELP: [&str; 2] = ["HELP", "HILFE"];

/// Answers one message of a user, in the language and with the figures of the window.
pub(super) fn answer(message: &str, quotes: &[Quote], simulated: bool, locale: Locale) -> Reply {
    let say = Words::new(locale);
    let message = message.trim();
    let mut words = message.split_whitespace();
    let first = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    match first.to_lowercase().as_str() {
        "/help" => Reply::text(say.help()),
        "/price" | "/prices" => Reply::text(prices(&say, rest.first().copied(), quotes, simulated)),
        "/alert" => alert(&say, &rest, quotes),
        command if command.starts_with('/') => Reply::text(say.not_a_command(first)),
        _ => talk(&say, message, quotes, simulated),
    }
}

fn talk(say: &Words, message: &str, quotes: &[Quote], simulated: bool) -> Reply {
    let words: Vec<String> = message
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_uppercase)
        .collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let named = words.iter().find(|word| find(quotes, word).is_some());
    if has(&ASKS_PRICE) || (named.is_some() && words.len() == 1) {
        return Reply::text(prices(say, named.map(String::as_str), quotes, simulated));
    }
    if has(&ASKS_HELP) {
        return Reply::text(say.help());
    }
    Reply::text(say.hint())
}

fn prices(say: &Words, symbol: Option<&str>, quotes: &[Quote], simulated: bool) -> String {
    if quotes.is_empty() {
        return say.no_prices().to_owned();
    }
    let told = match symbol.map(|symbol| find(quotes, symbol).ok_or(symbol)) {
        None => {
            let lines: Vec<String> = quotes.iter().map(|quote| say.quote(quote)).collect();
            lines.join("\n")
        }
        Some(Ok(quote)) => say.quote(quote),
        Some(Err(symbol)) => return unknown(say, symbol, quotes),
    };
    if simulated {
        format!("{told}\n\n{}", say.simulated())
    } else {
        told
    }
}

fn alert(say: &Words, words: &[&str], quotes: &[Quote]) -> Reply {
    let [symbol, direction, amount @ ..] = words else {
        return Reply::text(say.alert_form());
    };
    // A price may have spaces in it: 70 000.
    let amount = amount.join(" ");
    let Some(direction) = Direction::read(direction).filter(|_| !amount.is_empty()) else {
        return Reply::text(say.alert_form());
    };
    let Some(price) = read_price(&amount, say.locale()) else {
        return Reply::text(say.not_a_price(&shortened(&amount)));
    };
    if quotes.is_empty() {
        return Reply::text(say.no_prices_to_fire());
    }
    let Some(quote) = find(quotes, symbol) else {
        return Reply::text(unknown(say, symbol, quotes));
    };
    let metadata = json!({"tidings": {"alert": {
        "symbol": quote.symbol,
        "kind": direction.name(),
        "price": price.to_string(),
    }}});
    Reply {
        content: say.alert_set(quote, direction, &price),
        metadata: metadata.to_string(),
    }
}

fn find<'a>(quotes: &'a [Quote], symbol: &str) -> Option<&'a Quote> {
    let symbol = symbol.trim_start_matches('$');
    quotes
        .iter()
        .find(|quote| quote.symbol.eq_ignore_ascii_case(symbol))
}

fn unknown(say: &Words, symbol: &str, quotes: &[Quote]) -> String {
    let known: Vec<&str> = quotes.iter().map(|quote| quote.symbol.as_str()).collect();
    say.unknown(&shortened(symbol), &known.join(", "))
}

/// As much of what somebody wrote as an answer repeats.
fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn quotes() -> Vec<Quote> {
        let quote = |symbol: &str, price: &str, change: &str| Quote {
            symbol: symbol.to_owned(),
            price: price.parse().unwrap(),
            change: Some(change.parse().unwrap()),
        };
        vec![
            quote("BTC", "67890.12", "-1.24"),
            quote("XRP", "0.5231", "0.40"),
        ]
    }

    fn said(message: &str) -> String {
        answer(message, &quotes(), true, Locale::ENGLISH).content
    }

    fn told(message: &str) -> String {
        answer(message, &quotes(), true, Locale::GERMAN).content
    }

    #[test]
    fn prices_are_told_exactly_and_marked_as_simulated() {
        let told = said("/price btc");
        assert_eq!(
            told,
            "BTC is at $67,890.12, down 1.24\u{202f}% in 24 hours.\n\nThese prices are simulated."
        );
        assert!(
            said("what is the price of XRP?").starts_with("XRP is at $0.5231, up 0.40\u{202f}%")
        );
        assert_eq!(
            said("/price DOGE"),
            "I have no price for DOGE. I know BTC, XRP."
        );
        assert_eq!(said("/price").lines().count(), 4);
    }

    #[test]
    fn an_alert_is_left_in_the_metadata() {
        let reply = answer("/alert btc above $70,000", &quotes(), true, Locale::ENGLISH);
        assert_eq!(
            reply.metadata,
            r#"{"tidings":{"alert":{"kind":"above","price":"70000","symbol":"BTC"}}}"#
        );
        assert!(reply.content.contains("BTC rises to $70,000"));
    }

    #[test]
    fn a_wrong_alert_sets_nothing() {
        for wrong in [
            "/alert",
            "/alert BTC near 3",
            "/alert BTC above much",
            "/alert DOGE above 1",
            "/alert BTC above -5",
            "/alert BTC above 0",
        ] {
            assert_eq!(
                answer(wrong, &quotes(), true, Locale::ENGLISH).metadata,
                "{}",
                "{wrong}"
            );
        }
        assert_eq!(
            answer("/alert BTC above 1", &[], true, Locale::ENGLISH).metadata,
            "{}"
        );
    }

    #[test]
    fn anything_else_gets_a_hint() {
        assert!(said("/dance").contains("/dance"));
        assert!(said("hello").contains("/help"));
        assert!(said("/help").contains("at $70,000 or more"));
    }

    #[test]
    fn a_german_window_is_answered_in_german() {
        assert_eq!(
            told("/price btc"),
            "BTC steht bei 67.890,12\u{a0}$, minus 1,24\u{202f}% in 24 Stunden.\n\n\
             Diese Kurse sind simuliert."
        );
        assert!(told("Wie ist der Kurs von XRP?").starts_with("XRP steht bei 0,5231\u{a0}$, plus"));
        assert!(told("/help").starts_with("Das kann ich:"));
        assert!(told("Hilfe").contains("70.000\u{a0}$ oder darüber"));
        assert!(told("/tanz").starts_with("/tanz kenne ich nicht."));
        assert_eq!(
            told("/price DOGE"),
            "Für DOGE habe ich keinen Kurs. Ich kenne BTC, XRP."
        );
        assert!(told("Hallo").contains("/help"));
    }

    #[test]
    fn seventy_thousand_is_that_also_with_a_german_point() {
        for asked in [
            "/alert BTC über 70.000",
            "/alert BTC above 70 000 $",
            "/alert btc above 70.000,00",
        ] {
            let reply = answer(asked, &quotes(), true, Locale::GERMAN);
            let price = reply.metadata.split(r#""price":"70000"#).nth(1);
            assert!(price.is_some(), "{asked}: {}", reply.metadata);
            assert!(reply.content.contains("wenn BTC auf 70.000"), "{asked}");
        }
        let reply = answer("/alert BTC above 70.000", &quotes(), true, Locale::ENGLISH);
        assert!(reply.metadata.contains(r#""price":"70.000""#));
    }
}
