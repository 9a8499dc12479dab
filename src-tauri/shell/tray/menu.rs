//! The tray as a pure function of what is known: which icon, which entries.

use tidings_contract::{Connection, LockStage, OwnPresence, QuoteRow};
use tidings_model::Locale;

use super::{prices, words};

/// Prices shown in the menu.
const PRICES: usize = 8;
const PRESENCES: [OwnPresence; 3] = [
    OwnPresence::Online,
    OwnPresence::Away,
    OwnPresence::Invisible,
];

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
    pub off: bool,
    /// Until which time of day alerts are muted.
    pub muted_until: Option<String>,
    /// One's own presence; none where it is not told.
    pub presence: Option<OwnPresence>,
    /// How the lock stands. While it is closed the menu changes nothing, and tells of messages only
    /// that there are some.
    pub lock: LockStage,
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
    /// Notifications are switched off, or alerts muted.
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
    /// One of several that exclude each other.
    Choice {
        /// What choosing it does.
        action: Action,
        /// Its text.
        label: String,
        /// Whether it is the chosen one.
        chosen: bool,
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
    /// Switches notifications on.
    TurnOn,
    /// Mutes alerts for an hour.
    Mute,
    /// Has alerts told again.
    Resume,
    /// Chooses one's own presence.
    Presence(OwnPresence),
    /// Closes the lock.
    Lock,
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
            Self::TurnOn => "notifications".to_owned(),
            Self::Mute => "mute".to_owned(),
            Self::Resume => "resume".to_owned(),
            Self::Presence(OwnPresence::Online) => "presence/online".to_owned(),
            Self::Presence(OwnPresence::Away) => "presence/away".to_owned(),
            Self::Presence(OwnPresence::Invisible) => "presence/invisible".to_owned(),
            Self::Lock => "lock".to_owned(),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// The action of a menu item's id.
    pub fn from_id(id: &str) -> Option<Self> {
        Some(match id {
            "show" => Self::Show,
            "alerts" => Self::Alerts,
            "notifications" => Self::TurnOn,
            "mute" => Self::Mute,
            "resume" => Self::Resume,
            "presence/online" => Self::Presence(OwnPresence::Online),
            "presence/away" => Self::Presence(OwnPresence::Away),
            "presence/invisible" => Self::Presence(OwnPresence::Invisible),
            "lock" => Self::Lock,
            "quit" => Self::Quit,
            other => Self::Chart(other.strip_prefix("chart/")?.to_owned()),
        })
    }
}

/// The icon for a state: the worst first.
pub const fn icon(state: &TrayState) -> Icon {
    let muted = state.off || state.muted_until.is_some();
    match (&state.connection, muted, state.unread) {
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
    let locked = state.lock == LockStage::Locked;
    let connection = words::connection(language, state.connection.as_ref());
    let mut entries = vec![Entry::Text(connection.to_owned())];
    if locked {
        entries.push(Entry::Text(words::locked(language).to_owned()));
    }
    entries.push(Entry::Separator);
    let watched = &state.watched[..state.watched.len().min(PRICES)];
    for (quote, label) in watched.iter().zip(prices::lines(watched, &state.locale)) {
        entries.push(Entry::Item {
            action: Action::Chart(quote.symbol.clone()),
            label,
        });
    }
    if !state.watched.is_empty() {
        entries.push(Entry::Separator);
    }
    entries.push(Entry::Item {
        action: Action::Alerts,
        label: words::armed(language, state.armed),
    });
    let (action, label) = match (state.off, &state.muted_until) {
        (true, _) => (Action::TurnOn, words::turn_on(language).to_owned()),
        (false, Some(until)) => (Action::Resume, words::resume(language, until)),
        (false, None) => (Action::Mute, words::mute(language).to_owned()),
    };
    if !locked {
        entries.push(Entry::Item { action, label });
    }
    entries.push(Entry::Separator);
    if let Some(own) = state.presence.filter(|_| !locked) {
        for presence in PRESENCES {
            entries.push(Entry::Choice {
                action: Action::Presence(presence),
                label: words::presence(language, presence).to_owned(),
                chosen: presence == own,
            });
        }
        entries.push(Entry::Separator);
    }
    entries.push(Entry::Item {
        action: Action::Show,
        label: words::show(language, state.unread),
    });
    if state.lock == LockStage::Open {
        entries.push(Entry::Item {
            action: Action::Lock,
            label: words::lock(language).to_owned(),
        });
    }
    entries.push(Entry::Item {
        action: Action::Quit,
        label: words::quit(language).to_owned(),
    });
    entries
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
                Entry::Item { label, .. } | Entry::Choice { label, .. } | Entry::Text(label) => {
                    Some(label)
                }
                Entry::Separator => None,
            })
            .collect();
        assert_eq!(labels[0], "Connected");
        assert!(
            labels[1].starts_with("BTC  67,893.40  ▲ +1.24"),
            "{}",
            labels[1]
        );
        assert_eq!(labels[2].trim_end(), "ETH  no price yet");
        assert_eq!(labels[3], "1 alert armed");
    }

    #[test]
    fn while_locked_it_shows_prices_and_changes_nothing() {
        let mut state = TrayState {
            watched: vec![quote("BTC", Some("67893.4"), None)],
            presence: Some(OwnPresence::Away),
            lock: LockStage::Open,
            ..TrayState::default()
        };
        let actions = |state: &TrayState| -> Vec<Action> {
            let items = entries(state).into_iter().filter_map(|entry| match entry {
                Entry::Item { action, .. } | Entry::Choice { action, .. } => Some(action),
                Entry::Text(_) | Entry::Separator => None,
            });
            items.collect()
        };
        assert!(actions(&state).contains(&Action::Lock));
        state.lock = LockStage::Off;
        assert!(!actions(&state).contains(&Action::Lock));
        state.lock = LockStage::Locked;
        let chart = Action::Chart("BTC".to_owned());
        assert_eq!(
            actions(&state),
            [chart, Action::Alerts, Action::Show, Action::Quit]
        );
        assert!(entries(&state).contains(&Entry::Text("Locked".to_owned())));
    }

    #[test]
    fn the_menu_speaks_german() {
        let state = TrayState {
            watched: vec![quote("BTC", Some("67893.4"), Some("-1.24"))],
            armed: 2,
            unread: 3,
            muted_until: Some("15:40".to_owned()),
            presence: Some(OwnPresence::Away),
            connection: Some(Connection::SignedOut),
            lock: LockStage::Open,
            locale: Locale::GERMAN,
            off: false,
        };
        let labels: Vec<String> = entries(&state)
            .into_iter()
            .filter_map(|entry| match entry {
                Entry::Item { label, .. } | Entry::Choice { label, .. } | Entry::Text(label) => {
                    Some(label)
                }
                Entry::Separator => None,
            })
            .collect();
        assert_eq!(
            labels,
            [
                "Abgemeldet",
                "BTC  67.893,40  ▼ \u{2212}1,24\u{202f}%",
                "2 Preisalarme scharf",
                "Preisalarme wieder melden (stumm bis 15:40)",
                "Online",
                "Abwesend",
                "Unsichtbar",
                "Tidings öffnen (3 ungelesen)",
                "Jetzt sperren",
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
            project: None,
        };
        let state = |connection, muted, unread| TrayState {
            connection: Some(connection),
            off: muted,
            unread,
            ..TrayState::default()
        };
        assert_eq!(icon(&state(offline, true, 3)), Icon::Offline);
        assert_eq!(icon(&state(Connection::Live, true, 3)), Icon::Paused);
        assert_eq!(icon(&state(Connection::Live, false, 3)), Icon::Unread);
        assert_eq!(icon(&state(Connection::Live, false, 0)), Icon::Plain);
    }

    #[test]
    fn alerts_are_muted_resumed_and_switched_on_by_one_entry() {
        let act = |state: &TrayState| {
            entries(state).into_iter().find_map(|entry| match entry {
                Entry::Item { action, .. }
                    if matches!(action, Action::Mute | Action::Resume | Action::TurnOn) =>
                {
                    Some(action)
                }
                _ => None,
            })
        };
        let mut state = TrayState::default();
        assert_eq!(
            (act(&state), icon(&state)),
            (Some(Action::Mute), Icon::Plain)
        );
        state.muted_until = Some("15:40".to_owned());
        assert_eq!(
            (act(&state), icon(&state)),
            (Some(Action::Resume), Icon::Paused)
        );
        state.off = true;
        assert_eq!(
            (act(&state), icon(&state)),
            (Some(Action::TurnOn), Icon::Paused)
        );
    }

    #[test]
    fn presence_is_chosen_only_where_it_is_told() {
        let chosen = |presence| {
            let state = TrayState {
                presence,
                ..TrayState::default()
            };
            let choices = entries(&state).into_iter().filter_map(|entry| match entry {
                Entry::Choice { action, chosen, .. } => Some((action, chosen)),
                _ => None,
            });
            choices.collect::<Vec<_>>()
        };
        assert!(chosen(None).is_empty());
        assert_eq!(
            chosen(Some(OwnPresence::Away)),
            [
                (Action::Presence(OwnPresence::Online), false),
                (Action::Presence(OwnPresence::Away), true),
                (Action::Presence(OwnPresence::Invisible), false),
            ]
        );
    }

    #[test]
    fn every_action_is_found_by_its_id() {
        for action in [
            Action::Show,
            Action::Chart("BTC".to_owned()),
            Action::Alerts,
            Action::TurnOn,
            Action::Mute,
            Action::Resume,
            Action::Presence(OwnPresence::Online),
            Action::Presence(OwnPresence::Away),
            Action::Presence(OwnPresence::Invisible),
            Action::Quit,
        ] {
            assert_eq!(Action::from_id(&action.id()), Some(action));
        }
    }
}
