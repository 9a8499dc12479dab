//! One change of the outbox on its way: the request, and what its answer means.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use tidings_cache::{CacheError, FailReason, Incoming, Op, OutboxItem, ReadStamp, Source, Stamp};
use tidings_contract as api;
use tidings_model::{Json, MemberRole, Message, MessageId, Session, SessionId};
use tidings_supabase::{Class, Error, Filter, Insert, Query, Rows};

use super::Core;
use super::remote::{self, Fields, table};
use super::rows::fail;

/// How a change came out.
pub(super) enum Sent {
    /// The server has it.
    Delivered,
    /// The server refused it for good; it is marked, and the next one may go.
    Refused,
    /// The server cannot take it now; it waits, maybe as long as the server asked for.
    Later(Option<Duration>),
}

/// What an answer means for the change.
enum Answer {
    Done(Vec<Incoming>),
    Refused(FailReason),
    /// An edit's message is gone.
    Deleted(Box<Incoming>),
}

#[derive(Serialize)]
struct NewMessageRow<'a> {
    id: MessageId,
    session_id: &'a SessionId,
    user_id: Option<&'a tidings_model::UserId>,
    content: &'a str,
    role: &'static str,
    message_type: &'static str,
    metadata: &'a Json,
}

#[derive(Serialize)]
struct NewSessionRow<'a> {
    id: &'a SessionId,
    user_id: Option<&'a tidings_model::UserId>,
    title: Option<&'a str>,
    status: &'static str,
    metadata: &'a Json,
}

#[derive(Serialize)]
struct EditRow<'a> {
    content: &'a str,
    /// PostgreSQL reads it as the time of the transaction.
    updated_at: &'static str,
}

/// A title that is absent stays; one that is null is taken away.
#[derive(Serialize)]
#[allow(
    clippy::option_option,
    reason = "absent and null are two things in a PATCH"
)]
struct SessionChangeRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    updated_at: &'static str,
}

/// Sends a change that is marked as being sent, and settles it.
pub(super) async fn send(core: &Core, item: &OutboxItem) -> Result<Sent, CacheError> {
    let began = core.cache.stamp();
    match request(core, item, began).await {
        Ok(Answer::Done(facts)) => {
            let report = core.cache.mark_delivered(item.id, facts).await?;
            core.sync.reread(report.reread);
            Ok(Sent::Delivered)
        }
        Ok(Answer::Refused(reason)) => {
            core.cache.mark_failed(item.id, reason).await?;
            Ok(Sent::Refused)
        }
        Ok(Answer::Deleted(deletion)) => {
            keep_in_draft(core, item, *deletion).await?;
            Ok(Sent::Refused)
        }
        Err(error) => settle(core, item, &error).await,
    }
}

/// Nothing that was written is lost: it can be sent as a message of its own.
async fn keep_in_draft(
    core: &Core,
    item: &OutboxItem,
    deletion: Incoming,
) -> Result<(), CacheError> {
    let kept = core
        .cache
        .edit_found_deleted(item.id, deletion, deleted_meanwhile(), core.now())
        .await?;
    if let Some(text) = kept {
        core.emit(api::Event::Draft {
            session: item.session.to_string(),
            text,
        });
        core.emit(api::Event::Notice {
            level: api::NoticeLevel::Warning,
            message: "The message that you changed was deleted meanwhile. Your text is kept as a draft in its session.".to_owned(),
        });
    }
    Ok(())
}

async fn settle(core: &Core, item: &OutboxItem, error: &Error) -> Result<Sent, CacheError> {
    tracing::info!(%error, change = item.id.as_i64(), "a change was not sent");
    match error.class() {
        Class::Network | Class::SignedOut => {
            core.cache.requeue(item.id).await?;
            // The socket may not know yet: it is asked, so that the state tells the truth.
            core.realtime.probe();
            Ok(Sent::Later(None))
        }
        Class::Transient { retry_after } => {
            core.cache.requeue(item.id).await?;
            Ok(Sent::Later(retry_after))
        }
        Class::Permanent => {
            let reason = match error.code() {
                Some("42501") => not_allowed(core, item).await?,
                _ => Some(reason(error)),
            };
            let Some(reason) = reason else {
                // Refused again, it is asked for again.
                core.cache.requeue(item.id).await?;
                return Ok(Sent::Later(None));
            };
            core.cache.mark_failed(item.id, reason).await?;
            Ok(Sent::Refused)
        }
    }
}

async fn request(core: &Core, item: &OutboxItem, began: Stamp) -> Result<Answer, Error> {
    match &item.op {
        Op::InsertMessage(message) => insert_message(core, message, began).await,
        Op::EditMessage { id, content } => edit(core, &item.session, *id, content, began).await,
        Op::DeleteMessage { id } => delete(core, &item.session, *id, began).await,
        Op::CreateSession(session) => create_session(core, session, began).await,
        Op::UpdateSession { title, status } => {
            let row = SessionChangeRow {
                title: title.as_ref().map(Option::as_deref),
                status: status.map(tidings_model::SessionStatus::as_str),
                updated_at: "now",
            };
            let answer = core
                .rest
                .update(table::SESSIONS, &by_session(&item.session), &row)
                .await?;
            if answer.rows.is_empty() {
                let there = session_exists(core, &item.session).await?;
                if !there && core.part().is_installed() {
                    return Ok(Answer::Refused(out_of_reach()));
                }
                return Ok(gone_or_refused(there));
            }
            Ok(Answer::Done(session_facts(&answer, source(core, began))))
        }
        Op::DeleteSession => {
            let answer = core
                .rest
                .delete(table::SESSIONS, &by_session(&item.session))
                .await?;
            if answer.rows.is_empty() && session_exists(core, &item.session).await? {
                return Ok(Answer::Refused(refused_by_rules()));
            }
            let id = item.session.clone();
            Ok(Answer::Done(vec![Incoming::SessionDeleted {
                id,
                rev: None,
                source: source(core, began),
            }]))
        }
    }
}

async fn insert_message(core: &Core, message: &Message, began: Stamp) -> Result<Answer, Error> {
    let row = NewMessageRow {
        id: message.id,
        session_id: &message.session_id,
        user_id: message.user_id.as_ref(),
        content: &message.content,
        role: message.role.as_str(),
        message_type: message.kind.as_str(),
        metadata: &message.metadata,
    };
    let stored = match core
        .rest
        .insert_ignore_duplicates(table::MESSAGES, &row)
        .await?
    {
        Insert::Inserted(row) => Some(row),
        // An earlier attempt arrived, and its answer was lost.
        Insert::AlreadyThere => read_message(core, message.id).await?.rows.pop(),
    };
    let source = source(core, began);
    let Some(stored) = stored else {
        // With the sync part a project passes over what goes into a session that is gone, as if
        // it were there already. Whether it ever was nobody can tell then: the text is kept.
        if !session_exists(core, &message.session_id).await? {
            return Ok(Answer::Refused(session_is_gone()));
        }
        // It was stored, and somebody deleted it before the answer could be read.
        return Ok(Answer::Done(vec![Incoming::MessageDeleted {
            id: message.id,
            source,
        }]));
    };
    Ok(Answer::Done(message_facts(&stored, source)))
}

async fn edit(
    core: &Core,
    session: &SessionId,
    id: MessageId,
    content: &str,
    began: Stamp,
) -> Result<Answer, Error> {
    let row = EditRow {
        content,
        updated_at: "now",
    };
    let answer = core
        .rest
        .update(table::MESSAGES, &by_message(id), &row)
        .await?;
    let source = source(core, began);
    let Some(row) = answer.rows.first() else {
        if !read_message(core, id).await?.rows.is_empty() {
            return Ok(Answer::Refused(refused_by_rules()));
        }
        if lost(core, session).await? {
            return Ok(Answer::Refused(out_of_reach()));
        }
        return Ok(Answer::Deleted(Box::new(Incoming::MessageDeleted {
            id,
            source,
        })));
    };
    Ok(Answer::Done(message_facts(row, source)))
}

async fn delete(
    core: &Core,
    session: &SessionId,
    id: MessageId,
    began: Stamp,
) -> Result<Answer, Error> {
    let answer = core.rest.delete(table::MESSAGES, &by_message(id)).await?;
    if answer.rows.is_empty() {
        if !read_message(core, id).await?.rows.is_empty() {
            return Ok(Answer::Refused(refused_by_rules()));
        }
        if lost(core, session).await? {
            return Ok(Answer::Refused(out_of_reach()));
        }
    }
    Ok(Answer::Done(vec![Incoming::MessageDeleted {
        id,
        source: source(core, began),
    }]))
}

async fn create_session(core: &Core, session: &Session, began: Stamp) -> Result<Answer, Error> {
    let row = NewSessionRow {
        id: &session.id,
        user_id: session.user_id.as_ref(),
        title: session.title.as_deref(),
        status: session.status.as_str(),
        metadata: &session.metadata,
    };
    let mut answer = Rows::default();
    match core
        .rest
        .insert_ignore_duplicates(table::SESSIONS, &row)
        .await?
    {
        Insert::Inserted(row) => answer.rows.push(row),
        Insert::AlreadyThere => {
            let query = Query::new().filter(by_session(&session.id));
            answer = core.rest.select(table::SESSIONS, &query).await?;
            if answer.rows.is_empty() {
                // It was made, and deleted before the answer could be read. What waits for it is
                // refused on its own.
                return Ok(Answer::Done(vec![Incoming::SessionDeleted {
                    id: session.id.clone(),
                    rev: None,
                    source: source(core, began),
                }]));
            }
        }
    }
    Ok(Answer::Done(session_facts(&answer, source(core, began))))
}

async fn read_message(core: &Core, id: MessageId) -> Result<Rows, Error> {
    core.rest
        .select(table::MESSAGES, &Query::new().filter(by_message(id)))
        .await
}

pub(super) async fn session_exists(core: &Core, id: &SessionId) -> Result<bool, Error> {
    let query = Query::new().columns(&["id"]).filter(by_session(id));
    Ok(!core
        .rest
        .select(table::SESSIONS, &query)
        .await?
        .rows
        .is_empty())
}

/// Whether nothing of a session is seen any more, so that what is not seen of it may be there all
/// the same. Where sessions are not shared it was deleted.
async fn lost(core: &Core, session: &SessionId) -> Result<bool, Error> {
    Ok(core.part().is_installed() && !session_exists(core, session).await?)
}

/// The row as the server has it now. One that cannot be read was written all the same: sending
/// it again would change nothing.
fn message_facts(row: &RawValue, source: Source) -> Vec<Incoming> {
    let fields = Fields::of_answer(row, table::MESSAGES);
    match fields.and_then(|fields| remote::message(&fields, false)) {
        Ok(row) => vec![Incoming::Message { row, source }],
        Err(error) => {
            tracing::warn!(%error, "the answer to a change");
            Vec::new()
        }
    }
}

pub(super) fn session_facts(answer: &Rows, source: Source) -> Vec<Incoming> {
    answer
        .rows
        .iter()
        .filter_map(|row| {
            let fields = Fields::of_answer(row, table::SESSIONS).ok()?;
            Some(Incoming::Session {
                row: remote::session(&fields, false).ok()?,
                source,
            })
        })
        .collect()
}

pub(super) fn source(core: &Core, began: Stamp) -> Source {
    Source::OwnWrite(ReadStamp {
        began,
        ended: core.cache.stamp(),
    })
}

fn by_message(id: MessageId) -> Filter {
    Filter::eq("id", id.to_string())
}

fn by_session(id: &SessionId) -> Filter {
    Filter::eq("id", id.to_string())
}

/// A change of a session that changed nothing: row level security answers like that too.
fn gone_or_refused(there: bool) -> Answer {
    Answer::Refused(if there {
        refused_by_rules()
    } else {
        deleted_meanwhile()
    })
}

fn refused_by_rules() -> FailReason {
    FailReason {
        code: fail::RULES.to_owned(),
        message: "The project does not allow you to change this.".to_owned(),
    }
}

fn out_of_reach() -> FailReason {
    FailReason {
        code: fail::ACCESS.to_owned(),
        message: "You have no access to this session any more. Your text is kept here.".to_owned(),
    }
}

fn deleted_meanwhile() -> FailReason {
    FailReason {
        code: fail::DELETED.to_owned(),
        message: "It was deleted meanwhile. Your text is kept here.".to_owned(),
    }
}

/// Why one may not write, as far as it can be told; none when the project does not answer now.
async fn not_allowed(core: &Core, item: &OutboxItem) -> Result<Option<FailReason>, CacheError> {
    let known = core.cache.session(item.session.clone()).await?;
    if known.is_some_and(|known| known.role == Some(MemberRole::Reader)) {
        return Ok(Some(FailReason {
            code: fail::ACCESS.to_owned(),
            message: "You may only read this session now. Your text is kept here.".to_owned(),
        }));
    }
    // Rules are asked before it is looked whether the session is there.
    let there = match item.op {
        Op::CreateSession(_) => true,
        _ => match session_exists(core, &item.session).await {
            Ok(there) => there,
            Err(error) if matches!(error.class(), Class::Permanent) => true,
            Err(error) => {
                tracing::info!(%error, "why a change was refused was not told");
                return Ok(None);
            }
        },
    };
    Ok(Some(match (there, core.part().is_installed()) {
        (true, _) => FailReason {
            code: fail::RULES.to_owned(),
            message: "The project does not allow you to write here.".to_owned(),
        },
        (false, true) => out_of_reach(),
        (false, false) => FailReason {
            code: fail::MISSING_SESSION.to_owned(),
            message: "The project does not have this session, or does not show it to you any more. Your text is kept here.".to_owned(),
        },
    }))
}

fn session_is_gone() -> FailReason {
    FailReason {
        code: fail::MISSING_SESSION.to_owned(),
        message: "The session does not exist any more.".to_owned(),
    }
}

fn reason(error: &Error) -> FailReason {
    match (error.code(), error.status()) {
        (Some("23503"), _) => session_is_gone(),
        (_, Some(413)) => FailReason {
            code: fail::SIZE.to_owned(),
            message: "It is longer than the project accepts.".to_owned(),
        },
        _ => FailReason {
            code: fail::OTHER.to_owned(),
            message: error.to_string(),
        },
    }
}
