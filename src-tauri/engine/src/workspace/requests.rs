//! What the assistant of the local workspace asks for in a message's metadata.
//!
//! Only there: in a project of the user's own, whoever may write as an assistant must not be
//! able to set alerts on this computer.

use tidings_contract as api;
use tidings_model::{Message, MessageId, Role, RuleId};

use super::catch_up::server_now;
use super::{Core, market, rules};

#[derive(serde::Deserialize)]
struct Metadata {
    tidings: Option<Request>,
}

#[derive(serde::Deserialize)]
struct Request {
    alert: Option<Alert>,
}

#[derive(serde::Deserialize)]
struct Alert {
    symbol: String,
    kind: String,
    price: String,
}

/// Messages that came live: carries out what the assistant asks for.
pub(super) async fn arrived(core: &Core, ids: &[MessageId]) {
    if !core.local || ids.is_empty() {
        return;
    }
    let Ok(messages) = core.cache.messages_by_id(ids.to_vec()).await else {
        return;
    };
    for cached in messages {
        if let Some(form) = alert(&cached.message) {
            set_alert(core, cached.message.id, &form).await;
        }
    }
}

fn alert(message: &Message) -> Option<api::RuleForm> {
    if message.role != Role::Assistant || message.user_id.is_some() {
        return None;
    }
    let alert = message.metadata.read::<Metadata>()?.tidings?.alert?;
    let (price, rearm_percent) = (alert.price, None);
    Some(api::RuleForm {
        symbol: alert.symbol,
        condition: match alert.kind.as_str() {
            "above" => api::ConditionForm::Above {
                price,
                rearm_percent,
            },
            "below" => api::ConditionForm::Below {
                price,
                rearm_percent,
            },
            _ => return None,
        },
        repeat: api::RepeatForm::Once,
        cooldown_s: None,
        expires_at: None,
        tags: Vec::new(),
        message: None,
    })
}

/// The rule has the message's id: asked for twice, it is made once.
async fn set_alert(core: &Core, message: MessageId, form: &api::RuleForm) {
    let id = RuleId::from_uuid(*message.as_uuid());
    let made = async {
        let rule = rules::rule_of(form)?;
        let mut market = market::settled(core).await?;
        if market.has_rule(id) {
            return Ok(());
        }
        market.put(&core.cache, id, rule, server_now(core)).await
    };
    if let Err(error) = made.await {
        tracing::warn!(%error, "the alert that the assistant asked for was not set");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tidings_model::{Json, MessageKind, MessageStatus, SessionId, Timestamp, UserId};

    fn message(role: Role, user: Option<&str>, metadata: &str) -> Message {
        Message {
            id: MessageId::mint(),
            session_id: SessionId::new("s").unwrap(),
            user_id: user.map(|user| UserId::new(user).unwrap()),
            content: String::new(),
            role,
            metadata: Json::new(metadata).unwrap(),
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            status: MessageStatus::Delivered,
            kind: MessageKind::Text,
        }
    }

    #[test]
    fn only_the_assistant_itself_is_heard() {
        let asked = r#"{"tidings":{"alert":{"symbol":"BTC","kind":"above","price":"70000"}}}"#;
        assert!(alert(&message(Role::Assistant, None, asked)).is_some());
        assert!(alert(&message(Role::User, Some("mallory"), asked)).is_none());
        assert!(alert(&message(Role::Assistant, Some("mallory"), asked)).is_none());
        assert!(alert(&message(Role::Assistant, None, r#"{"tidings":{}}"#)).is_none());
        let odd = r#"{"tidings":{"alert":{"symbol":"BTC","kind":"near","price":"1"}}}"#;
        assert!(alert(&message(Role::Assistant, None, odd)).is_none());
    }
}
