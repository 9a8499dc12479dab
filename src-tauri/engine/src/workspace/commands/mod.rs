//! The commands that concern one workspace.

mod account;
mod chat;
mod diagnostics;
mod export;
mod factors;
mod history;
mod members;
mod outbox;
mod prices;
mod provider;
mod search;
mod storage;
mod voice;

use tidings_model::{MessageId, RuleId, SessionId};

use crate::error::{EngineError, Result};
use crate::workspace::catch_up;

/// Rows that are asked for at once, at most.
const MAX_PAGE: u32 = 200;

fn session_id(text: &str) -> Result<SessionId> {
    SessionId::new(text).map_err(invalid)
}

fn message_id(text: &str) -> Result<MessageId> {
    text.parse()
        .map_err(|error: tidings_model::IdError| invalid(error))
}

fn rule_id(text: &str) -> Result<RuleId> {
    text.parse()
        .map_err(|error: tidings_model::IdError| invalid(error))
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn invalid(error: impl ToString) -> EngineError {
    EngineError::Invalid(error.to_string())
}

fn caught(error: catch_up::Error) -> EngineError {
    match error {
        catch_up::Error::Server(error) => EngineError::Server(error),
        catch_up::Error::Cache(error) => EngineError::Cache(error),
    }
}

fn no_session() -> EngineError {
    EngineError::NotFound("There is no such session.".to_owned())
}

fn no_message() -> EngineError {
    EngineError::NotFound("This message is not on this device.".to_owned())
}
