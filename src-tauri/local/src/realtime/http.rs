//! Broadcasts over HTTP.

use std::collections::BTreeMap;

use axum::Json as JsonAnswer;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tidings_realtime::frame::{Json, Payload};

use super::access;
use super::hub::TopicKey;
use super::token;
use super::wire::{BroadcastPayload, Fanout};
use crate::auth::Claims;
use crate::state::AppState;

#[derive(Deserialize)]
struct Batch {
    #[serde(default)]
    messages: Vec<BTreeMap<String, Json>>,
}

/// `POST …/api/broadcast`: `{"messages":[{"topic","event","payload","private"}]}`. What a
/// caller may not send is dropped, and still answered with 202.
pub(super) async fn batch(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(claims) = claims(&state, &headers) else {
        return unauthorized();
    };
    if serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err() {
        return (StatusCode::BAD_REQUEST, "Bad Request").into_response();
    }
    let messages = match serde_json::from_slice::<Batch>(&body) {
        Ok(batch) if !batch.messages.is_empty() => batch.messages,
        _ => return invalid(&json!({"messages": ["can't be blank"]})),
    };
    let missing: Vec<Value> = messages.iter().map(blanks).collect();
    if missing.iter().any(|it| *it != json!({})) {
        return invalid(&json!({ "messages": missing }));
    }
    for message in &messages {
        if !state.realtime().allow_message() {
            return limited();
        }
        let text = |name: &str| message.get(name).and_then(|it| it.parse::<String>().ok());
        let (Some(name), Some(event)) = (text("topic"), text("event")) else {
            continue;
        };
        let private = message
            .get("private")
            .is_some_and(|it| it.as_str() == "true");
        let payload = message.get("payload").cloned().unwrap_or_else(Json::null);
        let key = topic_key(&name, private);
        if may_write(&state, &claims, &key, payload.as_str().len()).await {
            let payload = BroadcastPayload {
                event: &event,
                payload: &payload,
                kind: "broadcast",
            };
            let event = Fanout::text(&key.topic, "broadcast", &payload);
            state.realtime().broadcast(&key, None, &event);
        }
    }
    StatusCode::ACCEPTED.into_response()
}

/// `POST …/api/broadcast/{topic}/events/{event}[?private=true]` with JSON or bytes.
pub(super) async fn single(
    State(state): State<AppState>,
    Path((name, event)): Path<(String, String)>,
    Query(parameters): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let content = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let is_json = content.starts_with("application/json");
    if !is_json && !content.starts_with("application/octet-stream") {
        let error = "Unsupported Media Type. Use application/json or application/octet-stream";
        let answer = JsonAnswer(json!({ "error": error }));
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, answer).into_response();
    }
    let Some(claims) = claims(&state, &headers) else {
        return unauthorized();
    };
    if parameters.keys().any(|name| name.starts_with("persist")) {
        return invalid(&json!({"persist": ["is not available here"]}));
    }
    if !state.realtime().allow_message() {
        return limited();
    }
    let private = parameters.get("private").is_some_and(|it| it == "true");
    let key = topic_key(&name, private);
    let bytes = body.len();
    let payload = if is_json {
        match Json::from_bytes(&body) {
            Ok(json) => Payload::Json(json),
            Err(_) => return (StatusCode::BAD_REQUEST, "Bad Request").into_response(),
        }
    } else {
        Payload::Binary(body)
    };
    if may_write(&state, &claims, &key, bytes).await {
        let event = Fanout::user_broadcast(&key.topic, event, payload);
        state.realtime().broadcast(&key, None, &event);
    }
    StatusCode::ACCEPTED.into_response()
}

fn topic_key(name: &str, private: bool) -> TopicKey {
    TopicKey {
        topic: format!("realtime:{name}"),
        private,
    }
}

async fn may_write(state: &AppState, claims: &Claims, key: &TopicKey, bytes: usize) -> bool {
    let behaviour = &state.realtime().behaviour;
    let allowed = if key.private {
        let name = super::session::channel_name(&key.topic);
        access::private(state, claims, name).await.write
    } else {
        !behaviour.private_only
    };
    allowed && bytes <= behaviour.max_payload_bytes
}

/// The bearer, unless it is an opaque key; else the `apikey`.
fn claims(state: &AppState, headers: &HeaderMap) -> Option<Claims> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let apikey = text("apikey").or_else(|| text("x-api-key"));
    let shown = bearer
        .filter(|token| !token::is_opaque_key(token))
        .or(apikey)
        .or(bearer)?;
    token::key_claims(state, shown).ok()
}

fn blanks(message: &BTreeMap<String, Json>) -> Value {
    let blank = |name: &&str| {
        message
            .get(*name)
            .is_none_or(|value| matches!(value.as_str(), "null" | "\"\""))
    };
    ["topic", "event", "payload"]
        .into_iter()
        .filter(blank)
        .map(|name| (name.to_owned(), json!(["can't be blank"])))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn unauthorized() -> Response {
    let answer = JsonAnswer(json!({"message": "Unauthorized"}));
    (StatusCode::UNAUTHORIZED, answer).into_response()
}

fn invalid(errors: &Value) -> Response {
    let answer = JsonAnswer(json!({ "errors": errors }));
    (StatusCode::UNPROCESSABLE_ENTITY, answer).into_response()
}

fn limited() -> Response {
    let answer = JsonAnswer(json!({"message": "You have exceeded your rate limit"}));
    (StatusCode::TOO_MANY_REQUESTS, answer).into_response()
}
