//! What the page may ask for.

use std::sync::Arc;

use serde_json::Value;
use tauri::State;
use tauri::ipc::{Channel, Response};
use tidings_contract::{ApiError, Command, ErrorCode, GetSnapshot, Numbered};

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

/// Tells the page every event from now on, and answers with the snapshot that they follow.
/// One question instead of two: each costs the first picture some 20 ms.
#[tauri::command]
pub async fn subscribe(
    engine: State<'_, Engine>,
    events: Channel<Arc<Numbered>>,
) -> Result<Response, ApiError> {
    let app = engine.ready().await?;
    engine.tell(&app, events);
    let snapshot = app.call(GetSnapshot {}.into()).await?;
    Ok(response(snapshot))
}

fn response(reply: impl Into<Box<str>>) -> Response {
    Response::new(String::from(reply.into()))
}
