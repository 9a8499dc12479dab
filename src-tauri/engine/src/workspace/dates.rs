//! Finds the message that a day begins with, fetching it when it is not on this computer.

use tidings_cache::{Column, MessageKey, ReadStamp, Window};
use tidings_contract as api;
use tidings_model::{MessageId, SessionId, Timestamp};
use tidings_supabase::{Filter, Query};

use super::catch_up::{Error, Portion, server_now};
use super::remote::{self, Fields, table};
use super::{Core, ingest, send};

/// Messages fetched from that day on.
const PAGE: u32 = 100;

/// The first message written at `from` or later.
pub(super) async fn find(
    core: &Core,
    session: &SessionId,
    from: Timestamp,
) -> Result<api::DateFound, Error> {
    let (mut found, mut certain) = core.cache.first_from(session.clone(), from).await?;
    if !certain && core.state.is_up() {
        core.cache.wanted_again(session.clone()).await?;
        match fetch(core, session, from).await {
            Ok(()) => (found, certain) = core.cache.first_from(session.clone(), from).await?,
            // What is here is shown, and said to be uncertain.
            Err(Error::Server(error)) => {
                tracing::info!(%error, "the messages of a day were not fetched");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(api::DateFound {
        message: found.map(|key| key.id.to_string()),
        certain,
    })
}

/// Reads the messages from a time on upwards, and takes them in as a range read whole.
async fn fetch(core: &Core, session: &SessionId, from: Timestamp) -> Result<(), Error> {
    let began = core.cache.stamp();
    let query = Query::new()
        .filter(Filter::eq("session_id", session.to_string()))
        .filter(Filter::gte("created_at", from.to_string()))
        .ascending("created_at")
        .ascending("id");
    let mut portion = Portion::of(PAGE);
    let answer = loop {
        let query = portion.limit(query.clone());
        match core.rest.select(table::MESSAGES, &query).await {
            Ok(answer) => break answer,
            Err(error) if portion.cut(&error) => {}
            Err(error) => return Err(error.into()),
        }
    };
    let mut rows = Vec::with_capacity(answer.rows.len());
    let mut newest = None;
    for row in &answer.rows {
        let fields = Fields::of_answer(row, table::MESSAGES);
        match fields.and_then(|fields| remote::message(&fields, false)) {
            Ok(message) => {
                if let Column::Value(at) = message.created_at {
                    newest = Some(MessageKey { at, id: message.id });
                }
                rows.push(message);
            }
            Err(error) => tracing::warn!(%error, "a message was left out"),
        }
    }
    let whole = answer.total == Some(answer.rows.len() as u64);
    // Row level security answers with nothing, too.
    let authenticated = if answer.rows.is_empty() {
        send::session_exists(core, session).await?
    } else {
        newest.is_some()
    };
    let window = Window {
        session: session.clone(),
        older: Some(MessageKey {
            at: from,
            id: MessageId::from_uuid(uuid::Uuid::nil()),
        }),
        newer: if whole { None } else { newest },
        rows,
        read: ReadStamp {
            began,
            ended: core.cache.stamp(),
        },
        verified_at: server_now(core),
        live: core.hears(),
        apart_from: core.background.due(),
        authenticated,
    };
    ingest::applied(core, core.cache.apply_window(window).await?);
    Ok(())
}
