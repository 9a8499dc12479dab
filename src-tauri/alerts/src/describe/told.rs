//! A firing as it is told, in the user's own words where there are any.

use tidings_model::{Decimal, Language, Locale, Quote, Timestamp};

use super::numbers::{THIN, amount, change, percent, price, signed};
use super::{body, english, fell, german, measured, range, sentence, title};
use crate::effect::Firing;
use crate::rule::{Condition, Rule};
use crate::template::{Placeholder, Template};

/// What stands where a value is not known.
const UNKNOWN: &str = "–";
/// Between the bounds of two conditions.
const BETWEEN: &str = " · ";
/// How long a text is at most once it is filled in, in characters; what is longer is cut.
const LONGEST: usize = 1000;

/// Everything that is known of a firing when it is told.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// The rule that fired.
    pub rule: &'a Rule,
    /// Its firing.
    pub firing: &'a Firing,
    /// The feed's figures at that time, as far as they are known.
    pub quote: Option<&'a Quote>,
    /// Writes a time for the reader's place.
    pub clock: &'a dyn Fn(Timestamp) -> String,
    /// How the reader writes.
    pub locale: &'a Locale,
}

impl Told<'_> {
    /// The first line of the notification.
    pub fn title(&self) -> String {
        title(self.rule, self.firing, self.locale)
    }

    /// The text below it, where nobody wrote another.
    pub fn details(&self) -> String {
        body(self.firing, self.clock, self.locale)
    }

    /// The text of a template, filled in; `None` where nothing is left of it.
    pub fn fill(&self, template: &Template) -> Option<String> {
        let mut text = template.fill(|placeholder| self.value(placeholder));
        if let Some((end, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(end);
            text.push('…');
        }
        (!text.trim().is_empty()).then_some(text)
    }

    /// What is filled in for a placeholder.
    pub fn value(&self, placeholder: Placeholder) -> String {
        let unknown = || UNKNOWN.to_owned();
        let figure = |value: Option<&Decimal>| {
            value.map_or_else(unknown, |value| amount(value, self.locale))
        };
        match placeholder {
            Placeholder::Symbol => self.rule.symbol.to_string(),
            Placeholder::Price => price(&self.firing.price, self.locale),
            Placeholder::Threshold => self.threshold(&self.rule.condition),
            Placeholder::Condition => sentence(&self.rule.condition, self.locale),
            Placeholder::Move => {
                measured(self.firing).map_or_else(unknown, |moved| percent(&moved, self.locale))
            }
            Placeholder::Change24h => {
                let known = self.firing.change_percentage_24h.as_ref();
                known.map_or_else(unknown, |percent| change(percent, self.locale))
            }
            Placeholder::Volume => figure(self.quote.and_then(|q| q.volume_24h.as_ref())),
            Placeholder::MarketCap => figure(self.quote.and_then(|q| q.market_cap.as_ref())),
            Placeholder::Time => (self.clock)(self.firing.time),
            Placeholder::Tags => self.rule.tags.join(", "),
            Placeholder::Details => self.details(),
        }
    }

    /// The bound that was reached: as the rule says it, or as it was worked out when it fired.
    fn threshold(&self, condition: &Condition) -> String {
        let locale = self.locale;
        let line = self.firing.line.as_ref();
        let share = |percent: &Decimal| format!("{}{THIN}%", amount(percent, locale));
        match condition {
            Condition::Above { price, .. }
            | Condition::Below { price, .. }
            | Condition::Crosses { price, .. } => amount(price, locale),
            Condition::Moves { percent, .. } => share(percent),
            Condition::Change24h { percent, .. } => {
                format!("{}{THIN}%", signed(percent, locale))
            }
            Condition::LeavesRange { low, high, .. } => {
                amount(if fell(self.firing) { low } else { high }, locale)
            }
            Condition::EntersRange { low, high, .. } => range(low, high, locale),
            Condition::Trailing { percent, .. } => {
                line.map_or_else(|| share(percent), |line| price(line, locale))
            }
            Condition::NewExtreme { .. } => {
                let passed = self.firing.measured_from.as_ref();
                passed.map_or_else(|| UNKNOWN.to_owned(), |from| price(&from.price, locale))
            }
            Condition::Step { step, .. } => amount(line.unwrap_or(step), locale),
            Condition::Volume { value, .. } | Condition::MarketCap { value, .. } => {
                amount(value, locale)
            }
            Condition::Stale { after_s } => match locale.language {
                Language::English => english::time(*after_s),
                Language::German => german::time(*after_s),
            },
            Condition::All { conditions } => conditions
                .each_ref()
                .map(|part| self.threshold(part))
                .join(BETWEEN),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use tidings_model::Symbol;

    use super::*;
    use crate::describe::sample;

    fn rule(condition: &str) -> Rule {
        let json =
            format!(r#"{{"symbol":"BTC","condition":{condition},"tags":["swing","long term"]}}"#);
        serde_json::from_str(&json).unwrap()
    }

    fn quote(price: &str) -> Quote {
        Quote {
            symbol: Symbol::new("BTC").unwrap(),
            price: price.parse().unwrap(),
            change_24h: None,
            change_percentage_24h: Some("4.4".parse().unwrap()),
            market_cap: None,
            volume_24h: Some("28600000000".parse().unwrap()),
            time: Timestamp::from_millis(60_000),
        }
    }

    fn clock(time: Timestamp) -> String {
        format!("minute {}", time.as_millis() / 60_000)
    }

    /// What a text says of the firing that comes next.
    fn said(rule: &Rule, quote: Option<&Quote>, text: &str, locale: &Locale) -> String {
        let firing = sample(rule, quote, Timestamp::from_millis(7_200_000)).unwrap();
        let told = Told {
            rule,
            firing: &firing,
            quote,
            clock: &clock,
            locale,
        };
        told.fill(&text.parse().unwrap()).unwrap_or_default()
    }

    const ABOVE: &str = r#"{"kind":"above","price":"70000"}"#;

    #[test]
    fn every_value_is_written_as_the_reader_writes() {
        let text = "{symbol}|{price}|{threshold}|{condition}|{move}|{change24h}|{volume}|\
                    {market_cap}|{time}|{tags}|{details}";
        let (rule, quote) = (rule(ABOVE), quote("67893.4"));
        assert_eq!(
            said(&rule, Some(&quote), text, &Locale::ENGLISH),
            "BTC|70,000.00|70,000|Crosses above 70,000|–|▲ +4.40\u{202f}%|28,600,000,000|–|\
             minute 120|swing, long term|70,000.00, ▲ +4.40\u{202f}% in 24 hours"
        );
        assert_eq!(
            said(&rule, Some(&quote), text, &Locale::GERMAN),
            "BTC|70.000,00|70.000|Steigt über 70.000|–|▲ +4,40\u{202f}%|28.600.000.000|–|\
             minute 120|swing, long term|70.000,00 · ▲ +4,40\u{202f}% in 24 Stunden"
        );
        // Nothing but the line is known.
        assert_eq!(
            said(
                &rule,
                None,
                "{price} {volume} {change24h}",
                &Locale::ENGLISH
            ),
            "70,000.00 – –"
        );
        assert_eq!(
            sample(&self::rule(STALE), None, Timestamp::from_millis(0)),
            None
        );
    }

    const STALE: &str = r#"{"kind":"stale","after_s":300}"#;

    #[test]
    fn each_kind_has_its_threshold_and_its_move() {
        let text = "{price} {threshold} {move}";
        for (condition, expected) in [
            (r#"{"kind":"below","price":"60000"}"#, "60,000.00 60,000 –"),
            (
                r#"{"kind":"crosses","price":"60000"}"#,
                "60,000.00 60,000 –",
            ),
            (
                r#"{"kind":"moves","percent":"2","window_s":900,"direction":"down"}"#,
                "98.00 2\u{202f}% \u{2212}2.0\u{202f}%",
            ),
            (
                r#"{"kind":"moves","percent":"2","window_s":900,"direction":"either"}"#,
                "102.00 2\u{202f}% +2.0\u{202f}%",
            ),
            (
                r#"{"kind":"change_24h","side":"below","percent":"-5"}"#,
                "100.00 \u{2212}5\u{202f}% –",
            ),
            (
                r#"{"kind":"leaves_range","low":"90","high":"110"}"#,
                "110.00 110 –",
            ),
            (
                r#"{"kind":"leaves_range","low":"101","high":"110"}"#,
                "101.00 101 –",
            ),
            (
                r#"{"kind":"enters_range","low":"110","high":"120"}"#,
                "110.00 110 – 120 –",
            ),
            (
                r#"{"kind":"enters_range","low":"80","high":"90"}"#,
                "90.00 80 – 90 –",
            ),
            (
                r#"{"kind":"trailing","side":"falls","percent":"5"}"#,
                "95.00 95.00 \u{2212}5.0\u{202f}%",
            ),
            (
                r#"{"kind":"trailing","side":"rises","percent":"5"}"#,
                "105.00 105.00 +5.0\u{202f}%",
            ),
            (
                r#"{"kind":"new_extreme","extreme":"low","window_s":60}"#,
                "100.00 100.00 0.0\u{202f}%",
            ),
            (r#"{"kind":"step","step":"30"}"#, "120.00 120 –"),
            (
                r#"{"kind":"step","step":"50","base":"100"}"#,
                "150.00 150 –",
            ),
            (
                r#"{"kind":"volume","side":"above","value":"30"}"#,
                "100.00 30 –",
            ),
            (
                r#"{"kind":"market_cap","side":"below","value":"5"}"#,
                "100.00 5 –",
            ),
            (STALE, "100.00 5 min 0.0\u{202f}%"),
            (
                r#"{"kind":"all","conditions":[{"kind":"above","price":"70000"},
                    {"kind":"change_24h","side":"above","percent":"5"}]}"#,
                "100.00 70,000 · +5\u{202f}% –",
            ),
        ] {
            let quote = quote("100");
            let said = said(&rule(condition), Some(&quote), text, &Locale::ENGLISH);
            assert_eq!(said, expected, "{condition}");
        }
    }

    #[test]
    fn what_comes_next_is_told_as_it_would_be() {
        let quote = quote("100");
        for (condition, title, details) in [
            (
                r#"{"kind":"crosses","price":"60"}"#,
                "BTC crossed below 60",
                "60.00, ",
            ),
            (
                r#"{"kind":"trailing","side":"falls","percent":"5"}"#,
                "BTC fell 5.0\u{202f}% from its high",
                "95.00, from 100.00 at minute 120",
            ),
            (
                STALE,
                "BTC without a price for 5 min",
                "Last 100.00 at minute 1",
            ),
            (
                r#"{"kind":"step","step":"30"}"#,
                "BTC crossed above 120",
                "120.00, ",
            ),
        ] {
            let rule = rule(condition);
            let firing = sample(&rule, Some(&quote), Timestamp::from_millis(7_200_000)).unwrap();
            let told = Told {
                rule: &rule,
                firing: &firing,
                quote: Some(&quote),
                clock: &clock,
                locale: &Locale::ENGLISH,
            };
            assert_eq!(told.title(), title);
            assert!(told.details().starts_with(details), "{}", told.details());
        }
    }

    #[test]
    fn what_is_filled_in_is_cut_and_what_is_blank_is_nothing() {
        let mut long = rule(ABOVE);
        long.tags = (0..Rule::MOST_TAGS)
            .map(|_| "é".repeat(Rule::LONGEST_TAG))
            .collect();
        let text = "{tags}".repeat(80);
        let filled = said(&long, None, &text, &Locale::ENGLISH);
        assert_eq!(filled.chars().count(), LONGEST + 1);
        assert!(filled.ends_with('…'));
        long.tags.clear();
        assert_eq!(said(&long, None, " {tags} ", &Locale::ENGLISH), "");
    }

    proptest! {
        #[test]
        fn whatever_a_symbol_is_called_it_is_text(name in "[^\\p{C}]{1,40}") {
            prop_assume!(Symbol::new(name.clone()).is_ok());
            let mut rule = rule(ABOVE);
            rule.symbol = Symbol::new(name).unwrap();
            let said = said(&rule, None, "<{symbol}>", &Locale::ENGLISH);
            prop_assert_eq!(said, format!("<{}>", rule.symbol));
        }
    }
}
