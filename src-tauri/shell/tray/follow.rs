//! Keeps the tray's state up to date: at most one update a second.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tauri::{AppHandle, Manager as _};
use tidings_contract::{
    Call, Command, Event, GetSnapshot, GetWatchList, ListSessions, LockStage, MuteAlerts, Place,
    SessionNotify, SessionRow, SetPresence, SetSettings, SignInState, Snapshot,
};
use tidings_engine::App;
use tidings_model::Timestamp;

use super::Tray;
use super::menu::{Action, TrayState};
use crate::run::Engine;
use crate::window;

const LEAST_BETWEEN: Duration = Duration::from_secs(1);
/// Minutes for which the tray mutes alerts.
const MUTED_FOR: u32 = 60;

/// Shows the tray icon and follows the engine until it ends.
pub async fn follow(handle: AppHandle, app: App) {
    let mut events = app.changes();
    let mut state = read(&app).await;
    let mut tray = match Tray::new(&handle, &state) {
        Ok(tray) => tray,
        Err(error) => {
            tracing::warn!(%error, "there is no tray icon");
            return;
        }
    };
    let mut tick = tokio::time::interval(LEAST_BETWEEN);
    let mut outdated = false;
    loop {
        tokio::select! {
            event = events.next() => {
                let Some(event) = event else { return };
                outdated |= concerns(&event.event);
            }
            _ = tick.tick(), if outdated => {
                outdated = false;
                state = read(&app).await;
                if let Err(error) = tray.draw(&state) {
                    tracing::warn!(%error, "the tray was not updated");
                }
            }
        }
    }
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

const fn concerns(event: &Event) -> bool {
    matches!(
        event,
        Event::Resync
            | Event::Workspaces { .. }
            | Event::Connection { .. }
            | Event::Sessions { .. }
            | Event::Prices { .. }
            | Event::WatchList
            | Event::Rules { .. }
            | Event::Settings { .. }
            | Event::Presence { .. }
            | Event::Account { .. }
            | Event::AlertsMuted { .. }
            | Event::Lock { .. }
    )
}

async fn read(app: &App) -> TrayState {
    let snapshot: Option<Snapshot> = ask(app, GetSnapshot {}).await;
    let settings = app.settings().borrow().clone();
    let muted_until = snapshot.as_ref().and_then(|all| all.alerts_muted_until);
    let general = TrayState {
        lock: snapshot
            .as_ref()
            .map_or(LockStage::Off, |all| all.lock.stage),
        off: !settings.notifications,
        muted_until: muted_until.map(|until| Timestamp::from_millis(until).local_clock()),
        locale: settings.wording.into(),
        ..TrayState::default()
    };
    let Some(active) = snapshot.and_then(|snapshot| snapshot.active) else {
        return general;
    };
    let signed_in = matches!(active.sign_in, SignInState::SignedIn { .. });
    let sessions: Vec<SessionRow> = ask(app, ListSessions {}).await.unwrap_or_default();
    let watched = if settings.prices {
        ask(app, GetWatchList {}).await.unwrap_or_default()
    } else {
        Vec::new()
    };
    TrayState {
        watched,
        unread: sessions
            .iter()
            .filter(|row| row.notify != SessionNotify::Muted)
            .map(|row| row.unread)
            .sum(),
        armed: active.armed,
        connection: Some(active.connection),
        presence: (settings.presence && signed_in).then_some(active.presence),
        ..general
    }
}

async fn ask<C: Call>(app: &App, arguments: C) -> Option<C::Reply>
where
    C::Reply: DeserializeOwned,
{
    let reply = app.carry_out(arguments.into()).await.ok()?;
    serde_json::from_str(reply.get()).ok()
}
