//! What the assistant understands, and what it says.

use serde_json::json;
use tidings_model::Decimal;

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

const HELP: &str = "This is what I can do:\n\n\
    /price BTC: the latest price of BTC\n\
    /price: all prices\n\
    /alert BTC above 70000: one notification when BTC is at 70,000 or more\n\
    /alert BTC below 60000: the same for falling prices\n\
    /help: this list";

/// Answers one message of a user.
pub fn answer(message: &str, quotes: &[Quote], simulated: bool) -> Reply {
    let message = message.trim();
    let mut words = message.split_whitespace();
    let first = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    match first.to_lowercase().as_str() {
        "/help" => Reply::text(HELP),
        "/price" | "/prices" => Reply::text(prices(rest.first().copied(), quotes, simulated)),
        "/alert" => alert(&rest, quotes),
        command if command.starts_with('/') => {
            Reply::text(format!("I do not know {first}. /help lists what I can do."))
        }
        _ => talk(message, quotes, simulated),
    }
}

fn talk(message: &str, quotes: &[Quote], simulated: bool) -> Reply {
    let words: Vec<String> = message
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_uppercase)
        .collect();
    let asks_price = words.iter().any(|word| word == "PRICE" || word == "PRICES");
    let named = words.iter().find(|word| find(quotes, word).is_some());
    if asks_price || (named.is_some() && words.len() == 1) {
        return Reply::text(prices(named.map(String::as_str), quotes, simulated));
    }
    if words.iter().any(|word| word == "HELP") {
        return Reply::text(HELP);
    }
    Reply::text(
        "I have your message. I am a small assistant that lives in this workspace and answers a \
         few commands: /price BTC, /alert BTC above 70000, /help.",
    )
}

fn prices(symbol: Option<&str>, quotes: &[Quote], simulated: bool) -> String {
    if quotes.is_empty() {
        return "There are no prices in this workspace yet.".to_owned();
    }
    let note = if simulated {
        "\n\nThese prices are simulated."
    } else {
        ""
    };
    let Some(symbol) = symbol else {
        let lines: Vec<String> = quotes.iter().map(line).collect();
        return format!("{}{note}", lines.join("\n"));
    };
    match find(quotes, symbol) {
        Some(quote) => format!("{}{note}", line(quote)),
        None => unknown(symbol, quotes),
    }
}

fn alert(words: &[&str], quotes: &[Quote]) -> Reply {
    const FORM: &str = "An alert is written like this: /alert BTC above 70000, or /alert BTC \
        below 60000.";
    let (symbol, direction, amount) = match words {
        [symbol, direction, amount] => (*symbol, direction.to_lowercase(), *amount),
        _ => return Reply::text(FORM),
    };
    let kind = match direction.as_str() {
        "above" | "over" | ">" | ">=" => "above",
        "below" | "under" | "<" | "<=" => "below",
        _ => return Reply::text(FORM),
    };
    let plain = amount.trim_start_matches('$').replace([',', '_'], "");
    let Some(price) = plain.parse::<Decimal>().ok().filter(Decimal::is_positive) else {
        return Reply::text(format!("{amount} is not a price. {FORM}"));
    };
    if quotes.is_empty() {
        return Reply::text(
            "There are no prices in this workspace yet, so an alert could not fire.",
        );
    }
    let Some(quote) = find(quotes, symbol) else {
        return Reply::text(unknown(symbol, quotes));
    };
    let price = price.to_string();
    let verb = if kind == "above" {
        "rises to"
    } else {
        "falls to"
    };
    let content = format!(
        "I set an alert: you get one notification when {} {verb} {}. Now it is at {}.",
        quote.symbol,
        dollars(&price),
        dollars(&quote.price.to_string()),
    );
    let metadata =
        json!({"tidings": {"alert": {"symbol": quote.symbol, "kind": kind, "price": price}}});
    Reply {
        content,
        metadata: metadata.to_string(),
    }
}

fn find<'a>(quotes: &'a [Quote], symbol: &str) -> Option<&'a Quote> {
    quotes
        .iter()
        .find(|quote| quote.symbol.eq_ignore_ascii_case(symbol))
}

fn unknown(symbol: &str, quotes: &[Quote]) -> String {
    let known: Vec<&str> = quotes.iter().map(|quote| quote.symbol.as_str()).collect();
    let symbol: String = symbol.chars().take(20).collect();
    format!("I have no price for {symbol}. I know {}.", known.join(", "))
}

fn line(quote: &Quote) -> String {
    let price = dollars(&quote.price.to_string());
    let Some(change) = &quote.change else {
        return format!("{} is at {price}.", quote.symbol);
    };
    let text = change.to_string();
    let (word, amount) = if change.is_negative() {
        ("down", text.trim_start_matches('-'))
    } else {
        ("up", text.as_str())
    };
    format!(
        "{} is at {price}, {word} {amount} % in 24 hours.",
        quote.symbol
    )
}

/// `$67,890.12`
fn dollars(amount: &str) -> String {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let mut grouped = String::from("$");
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
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
        answer(message, &quotes(), true).content
    }

    #[test]
    fn prices_are_told_exactly_and_marked_as_simulated() {
        let told = said("/price btc");
        assert_eq!(
            told,
            "BTC is at $67,890.12, down 1.24 % in 24 hours.\n\nThese prices are simulated."
        );
        assert!(said("what is the price of XRP?").starts_with("XRP is at $0.5231, up 0.40 %"));
        assert_eq!(
            said("/price DOGE"),
            "I have no price for DOGE. I know BTC, XRP."
        );
        assert_eq!(said("/price").lines().count(), 4);
    }

    #[test]
    fn an_alert_is_left_in_the_metadata() {
        let reply = answer("/alert btc above $70,000", &quotes(), true);
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
            assert_eq!(answer(wrong, &quotes(), true).metadata, "{}", "{wrong}");
        }
        assert_eq!(answer("/alert BTC above 1", &[], true).metadata, "{}");
    }

    #[test]
    fn anything_else_gets_a_hint() {
        assert!(said("/dance").contains("/dance"));
        assert!(said("hello").contains("/help"));
        assert_eq!(said("/help"), HELP);
    }
}
