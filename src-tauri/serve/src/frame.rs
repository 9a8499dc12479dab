//! Frames: what a client may send, and the answers.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tidings_contract::{ApiError, Command, ErrorCode};

/// What a client asks for.
#[derive(Debug)]
pub(crate) enum Request {
    /// A command of the contract.
    Call(Box<Command>),
    /// The window is, or is not, in front.
    Focused(bool),
    /// The notifications shown so far.
    Notifications,
}

/// The answer to one frame.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    id: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ApiError>,
}

impl Answer {
    pub fn new(id: Value, outcome: Result<Box<RawValue>, ApiError>) -> Self {
        let (ok, error) = match outcome {
            Ok(reply) => (Some(reply), None),
            Err(error) => (None, Some(error)),
        };
        Self { id, ok, error }
    }

    pub fn of(id: Value, reply: &impl Serialize) -> Self {
        let reply = serde_json::value::to_raw_value(reply);
        Self::new(
            id,
            reply.map_err(|e| ApiError::new(ErrorCode::Internal, e.to_string())),
        )
    }
}

/// Reads a frame: its id, null when it has none, and what it asks for.
pub(crate) fn read(text: &str) -> (Value, Result<Request, ApiError>) {
    let mut fields: Map<String, Value> = match serde_json::from_str(text) {
        Ok(fields) => fields,
        Err(error) => {
            return (
                Value::Null,
                Err(invalid(format!("This is no frame: {error}."))),
            );
        }
    };
    let id = fields.remove("id").unwrap_or_default();
    if !matches!(id, Value::Null | Value::Number(_) | Value::String(_)) {
        return (Value::Null, Err(invalid("An id is a number or a text.")));
    }
    let request = request(&id, fields);
    (id, request)
}

fn request(id: &Value, mut fields: Map<String, Value>) -> Result<Request, ApiError> {
    let name = fields.remove("command");
    let args = fields.remove("args");
    match (name, fields.len()) {
        (Some(Value::String(name)), 0) => {
            if id.is_null() {
                return Err(invalid("A command needs an id."));
            }
            if !Command::NAMES.contains(&name.as_str()) {
                return Err(invalid(format!("There is no command `{name}`.")));
            }
            let command = json!({ "command": name, "args": args.unwrap_or_else(|| json!({})) });
            serde_json::from_value(command)
                .map(|command| Request::Call(Box::new(command)))
                .map_err(|error| invalid(format!("The arguments of `{name}` are wrong: {error}.")))
        }
        (None, 1) => match (fields.get("focused"), fields.get("notifications")) {
            (Some(Value::Bool(focused)), None) => Ok(Request::Focused(*focused)),
            (None, Some(Value::Bool(true))) => Ok(Request::Notifications),
            _ => Err(unknown()),
        },
        _ => Err(unknown()),
    }
}

fn unknown() -> ApiError {
    invalid("A frame has `id`, `command` and `args`, or `focused`, or `notifications`.")
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::Invalid, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_frame_names_its_command_and_keeps_its_id() {
        let (id, request) = read(r#"{"id":"a","command":"sessions"}"#);
        assert_eq!(id, "a");
        assert!(matches!(
            request.unwrap(),
            Request::Call(command) if matches!(*command, Command::ListSessions(_))
        ));
        let (id, request) =
            read(r#"{"id":7,"command":"typing","args":{"session":"s","typing":true}}"#);
        assert_eq!(id, 7);
        assert!(matches!(
            request.unwrap(),
            Request::Call(command) if matches!(*command, Command::Typing(_))
        ));
        assert!(matches!(
            read(r#"{"focused":false}"#).1.unwrap(),
            Request::Focused(false)
        ));
    }

    #[test]
    fn a_frame_that_cannot_be_read_says_why() {
        for (frame, part) in [
            ("", "no frame"),
            ("[1]", "no frame"),
            (r#"{"command":"sessions"}"#, "needs an id"),
            (r#"{"id":{},"command":"sessions"}"#, "a number or a text"),
            (r#"{"id":1,"command":"drop"}"#, "no command `drop`"),
            (
                r#"{"id":1,"command":"set_draft","args":{"session":"s"}}"#,
                "`text`",
            ),
            (r#"{"id":1,"command":"sessions","extra":1}"#, "A frame has"),
            (r#"{"id":1}"#, "A frame has"),
            (r#"{"id":1,"focused":"yes"}"#, "A frame has"),
        ] {
            let error = read(frame).1.unwrap_err();
            assert_eq!(error.code, ErrorCode::Invalid);
            assert!(error.message.contains(part), "{frame}: {}", error.message);
        }
    }
}
