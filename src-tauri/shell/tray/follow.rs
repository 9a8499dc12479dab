//! Keeps the tray's state up to date: at most one update a second.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tauri::{AppHandle, Manager as _};
use tidings_contract::{
    Call, Event, GetSnapshot, GetWatchList, ListSessions, Place, SessionRow, SetSettings, Snapshot,
};
use tidings_engine::App;

use super::Tray;
use super::menu::{Action, TrayState};
use crate::run::Engine;
use crate::window;

const LEAST_BETWEEN: Duration = Duration::from_secs(1);

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
            Action::ToggleNotifications => {
                let mut settings = app.settings().borrow().clone();
                settings.notifications = !settings.notifications;
                if let Err(error) = app.call(SetSettings { settings }.into()).await {
                    tracing::warn!(%error, "the setting was not changed");
                }
            }
        }
    });
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
    )
}

async fn read(app: &App) -> TrayState {
    let snapshot: Option<Snapshot> = ask(app, GetSnapshot {}).await;
    let settings = app.settings().borrow().clone();
    let Some(active) = snapshot.and_then(|snapshot| snapshot.active) else {
        return TrayState {
            muted: !settings.notifications,
            locale: settings.wording.into(),
            ..TrayState::default()
        };
    };
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
            .filter(|row| !row.muted)
            .map(|row| row.unread)
            .sum(),
        armed: active.armed,
        connection: Some(active.connection),
        muted: !settings.notifications,
        locale: settings.wording.into(),
    }
}

async fn ask<C: Call>(app: &App, arguments: C) -> Option<C::Reply>
where
    C::Reply: DeserializeOwned,
{
    let reply = app.call(arguments.into()).await.ok()?;
    serde_json::from_str(reply.get()).ok()
}
