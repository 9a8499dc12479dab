//! What of a frame may be written down.
//!
//! Kept are names (channels, events, schemas, tables, columns), references, switches, counts,
//! sizes, times of commits, and those of the server's words that this program knows. Everything
//! else is described and not shown: tokens, keys, filters' values, what broadcasts and presence
//! carry, and every value of a row. What is not known to be harmless is described, too.

use serde_json::{Map, Value, json};

use crate::classify;
use crate::frame::{Frame, Json, Message, Payload};
use crate::payload::event;

/// Longer names are described.
const NAME: usize = 128;
/// Items of a list or columns of a row that are shown.
const ITEMS: usize = 60;
/// A payload whose description is longer is left out.
const PAYLOAD: usize = 4096;

/// The server's words that are no errors, or errors of a row.
const WORDS: &[&str] = &[
    "Subscribed to PostgreSQL",
    "Server requested disconnect",
    "unmatched topic",
    "payload_size_exceeded",
    "Error 400: Bad Request, no primary key",
    "Error 401: Unauthorized",
    "Error 413: Payload Too Large",
];

/// Words of the protocol itself.
const KEYWORDS: &[&str] = &[
    "ok",
    "error",
    "system",
    "broadcast",
    "presence",
    "postgres_changes",
    "track",
    "untrack",
    "*",
    "INSERT",
    "UPDATE",
    "DELETE",
];

/// A frame without what is nobody's business.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Redacted {
    pub(crate) topic: String,
    pub(crate) event: String,
    /// JSON.
    pub(crate) payload: String,
}

/// Redacts a frame.
pub(crate) fn frame(frame: &Frame) -> Redacted {
    let (topic, event, payload) = match frame {
        Frame::Message(message) => (&message.topic, message.event.as_str(), of_message(message)),
        Frame::Reply(reply) => {
            let body =
                json!({"status": keyword(&json!(reply.status)), "response": bytes(&reply.data)});
            let references = (&reply.join_ref, &reply.reference);
            (&reply.topic, event::REPLY, numbered(references, body))
        }
        Frame::Broadcast(it) => {
            let body = json!({"event": name(&it.event), "payload": bytes(&it.data)});
            (&it.topic, event::BROADCAST, body)
        }
        Frame::UserBroadcast(it) => {
            let body = user_broadcast(&it.event, it.metadata.as_ref(), &it.payload);
            (&it.topic, event::BROADCAST, body)
        }
        Frame::UserBroadcastPush(it) => {
            let body = user_broadcast(&it.event, it.metadata.as_ref(), &it.payload);
            let references = (&it.join_ref, &it.reference);
            (&it.topic, event::BROADCAST, numbered(references, body))
        }
        Frame::Unknown { kind, .. } => return unknown(&json!({ "kind": kind })),
    };
    Redacted {
        topic: name(topic),
        event: name(event),
        payload: text(&payload),
    }
}

/// A message that is no frame.
pub(crate) fn unreadable() -> Redacted {
    unknown(&json!("[not readable]"))
}

/// The frame that ends a socket.
pub(crate) fn close(code: Option<u16>, reason: &str) -> Redacted {
    Redacted {
        topic: String::new(),
        event: "close".to_owned(),
        payload: text(&json!({"code": code, "reason": words(reason)})),
    }
}

fn unknown(payload: &Value) -> Redacted {
    Redacted {
        topic: String::new(),
        event: String::new(),
        payload: text(payload),
    }
}

fn text(payload: &Value) -> String {
    let text = payload.to_string();
    if text.len() > PAYLOAD {
        return json!(format!("[left out, {} bytes]", text.len())).to_string();
    }
    text
}

fn of_message(message: &Message) -> Value {
    let body = match &message.payload {
        Payload::Binary(data) => bytes(data),
        Payload::Json(body) => match serde_json::from_str(body.as_str()) {
            Ok(value) => body_of(&message.event, &value),
            Err(_) => json!("[not readable]"),
        },
    };
    numbered((&message.join_ref, &message.reference), body)
}

fn body_of(kind: &str, body: &Value) -> Value {
    match kind {
        event::JOIN => join(body),
        event::REPLY => reply(body),
        event::SYSTEM => each(body, |key, value| match key {
            "message" => words(value.as_str().unwrap_or_default()),
            "extension" | "status" => keyword(value),
            "channel" => named(value),
            _ => described(value),
        }),
        event::ACCESS_TOKEN => json!({"access_token": "[token]"}),
        event::BROADCAST => each(body, |key, value| match key {
            "type" => keyword(value),
            "event" => named(value),
            "meta" => metadata(value),
            _ => sized(value),
        }),
        event::PRESENCE => each(body, |key, value| match key {
            "type" | "event" => keyword(value),
            _ => sized(value),
        }),
        event::PRESENCE_STATE => people(body),
        event::PRESENCE_DIFF => each(body, |key, value| match key {
            "joins" | "leaves" => people(value),
            _ => described(value),
        }),
        event::POSTGRES_CHANGES => each(body, |key, value| match key {
            "ids" => numbers(value),
            "data" => change(value),
            _ => described(value),
        }),
        "INSERT" | "UPDATE" | "DELETE" => change(body),
        _ => each(body, |key, value| match (key, value) {
            ("reason", Value::String(reason)) => words(reason),
            _ => described(value),
        }),
    }
}

fn join(body: &Value) -> Value {
    each(body, |key, value| match key {
        "access_token" | "user_token" => json!("[token]"),
        "config" => each(value, |key, value| match key {
            "private" => switch(value),
            "postgres_changes" => bindings(value),
            "broadcast" | "presence" => each(value, |_, value| switch(value)),
            _ => described(value),
        }),
        _ => described(value),
    })
}

fn reply(body: &Value) -> Value {
    each(body, |key, value| match (key, value) {
        ("status", _) => keyword(value),
        ("response", Value::String(reason)) => words(reason),
        ("response", response) => each(response, |key, value| match (key, value) {
            ("postgres_changes", _) => bindings(value),
            ("reason", Value::String(reason)) => words(reason),
            _ => described(value),
        }),
        _ => described(value),
    })
}

fn change(data: &Value) -> Value {
    each(data, |key, value| match key {
        "type" => keyword(value),
        "schema" | "table" => named(value),
        "commit_timestamp" => time(value),
        "record" | "old_record" => each(value, |_, value| described(value)),
        "errors" => match value {
            Value::Array(errors) => list(errors, |error| words(error.as_str().unwrap_or_default())),
            other => described(other),
        },
        _ => described(value),
    })
}

fn bindings(value: &Value) -> Value {
    let Value::Array(bindings) = value else {
        return described(value);
    };
    list(bindings, |binding| {
        each(binding, |key, value| match key {
            "id" => number(value),
            "event" => keyword(value),
            "schema" | "table" => named(value),
            "filter" => value.as_str().map_or_else(|| described(value), filter),
            _ => described(value),
        })
    })
}

/// Column and operator of `column=op.value`.
fn filter(written: &str) -> Value {
    let parts = written
        .split_once('=')
        .and_then(|(column, rest)| Some((column, rest.split_once('.')?)));
    match parts {
        Some((column, (operator, value))) if is_name(column) && is_name(operator) => {
            json!(format!("{column}={operator}.{}", characters(value)))
        }
        _ => json!(characters(written)),
    }
}

/// How many people, on how many devices.
fn people(value: &Value) -> Value {
    let Value::Object(entries) = value else {
        return described(value);
    };
    let metas = |entry: &Value| entry["metas"].as_array().map_or(0, Vec::len);
    let devices: usize = entries.values().map(metas).sum();
    json!({"people": entries.len(), "devices": devices})
}

fn user_broadcast(event: &str, meta: Option<&Json>, payload: &Payload) -> Value {
    let meta = meta.and_then(|meta| serde_json::from_str(meta.as_str()).ok());
    let payload = match payload {
        Payload::Json(json) => json!(format!("[JSON, {} bytes]", json.as_str().len())),
        Payload::Binary(data) => bytes(data),
    };
    json!({
        "event": name(event),
        "meta": meta.as_ref().map(metadata),
        "payload": payload,
    })
}

fn metadata(value: &Value) -> Value {
    each(value, |key, value| match key {
        "replayed" => switch(value),
        _ => described(value),
    })
}

/// With the references that the frame carries, which are numbers.
fn numbered((join_ref, reference): (&Option<String>, &Option<String>), body: Value) -> Value {
    let mut all = Map::new();
    for (key, value) in [("join_ref", join_ref), ("ref", reference)] {
        if let Some(value) = value {
            let known = value.len() <= 20 && value.bytes().all(|b| b.is_ascii_digit());
            let shown = if known {
                value.clone()
            } else {
                characters(value)
            };
            all.insert(key.to_owned(), shown.into());
        }
    }
    all.insert("body".to_owned(), body);
    all.into()
}

/// Each member of an object that has a name; another value is described.
fn each(value: &Value, show: impl Fn(&str, &Value) -> Value) -> Value {
    let Value::Object(members) = value else {
        return described(value);
    };
    let mut shown = Map::new();
    let mut left_out = 0;
    for (key, value) in members {
        if is_name(key) && shown.len() < ITEMS {
            shown.insert(key.clone(), show(key, value));
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        shown.insert("[left out]".to_owned(), left_out.into());
    }
    shown.into()
}

fn list(values: &[Value], show: impl Fn(&Value) -> Value) -> Value {
    let mut shown: Vec<Value> = values.iter().take(ITEMS).map(show).collect();
    if values.len() > ITEMS {
        shown.push(json!(format!("[{} more]", values.len() - ITEMS)));
    }
    shown.into()
}

fn described(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => json!("[yes or no]"),
        Value::Number(_) => json!("[number]"),
        Value::String(text) => json!(characters(text)),
        Value::Array(items) => json!(format!("[list of {}]", items.len())),
        Value::Object(members) => json!(format!("[object of {}]", members.len())),
    }
}

fn sized(value: &Value) -> Value {
    json!(format!("[JSON, {} bytes]", value.to_string().len()))
}

fn bytes(data: &[u8]) -> Value {
    json!(format!("[{} bytes]", data.len()))
}

fn characters(text: &str) -> String {
    format!("[{} characters]", text.chars().count())
}

fn switch(value: &Value) -> Value {
    if value.is_boolean() {
        value.clone()
    } else {
        described(value)
    }
}

fn number(value: &Value) -> Value {
    if value.is_number() {
        value.clone()
    } else {
        described(value)
    }
}

fn numbers(value: &Value) -> Value {
    match value {
        Value::Array(values) => list(values, number),
        other => described(other),
    }
}

fn time(value: &Value) -> Value {
    let of_time = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | '+' | 'T' | 'Z');
    match value.as_str() {
        Some(text) if text.len() <= 40 && text.chars().all(of_time) => value.clone(),
        _ => described(value),
    }
}

fn keyword(value: &Value) -> Value {
    match value.as_str() {
        Some(text) if KEYWORDS.contains(&text) => value.clone(),
        _ => described(value),
    }
}

fn named(value: &Value) -> Value {
    value
        .as_str()
        .map_or_else(|| described(value), |text| json!(name(text)))
}

fn name(text: &str) -> String {
    if is_name(text) {
        text.to_owned()
    } else {
        characters(text)
    }
}

/// Names are one word, and neither a key nor a token.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-' | '*');
    text.len() <= NAME
        && text.chars().all(plain)
        && !text.contains("sb_secret_")
        && !text.contains("sb_publishable_")
        && !text.contains("eyJ")
}

/// Words that this program knows; they hold nothing of anybody's.
fn words(text: &str) -> Value {
    if text.is_empty() {
        return json!("");
    }
    let known = WORDS.iter().find(|known| **known == text).copied();
    match known.or_else(|| classify::known_words(text)) {
        Some(known) => json!(known),
        None => json!(characters(text)),
    }
}
