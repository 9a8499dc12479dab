//! The WebSocket: handshake, reading, and the end.

use std::collections::HashMap;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message as WsMessage, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use tidings_realtime::frame::{Sender, Vsn, Wire, decode};
use tokio::time::{sleep, sleep_until};

use super::session::Session;
use super::token;
use crate::state::AppState;

/// Longer parameters are refused unread.
const MAX_KEY_BYTES: usize = 16 * 1024;

/// `GET …/websocket?apikey=…&vsn=…`; the header `x-api-key` goes before the parameter.
pub(super) async fn handshake(
    State(state): State<AppState>,
    Query(parameters): Query<HashMap<String, String>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let vsn = match parameters.get("vsn") {
        None => Vsn::V1,
        Some(text) => match Vsn::parse(text) {
            Some(vsn) => vsn,
            None => return StatusCode::FORBIDDEN.into_response(),
        },
    };
    let hub = state.realtime();
    if let Some(status) = hub.faults.refusal() {
        return StatusCode::from_u16(status)
            .unwrap_or(StatusCode::FORBIDDEN)
            .into_response();
    }
    let key = headers
        .get("x-api-key")
        .and_then(|value| value.to_str().ok())
        .or(parameters.get("apikey").map(String::as_str))
        .unwrap_or_default()
        .to_owned();
    let known = key.len() <= MAX_KEY_BYTES && token::key_claims(&state, &key).is_ok();
    if !known || !hub.has_room() {
        sleep(hub.behaviour.refusal_delay).await;
        return StatusCode::FORBIDDEN.into_response();
    }
    upgrade
        .max_message_size(hub.behaviour.max_frame_bytes)
        .max_frame_size(hub.behaviour.max_frame_bytes)
        .on_upgrade(move |socket| serve(state, socket, vsn, key))
}

/// Reads until the connection is over. Whichever way it ends, the session is dropped, and
/// with it everything that it had joined.
async fn serve(state: AppState, socket: WebSocket, vsn: Vsn, key: String) {
    let hub = std::sync::Arc::clone(state.realtime());
    let stopped = state.shutdown().clone();
    let (peer, link, mut controls) = hub.connect(vsn);
    let (writer, outbox, cut) = link.split();
    let (sink, mut stream) = socket.split();
    let writing = tokio::spawn(writer.run(sink, std::sync::Arc::clone(&hub)));
    let mut session = Session::new(state, peer, vsn, key, outbox);
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            () = cut.cancelled() => break,
            () = stopped.cancelled(), if !stopping => {
                stopping = true;
                session.close(1012);
            }
            () = hub.faults.frozen() => {
                tokio::select! {
                    () = cut.cancelled() => break,
                    () = stopped.cancelled() => break,
                    () = hub.faults.thawed() => session.heard(),
                }
            }
            Some(control) = controls.recv() => session.control(control),
            () = sleep_until(session.deadline()) => {
                if !session.tick() {
                    break;
                }
            }
            received = stream.next() => {
                let Some(Ok(message)) = received else {
                    break;
                };
                session.heard();
                receive(&mut session, vsn, message).await;
            }
        }
    }
    drop(session);
    // The writer ends by itself: nothing can queue for it any more.
    if let Err(error) = writing.await
        && error.is_panic()
    {
        tracing::error!(%error, "a socket's writer failed");
    }
}

async fn receive(session: &mut Session, vsn: Vsn, message: WsMessage) {
    let wire = match message {
        WsMessage::Text(text) => Wire::Text(text.as_str().to_owned()),
        WsMessage::Binary(bytes) => Wire::Binary(bytes),
        WsMessage::Ping(_) | WsMessage::Pong(_) | WsMessage::Close(_) => return,
    };
    match decode(vsn, Sender::Client, &wire) {
        Ok(frame) => session.frame(frame).await,
        // The real server ignores it too.
        Err(error) => tracing::debug!(%error, "a frame that cannot be read"),
    }
}
