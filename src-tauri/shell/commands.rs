//! The one command of the window.

use serde_json::Value;
use tauri::State;
use tauri::ipc::Response;
use tidings_contract::{ApiError, Command, ErrorCode};

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
    Ok(Response::new(String::from(Box::<str>::from(reply))))
}
