//! What the page may ask for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tauri::State;
use tauri::ipc::{Channel, Response};
use tidings_contract::{
    ApiError, Command, ErrorCode, GetSnapshot, ListSessions, Numbered, OpenSession,
};

use crate::run::Engine;

/// Carries out a command of the contract. Waits while the engine is starting.
#[tauri::command]
pub async fn call(
    engine: State<'_, Engine>,
    command: String,
    args: Value,
) -> Result<Response, ApiError> {
    let wire = serde_json::json!({ "command": command, "args": args });
    let command: Command = serde_json::from_value(wire)
        .map_err(|error| ApiError::new(ErrorCode::Invalid, error.to_string()))?;
    let app = engine.ready().await?;
    let reply = app.call(command).await?;
    Ok(response(reply))
}

/// What a page needs for its first picture. Each question costs the start some 20 ms, so it asks
/// one.
#[derive(Serialize)]
struct FirstPicture {
    /// A `Snapshot`.
    snapshot: Box<RawValue>,
    /// The sessions, where a workspace is open. What is missing is asked for by itself, and its
    /// failure told then.
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<Box<RawValue>>,
    /// An `OpenedSession`: the one that was open last.
    #[serde(skip_serializing_if = "Option::is_none")]
    opened: Option<Box<RawValue>>,
}

/// Tells the page every event from now on, and answers with the first picture, which they follow.
#[tauri::command]
pub async fn subscribe(
    engine: State<'_, Engine>,
    events: Channel<Arc<Numbered>>,
) -> Result<Response, ApiError> {
    let app = engine.ready().await?;
    engine.tell(&app, events);
    let snapshot = app.call(GetSnapshot {}.into()).await?;
    let front = Front::of(&snapshot);
    let sessions = async {
        front.as_ref()?;
        app.call(ListSessions {}.into()).await.ok()
    };
    let opened = async {
        let session = front.as_ref()?.last_session.clone()?;
        app.call(OpenSession { session }.into()).await.ok()
    };
    let (sessions, opened) = tokio::join!(sessions, opened);
    let picture = FirstPicture {
        snapshot,
        sessions,
        opened,
    };
    let text = serde_json::to_string(&picture)
        .map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))?;
    Ok(Response::new(text))
}

/// The part of a snapshot that says what comes next.
#[derive(Deserialize)]
struct Front {
    last_session: Option<String>,
}

impl Front {
    fn of(snapshot: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        struct Snapshot {
            active: Option<Front>,
        }
        let snapshot: Snapshot = serde_json::from_str(snapshot.get()).ok()?;
        snapshot.active
    }
}

fn response(reply: impl Into<Box<str>>) -> Response {
    Response::new(String::from(reply.into()))
}
