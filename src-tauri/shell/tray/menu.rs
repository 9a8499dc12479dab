//! The tray as a pure function of what is known: which icon, which entries.

use tidings_contract::{Connection, QuoteRow};
use tidings_model::Locale;

use super::words;

/// Prices shown in the menu.
const PRICES: usize = 8;

/// What the tray shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrayState {
    /// The watched symbols, in order.
    pub watched: Vec<QuoteRow>,
    /// Messages not seen yet, over all sessions that are not muted.
    pub unread: u32,
    /// Rules that are switched on.
    pub armed: u32,
    /// The connection; none without a workspace.
    pub connection: Option<Connection>,
    /// Whether notifications are switched off.
    pub muted: bool,
    /// How texts and numbers are written.
    pub locale: Locale,
}

/// Form of the icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Nothing to tell.
    Plain,
    /// Something is unread.
    Unread,
    /// Not connected.
    Offline,
    /// Notifications are switched off.
    Paused,
}

/// An entry of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A line that does something.
    Item {
        /// What it does.
        action: Action,
        /// Its text.
        label: String,
    },
    /// A line that only tells.
    Text(String),
    /// A rule between groups.
    Separator,
}

/// What an entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Shows the window.
    Show,
    /// Shows a symbol's chart.
    Chart(String),
    /// Shows the alerts.
    Alerts,
    /// Switches notifications off or on.
    ToggleNotifications,
    /// Ends the program.
    Quit,
}

impl Action {
    /// Id of the menu item.
    pub fn id(&self) -> String {
        match self {
            Self::Show => "show".to_owned(),
            Self::Chart(symbol) => format!("chart/{symbol}"),
            Self::Alerts => "alerts".to_owned(),
            Self::ToggleNotifications => "notifications".to_owned(),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// The action of a menu item's id.
    pub fn from_id(id: &str) -> Option<Self> {
        Some(match id {
            "show" => Self::Show,
            "alerts" => Self::Alerts,
            "notifications" => Self::ToggleNotifications,
            "quit" => Self::Quit,
            other => Self::Chart(other.strip_prefix("chart/")?.to_owned()),
        })
    }
}

/// The icon for a state: the worst first.
pub const fn icon(state: &TrayState) -> Icon {
    match (&state.connection, state.muted, state.unread) {
        (
            Some(Connection::Offline { .. } | Connection::Refused { .. } | Connection::SignedOut),
            _,
            _,
        ) => Icon::Offline,
        (_, true, _) => Icon::Paused,
        (_, false, 0) => Icon::Plain,
        (_, false, _) => Icon::Unread,
    }
}

/// The entries for a state.
pub fn entries(state: &TrayState) -> Vec<Entry> {
    let language = state.locale.language;
    let connection = words::connection(language, state.connection.as_ref());
    let mut entries = vec![Entry::Text(connection.to_owned()), Entry::Separator];
    for quote in state.watched.iter().take(PRICES) {
        entries.push(Entry::Item {
            action: Action::Chart(quote.symbol.clone()),
            label: price_line(quote, &state.locale),
        });
    }
    if !state.watched.is_empty() {
        entries.push(Entry::Separator);
    }
    entries.push(Entry::Item {
        action: Action::Alerts,
        label: words::armed(language, state.armed),
    });
    entries.push(Entry::Item {
        action: Action::ToggleNotifications,
        label: words::toggle(language, state.muted).to_owned(),
    });
    entries.push(Entry::Separator);
    entries.push(Entry::Item {
        action: Action::Show,
        label: words::show(language, state.unread),
    });
    entries.push(Entry::Item {
        action: Action::Quit,
        label: words::quit(language).to_owned(),
    });
    entries
}

/// `BTC  67,893.40  ▲ +1.24 %`
fn price_line(quote: &QuoteRow, locale: &Locale) -> String {
    use tidings_alerts::describe;
    let decimal = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
    let Some(price) = decimal(&quote.price) else {
        let none = words::no_price(locale.language);
        return format!("{}  {none}", quote.symbol);
    };
    let mut line = format!("{}  {}", quote.symbol, describe::price(&price, locale));
    if quote.stale {
        line.push_str("  ");
        line.push_str(words::old(locale.language));
    } else if let Some(change) = decimal(&quote.change_percentage_24h) {
        line.push_str("  ");
        line.push_str(&describe::change(&change, locale));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(symbol: &str, price: Option<&str>, change: Option<&str>) -> QuoteRow {
        QuoteRow {
            symbol: symbol.to_owned(),
            name: None,
            price: price.map(str::to_owned),
            change_24h: None,
            change_percentage_24h: change.map(str::to_owned),
            market_cap: None,
            volume_24h: None,
            time: Some(0),
            stale: false,
            watched: true,
            spark: Vec::new(),
        }
    }

    #[test]
    fn prices_stand_first_and_read_as_in_the_window() {
        let state = TrayState {
            watched: vec![
                quote("BTC", Some("67893.4"), Some("1.24")),
                quote("ETH", None, None),
            ],
            armed: 1,
            connection: Some(Connection::Live),
            ..TrayState::default()
        };
        let labels: Vec<String> = entries(&state)
            .into_iter()
            .filter_map(|entry| match entry {
                Entry::Item { label, .. } | Entry::Text(label) => Some(label),
                Entry::Separator => None,
            })
            .collect();
        assert_eq!(labels[0], "Connected");
        assert!(
            labels[1].starts_with("BTC  67,893.40  ▲ +1.24"),
            "{}",
            labels[1]
        );
        assert_eq!(labels[2], "ETH  no price yet");
        assert_eq!(labels[3], "1 alert armed");
    }

    #[test]
    fn the_menu_speaks_german() {
        let state = TrayState {
            watched: vec![quote("BTC", Some("67893.4"), Some("-1.24"))],
            armed: 2,
            unread: 3,
            muted: true,
            connection: Some(Connection::SignedOut),
            locale: Locale::GERMAN,
        };
        let labels: Vec<String> = entries(&state)
            .into_iter()
            .filter_map(|entry| match entry {
                Entry::Item { label, .. } | Entry::Text(label) => Some(label),
                Entry::Separator => None,
            })
            .collect();
        assert_eq!(
            labels,
            [
                "Abgemeldet",
                "BTC  67.893,40  ▼ \u{2212}1,24\u{202f}%",
                "2 Preisalarme scharf",
                "Benachrichtigungen einschalten",
                "Tidings öffnen (3 ungelesen)",
                "Tidings beenden",
            ]
        );
    }

    #[test]
    fn the_icon_tells_the_worst() {
        let offline = Connection::Offline {
            since: 0,
            retry_at: None,
            reason: None,
        };
        let state = |connection, muted, unread| TrayState {
            connection: Some(connection),
            muted,
            unread,
            ..TrayState::default()
        };
        assert_eq!(icon(&state(offline, true, 3)), Icon::Offline);
        assert_eq!(icon(&state(Connection::Live, true, 3)), Icon::Paused);
        assert_eq!(icon(&state(Connection::Live, false, 3)), Icon::Unread);
        assert_eq!(icon(&state(Connection::Live, false, 0)), Icon::Plain);
    }

    #[test]
    fn every_action_is_found_by_its_id() {
        for action in [
            Action::Show,
            Action::Chart("BTC".to_owned()),
            Action::Alerts,
            Action::ToggleNotifications,
            Action::Quit,
        ] {
            assert_eq!(Action::from_id(&action.id()), Some(action));
        }
    }
}
