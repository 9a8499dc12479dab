//! Keeps the tray's state up to date: at most one update a second.

use std::collections::HashMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tauri::{AppHandle, Manager as _};
use tidings_contract::{
    Call, Command, Event, GetSnapshot, GetWatchList, ListSessions, LockStage, MuteAlerts, Place,
    QuoteRow, SessionNotify, SessionRow, SetPresence, SetSettings, SignInState, Snapshot,
    WorkspaceState,
};
use tidings_engine::App;
use tidings_model::{Clock as _, SystemClock, Timestamp};
use tokio::time::{Interval, MissedTickBehavior};

use super::Tray;
use super::menu::{Action, TrayState};
use crate::run::Engine;
use crate::window;

const LEAST_BETWEEN: Duration = Duration::from_secs(1);
/// No event says that a price grows old.
const LOOK_AT_AGES: Duration = Duration::from_secs(20);
/// Minutes for which the tray mutes alerts.
const MUTED_FOR: u32 = 60;

/// Shows the tray icon and follows the engine until it ends.
pub async fn follow(handle: AppHandle, app: App) {
    let mut events = app.changes();
    let mut known = Known::default();
    let mut outdated = Outdated::ALL;
    known.read(&app, outdated).await;
    let mut tray = match Tray::new(&handle, &known.state(&app)) {
        Ok(tray) => tray,
        Err(error) => {
            tracing::warn!(%error, "there is no tray icon");
            return;
        }
    };
    outdated = Outdated::default();
    let mut drawn = true;
    let mut tick = paced();
    let mut ages = tokio::time::interval(LOOK_AT_AGES);
    loop {
        tokio::select! {
            event = events.next() => {
                let Some(event) = event else { return };
                drawn &= !known.takes(&event.event);
                outdated.note(&event.event);
            }
            _ = ages.tick() => drawn = false,
            _ = tick.tick(), if !drawn || outdated != Outdated::default() => {
                known.read(&app, std::mem::take(&mut outdated)).await;
                drawn = true;
                if let Err(error) = tray.draw(&known.state(&app)) {
                    tracing::warn!(%error, "the tray was not updated");
                }
            }
        }
    }
}

/// Ticks at least so far apart, also after a time in which nobody waited for one.
fn paced() -> Interval {
    let mut tick = tokio::time::interval(LEAST_BETWEEN);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

/// Carries out what an entry of the menu does.
pub(super) fn act(handle: &AppHandle, action: Action) {
    let handle = handle.clone();
    tauri::async_runtime::spawn(async move {
        let engine = handle.state::<Engine>();
        let Ok(app) = engine.ready().await else {
            if action == Action::Quit {
                handle.exit(0);
            }
            return;
        };
        match action {
            Action::Quit => handle.exit(0),
            Action::Show => window::show(&handle),
            Action::Alerts => {
                window::show(&handle);
                app.show(Place::Alerts);
            }
            Action::Chart(symbol) => {
                window::show(&handle);
                app.show(Place::Chart { symbol });
            }
            Action::TurnOn => {
                let mut settings = app.settings().borrow().clone();
                settings.notifications = true;
                change(&app, SetSettings { settings }).await;
            }
            Action::Mute => {
                let minutes = Some(MUTED_FOR);
                change(&app, MuteAlerts { minutes }).await;
            }
            Action::Resume => change(&app, MuteAlerts { minutes: None }).await,
            Action::Presence(presence) => change(&app, SetPresence { presence }).await,
            Action::Lock => app.close_lock(),
        }
    });
}

async fn change(app: &App, command: impl Into<Command>) {
    if let Err(error) = app.call(command.into()).await {
        tracing::warn!(%error, "what the tray asked for was not done");
    }
}

/// What the tray is drawn from.
#[derive(Debug, Default)]
struct Known {
    snapshot: Option<Snapshot>,
    /// Messages not seen yet, of the sessions that have some and are not muted.
    unread: HashMap<String, u32>,
    /// The watched symbols, in order.
    watched: Vec<QuoteRow>,
}

/// Parts that are to be read again before the next drawing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Outdated {
    snapshot: bool,
    sessions: bool,
    watched: bool,
}

impl Outdated {
    const ALL: Self = Self {
        snapshot: true,
        sessions: true,
        watched: true,
    };

    fn note(&mut self, event: &Event) {
        match event {
            Event::Resync
            | Event::Workspaces { .. }
            | Event::Account { .. }
            | Event::Settings { .. } => *self = Self::ALL,
            Event::Connection { .. }
            | Event::Rules { .. }
            | Event::Presence { .. }
            | Event::AlertsMuted { .. }
            | Event::Lock { .. } => self.snapshot = true,
            Event::WatchList => self.watched = true,
            _ => {}
        }
    }
}

impl Known {
    /// Takes over what events tell several times a second: reading the watch-list reads a day of
    /// every symbol, and reading the sessions the newest message of each. Whether something is
    /// other than it was.
    fn takes(&mut self, event: &Event) -> bool {
        match event {
            Event::Prices { quotes } => self.takes_quotes(quotes),
            Event::Sessions { changed, removed } => {
                for id in removed {
                    self.unread.remove(id);
                }
                for row in changed {
                    self.takes_session(row);
                }
                true
            }
            _ => false,
        }
    }

    fn takes_quotes(&mut self, quotes: &[QuoteRow]) -> bool {
        let mut any = false;
        for row in &mut self.watched {
            if let Some(quote) = quotes.iter().find(|quote| quote.symbol == row.symbol) {
                row.clone_from(quote);
                any = true;
            }
        }
        any
    }

    fn takes_session(&mut self, row: &SessionRow) {
        if row.unread == 0 || row.notify == SessionNotify::Muted {
            self.unread.remove(&row.id);
        } else {
            self.unread.insert(row.id.clone(), row.unread);
        }
    }

    async fn read(&mut self, app: &App, outdated: Outdated) {
        if outdated.snapshot {
            self.snapshot = ask(app, GetSnapshot {}).await;
        }
        let has_workspace = self.active().is_some();
        if outdated.sessions {
            let sessions: Vec<SessionRow> = if has_workspace {
                ask(app, ListSessions {}).await.unwrap_or_default()
            } else {
                Vec::new()
            };
            self.unread.clear();
            for row in &sessions {
                self.takes_session(row);
            }
        }
        if outdated.watched {
            let wanted = has_workspace && app.settings().borrow().prices;
            self.watched = if wanted {
                ask(app, GetWatchList {}).await.unwrap_or_default()
            } else {
                Vec::new()
            };
        }
    }

    fn active(&self) -> Option<&WorkspaceState> {
        self.snapshot.as_ref()?.active.as_ref()
    }

    fn state(&self, app: &App) -> TrayState {
        let settings = app.settings().borrow().clone();
        let snapshot = self.snapshot.as_ref();
        let muted_until = snapshot.and_then(|all| all.alerts_muted_until);
        let general = TrayState {
            lock: snapshot.map_or(LockStage::Off, |all| all.lock.stage),
            off: !settings.notifications,
            muted_until: muted_until.map(|until| Timestamp::from_millis(until).local_clock()),
            locale: settings.wording.into(),
            ..TrayState::default()
        };
        let Some(active) = self.active() else {
            return general;
        };
        let signed_in = matches!(active.sign_in, SignInState::SignedIn { .. });
        let now = SystemClock.now();
        let watched = self.watched.iter().cloned().map(|mut row| {
            let told = row.time.map(Timestamp::from_millis);
            row.stale = told.is_none_or(|told| QuoteRow::is_stale(&active.connection, told, now));
            row
        });
        TrayState {
            watched: watched.collect(),
            unread: self.unread.values().sum(),
            armed: active.armed,
            connection: Some(active.connection.clone()),
            presence: (settings.presence && signed_in).then_some(active.presence),
            ..general
        }
    }
}

async fn ask<C: Call>(app: &App, arguments: C) -> Option<C::Reply>
where
    C::Reply: DeserializeOwned,
{
    let reply = app.carry_out(arguments.into()).await.ok()?;
    serde_json::from_str(reply.get()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn sessions(changed: &serde_json::Value, removed: &[&str]) -> Event {
        let event = json!({"type": "sessions", "changed": changed, "removed": removed});
        serde_json::from_value(event).unwrap()
    }

    fn session(id: &str, unread: u32, notify: &str) -> serde_json::Value {
        json!({
            "id": id, "title": null, "status": "active", "last_activity": 0, "snippet": null,
            "unread": unread, "queued": 0, "held": 0, "failed": 0, "draft": null,
            "pinned": false, "notify": notify, "no_access": false, "unsent": false, "role": null,
            "people": 1, "not_here": false,
        })
    }

    fn prices(quotes: &serde_json::Value) -> Event {
        serde_json::from_value(json!({"type": "prices", "quotes": quotes})).unwrap()
    }

    fn quote(symbol: &str, price: &str) -> serde_json::Value {
        json!({
            "symbol": symbol, "name": null, "price": price, "change_24h": null,
            "change_percentage_24h": null, "market_cap": null, "volume_24h": null, "time": 0,
            "stale": false, "watched": true, "spark": [],
        })
    }

    #[test]
    fn unread_messages_follow_the_sessions_that_are_told() {
        let mut known = Known::default();
        let unread = |known: &Known| known.unread.values().sum::<u32>();
        let told = json!([
            session("a", 3, "all"),
            session("b", 4, "muted"),
            session("c", 5, "mentions"),
            session("d", 0, "all"),
        ]);
        assert!(known.takes(&sessions(&told, &[])));
        assert_eq!(unread(&known), 8);
        known.takes(&sessions(&json!([session("a", 1, "all")]), &["c"]));
        assert_eq!(unread(&known), 1);
        known.takes(&sessions(&json!([session("a", 1, "muted")]), &[]));
        assert_eq!(unread(&known), 0);
    }

    #[test]
    fn watched_prices_follow_what_is_told_in_their_order() {
        let row = |value| serde_json::from_value::<QuoteRow>(value).unwrap();
        let mut known = Known {
            watched: vec![row(quote("BTC", "1")), row(quote("ETH", "2"))],
            ..Known::default()
        };
        assert!(!known.takes(&prices(&json!([quote("SOL", "3")]))));
        let told = json!([quote("ETH", "4"), quote("SOL", "3")]);
        assert!(known.takes(&prices(&told)));
        let shown = known.watched.iter();
        let shown: Vec<_> = shown.map(|row| row.price.as_deref().unwrap()).collect();
        assert_eq!(shown, ["1", "4"]);
    }

    #[tokio::test(start_paused = true)]
    async fn updates_are_a_second_apart_also_after_a_time_without_any() {
        let mut tick = paced();
        tick.tick().await;
        tokio::time::advance(LEAST_BETWEEN * 30).await;
        tick.tick().await;
        let first = tokio::time::Instant::now();
        tick.tick().await;
        assert!(first.elapsed() >= LEAST_BETWEEN);
    }

    #[test]
    fn what_flows_is_not_read_again() {
        let mut outdated = Outdated::default();
        outdated.note(&prices(&json!([])));
        outdated.note(&sessions(&json!([]), &[]));
        assert_eq!(outdated, Outdated::default());
        outdated.note(&Event::WatchList);
        assert!(outdated.watched && !outdated.sessions && !outdated.snapshot);
        outdated.note(&Event::Resync);
        assert_eq!(outdated, Outdated::ALL);
    }
}
