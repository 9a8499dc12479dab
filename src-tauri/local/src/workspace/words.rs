//! What the assistant says, in the language of the window.

use tidings_model::{Decimal, Language, Locale};

use super::commands::{Direction, Quote};
use super::figures::{dollars, percent};

/// Speaks to one reader.
pub(super) struct Words {
    locale: Locale,
}

impl Words {
    pub(super) fn new(locale: Locale) -> Self {
        Self { locale }
    }

    pub(super) fn locale(&self) -> &Locale {
        &self.locale
    }

    fn pick<'a>(&self, english: &'a str, german: &'a str) -> &'a str {
        match self.locale.language {
            Language::English => english,
            Language::German => german,
        }
    }

    pub(super) fn help(&self) -> String {
        let line = |amount: i64| dollars(&Decimal::from(amount), &self.locale);
        let (high, low) = (line(70_000), line(60_000));
        match self.locale.language {
            Language::English => format!(
                "This is what I can do:\n\n\
                 /price BTC: the latest price of BTC\n\
                 /price: all prices\n\
                 /alert BTC above 70000: one notification when BTC is at {high} or more\n\
                 /alert BTC below 60000: one notification when BTC is at {low} or less\n\
                 /help: this list"
            ),
            Language::German => format!(
                "Das kann ich:\n\n\
                 /price BTC: der neueste Kurs von BTC\n\
                 /price: alle Kurse\n\
                 /alert BTC above 70000: eine Benachrichtigung, wenn BTC bei {high} oder darüber \
                 steht\n\
                 /alert BTC below 60000: eine Benachrichtigung, wenn BTC bei {low} oder darunter \
                 steht\n\
                 /help: diese Liste"
            ),
        }
    }

    pub(super) fn hint(&self) -> &'static str {
        self.pick(
            "I have your message. I am a small assistant that lives in this workspace and answers \
             a few commands: /price BTC, /alert BTC above 70000, /help.",
            "Deine Nachricht ist da. Ich bin ein kleiner Assistent in diesem Arbeitsbereich und \
             beantworte ein paar Befehle: /price BTC, /alert BTC above 70000, /help.",
        )
    }

    pub(super) fn not_a_command(&self, word: &str) -> String {
        match self.locale.language {
            Language::English => format!("I do not know {word}. /help lists what I can do."),
            Language::German => format!("{word} kenne ich nicht. /help zählt auf, was ich kann."),
        }
    }

    pub(super) fn no_prices(&self) -> &'static str {
        self.pick(
            "There are no prices in this workspace yet.",
            "In diesem Arbeitsbereich gibt es noch keine Kurse.",
        )
    }

    pub(super) fn no_prices_to_fire(&self) -> &'static str {
        self.pick(
            "There are no prices in this workspace yet, so an alert could not fire.",
            "In diesem Arbeitsbereich gibt es noch keine Kurse, ein Alarm könnte nicht auslösen.",
        )
    }

    pub(super) fn simulated(&self) -> &'static str {
        self.pick("These prices are simulated.", "Diese Kurse sind simuliert.")
    }

    /// What is known, when somebody asks for something else.
    pub(super) fn unknown(&self, symbol: &str, known: &str) -> String {
        match self.locale.language {
            Language::English => format!("I have no price for {symbol}. I know {known}."),
            Language::German => {
                format!("Für {symbol} habe ich keinen Kurs. Ich kenne {known}.")
            }
        }
    }

    /// One quote in one line.
    pub(super) fn quote(&self, quote: &Quote) -> String {
        let symbol = &quote.symbol;
        let price = dollars(&quote.price, &self.locale);
        let change = quote.change.as_ref().map(|change| {
            let word = if change.is_negative() {
                self.pick("down", "minus")
            } else {
                self.pick("up", "plus")
            };
            format!("{word} {}", percent(change, &self.locale))
        });
        match (self.locale.language, change) {
            (Language::English, None) => format!("{symbol} is at {price}."),
            (Language::English, Some(change)) => {
                format!("{symbol} is at {price}, {change} in 24 hours.")
            }
            (Language::German, None) => format!("{symbol} steht bei {price}."),
            (Language::German, Some(change)) => {
                format!("{symbol} steht bei {price}, {change} in 24 Stunden.")
            }
        }
    }

    /// How an alert is written.
    pub(super) fn alert_form(&self) -> &'static str {
        self.pick(
            "An alert is written like this: /alert BTC above 70000, or /alert BTC below 60000.",
            "Ein Alarm schreibt sich so: /alert BTC above 70000, oder /alert BTC below 60000.",
        )
    }

    pub(super) fn not_a_price(&self, amount: &str) -> String {
        let form = self.alert_form();
        match self.locale.language {
            Language::English => format!("{amount} is not a price. {form}"),
            Language::German => format!("{amount} ist kein Kurs. {form}"),
        }
    }

    pub(super) fn alert_set(&self, quote: &Quote, direction: Direction, line: &Decimal) -> String {
        let symbol = &quote.symbol;
        let line = dollars(line, &self.locale);
        let now = dollars(&quote.price, &self.locale);
        match (self.locale.language, direction) {
            (Language::English, Direction::Above) => format!(
                "I set an alert: you get one notification when {symbol} rises to {line}. Now it \
                 is at {now}."
            ),
            (Language::English, Direction::Below) => format!(
                "I set an alert: you get one notification when {symbol} falls to {line}. Now it \
                 is at {now}."
            ),
            (Language::German, Direction::Above) => format!(
                "Der Alarm ist gestellt: Du bekommst eine Benachrichtigung, wenn {symbol} auf \
                 {line} steigt. Jetzt steht es bei {now}."
            ),
            (Language::German, Direction::Below) => format!(
                "Der Alarm ist gestellt: Du bekommst eine Benachrichtigung, wenn {symbol} auf \
                 {line} fällt. Jetzt steht es bei {now}."
            ),
        }
    }
}
