//! What must be true in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tidings_cache::FORM;
use tidings_contract::{self as api, Edge, MessageRow, OutboxChange, OutboxRow, SendState};
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::ledger::{Entry, Who};
use crate::server::{Came, Stored, StoredSession};
use crate::world::World;
use crate::{held, retention, sharing, unread};

/// How long clients have, on the model's clock, once nothing is wrong any more.
const PATIENCE: Duration = Duration::from_mins(20);
/// How long those have that are connected: less than until they look for what they were not told.
const SETTLED_WITHIN: Duration = Duration::from_secs(75);
/// The server's rows and each client's.
pub struct Picture {
    pub sessions: BTreeMap<String, StoredSession>,
    pub messages: Vec<Stored>,
    /// The messages that the server ever had.
    pub arrived: BTreeMap<String, Came>,
    pub clients: BTreeMap<usize, Shown>,
}

/// What a client shows.
pub struct Shown {
    pub sessions: Vec<api::SessionRow>,
    pub messages: BTreeMap<String, Vec<MessageRow>>,
    pub outbox: Vec<OutboxRow>,
}

/// Waits until all is well, or says what is not.
pub async fn settle(world: &mut World) -> Result<(), String> {
    as_told(world).await?;
    world.heal().await?;
    world.all_live().await?;
    drained(world).await?;
    if held::answer_all(world).await? {
        drained(world).await?;
    }
    world.last_words().await;
    let (begin, mut wait) = (Instant::now(), Duration::from_millis(200));
    loop {
        sleep(wait).await;
        wait = (wait * 2).min(world.over.look_again());
        let picture = picture(world, &[0, 1, 2]).await?;
        let Some(wrong) = disagreement(world, &picture) else {
            retention::keeps_what_it_should(world, &picture).await?;
            return found(world, &picture).await;
        };
        if begin.elapsed() > PATIENCE {
            return Err(wrong);
        }
    }
}

/// Clients that nothing is wrong with agree without connecting anew, which would have them read it
/// all again.
async fn as_told(world: &mut World) -> Result<(), String> {
    world.server.heal();
    let mut well = Vec::new();
    for (number, client) in world.clients.iter().enumerate() {
        if client.is_well().await {
            well.push(number);
        }
    }
    world.last_words().await;
    let (begin, mut wait) = (Instant::now(), Duration::from_millis(200));
    loop {
        sleep(wait).await;
        wait = (wait * 2).min(world.over.look_again());
        let picture = picture(world, &well).await?;
        let wrong = well.iter().find_map(|number| {
            let shown = &picture.clients[number];
            held::waiting(&shown.outbox)
                .map(|row| format!("does not send {row:?}"))
                .or_else(|| sessions(&picture, shown, &world.clients[*number]))
                .or_else(|| messages(world, &picture, shown))
                .or_else(|| accepted(world, &picture, shown, *number))
                .map(|wrong| format!("client {number}, with nothing wrong: {wrong}"))
        });
        match wrong {
            None => return Ok(()),
            Some(wrong) if begin.elapsed() > SETTLED_WITHIN => return Err(wrong),
            Some(_) => {}
        }
    }
}

/// Waits until nothing waits to be sent.
async fn drained(world: &World) -> Result<(), String> {
    let begin = Instant::now();
    for (number, client) in world.clients.iter().enumerate() {
        loop {
            let outbox = outbox(client).await?;
            match held::waiting(&outbox) {
                None => break,
                Some(row) if begin.elapsed() > PATIENCE => {
                    return Err(format!("client {number} does not send {row:?}"));
                }
                Some(_) => sleep(Duration::from_millis(500)).await,
            }
        }
    }
    Ok(())
}

pub async fn outbox(client: &Client) -> Result<Vec<OutboxRow>, String> {
    let listed = client.call(api::ListOutbox {}).await;
    listed.map_err(|error| format!("no outbox: {error:?}"))
}

/// All pages of a session, oldest first.
pub async fn pages(client: &Client, session: &str) -> Result<Vec<MessageRow>, api::ApiError> {
    let mut rows: Vec<MessageRow> = Vec::new();
    loop {
        let at = match rows.first() {
            None => api::PageAt::Latest,
            Some(first) => api::PageAt::Before {
                message: first.id.clone(),
            },
        };
        let page = client
            .call(api::GetMessages {
                session: session.to_owned(),
                at,
                limit: 50,
            })
            .await?;
        let more = page.before != Edge::End && !page.rows.is_empty();
        rows.splice(0..0, page.rows);
        if !more {
            return Ok(rows);
        }
    }
}

/// What the server has, and what these clients show.
async fn picture(world: &World, of: &[usize]) -> Result<Picture, String> {
    let mut clients = BTreeMap::new();
    for number in of {
        let client = &world.clients[*number];
        let failed = |error: api::ApiError| format!("client {number} shows nothing: {error:?}");
        let sessions = client.call(api::ListSessions {}).await.map_err(failed)?;
        let mut messages = BTreeMap::new();
        for session in &sessions {
            let shown = match pages(client, &session.id).await {
                Ok(rows) => rows,
                // Deleted since it was listed: another look will tell.
                Err(error) if error.code == api::ErrorCode::NotFound => Vec::new(),
                Err(error) => return Err(failed(error)),
            };
            messages.insert(session.id.clone(), shown);
        }
        let shown = Shown {
            sessions,
            messages,
            outbox: outbox(client).await?,
        };
        clients.insert(*number, shown);
    }
    Ok(Picture {
        sessions: world.server.sessions().await,
        messages: world.server.messages().await,
        arrived: world.server.arrived(),
        clients,
    })
}

fn disagreement(world: &World, picture: &Picture) -> Option<String> {
    for (number, client) in world.clients.iter().enumerate() {
        let shown = &picture.clients[&number];
        let wrong = sessions(picture, shown, client)
            .or_else(|| messages(world, picture, shown))
            .or_else(|| accepted(world, picture, shown, number))
            .or_else(|| sharing::wrong(picture, shown, &client.user))
            .or_else(|| sharing::told_too_much(world, picture, shown, &client.user))
            .or_else(|| unread::wrong(world, &picture.arrived, shown, number));
        if let Some(wrong) = wrong {
            return Some(format!("client {number}: {wrong}"));
        }
    }
    None
}

/// The client's sessions are the server's that its user sees.
fn sessions(picture: &Picture, shown: &Shown, client: &Client) -> Option<String> {
    let waiting: BTreeSet<&str> = shown
        .outbox
        .iter()
        .filter(|row| row.message.is_none())
        .map(|row| row.session.as_str())
        .collect();
    let own = |(_, session): &(&String, &StoredSession)| {
        session.owner.as_deref() == Some(client.user.as_str())
            || session.guests.contains_key(&client.user)
    };
    let theirs: BTreeMap<&str, &StoredSession> = picture
        .sessions
        .iter()
        .filter(own)
        .map(|(id, session)| (id.as_str(), session))
        .collect();
    let here: BTreeMap<&str, &api::SessionRow> = shown
        .sessions
        .iter()
        .filter(|row| !row.no_access && !row.unsent)
        .map(|row| (row.id.as_str(), row))
        .collect();
    for (id, row) in &here {
        let Some(stored) = theirs.get(id) else {
            return Some(format!("shows session {id}, which is gone: {row:?}"));
        };
        let status = serde_json::to_value(row.status).unwrap_or_default();
        let same = row.title == stored.title && status == stored.status.as_str();
        if !same && !waiting.contains(id) {
            return Some(format!("shows session {id} as {row:?}; it is {stored:?}"));
        }
    }
    theirs
        .keys()
        .find(|id| !here.contains_key(*id) && !waiting.contains(*id))
        .map(|id| format!("does not show session {id}; lists {:?}", shown.sessions))
}

/// The client's messages are the server's, in the server's order; what is unsent comes last.
fn messages(world: &World, picture: &Picture, shown: &Shown) -> Option<String> {
    for session in shown.sessions.iter().filter(|row| !row.no_access) {
        if !picture.sessions.contains_key(&session.id) {
            continue;
        }
        let rows = &shown.messages[&session.id];
        let refused: BTreeSet<&str> = shown
            .outbox
            .iter()
            .filter(|row| row.change == OutboxChange::Send)
            .filter_map(|row| row.message.as_deref())
            .collect();
        let changing: BTreeSet<&str> = shown
            .outbox
            .iter()
            .filter_map(|row| row.message.as_deref())
            .collect();
        let confirmed: Vec<&MessageRow> = rows
            .iter()
            .filter(|row| !refused.contains(row.id.as_str()))
            .collect();
        let unsent = rows
            .iter()
            .skip_while(|row| !refused.contains(row.id.as_str()));
        if let Some(row) = unsent
            .clone()
            .find(|row| !refused.contains(row.id.as_str()))
        {
            return Some(format!("shows {row:?} after what was not sent"));
        }
        for row in unsent {
            if !held::rests(row, &shown.outbox) {
                return Some(format!(
                    "shows what was refused as {:?}: {row:?}",
                    row.state
                ));
            }
        }
        let theirs: Vec<&Stored> = picture
            .messages
            .iter()
            .filter(|row| row.session == session.id)
            .collect();
        let here: Vec<(&str, &str)> = confirmed
            .iter()
            .map(|row| (row.id.as_str(), row.content.as_str()))
            .collect();
        let there: Vec<(&str, &str)> = theirs
            .iter()
            .map(|row| (row.id.as_str(), row.content.as_str()))
            .collect();
        let same = here.len() == there.len()
            && here.iter().zip(&there).all(|(here, there)| {
                here.0 == there.0 && (here.1 == there.1 || changing.contains(here.0))
            });
        if !same {
            let first = here.iter().zip(&there).position(|(a, b)| a != b);
            let at = first.unwrap_or(here.len().min(there.len()));
            return Some(format!(
                "session {} differs from message {at} on ({} here, {} there)\n    here  {:?}\n    \
                 there {:?}\n    history {:?}",
                session.id,
                here.len(),
                there.len(),
                &here[at..here.len().min(at + 4)],
                &there[at..there.len().min(at + 4)],
                here.get(at)
                    .or(there.get(at))
                    .and_then(|(id, _)| world.ledger.messages.get(*id)),
            ));
        }
        if let Some(row) = confirmed
            .iter()
            .find(|row| row.state != SendState::Delivered && !changing.contains(row.id.as_str()))
        {
            return Some(format!("shows {row:?}, for which nothing waits"));
        }
    }
    None
}

/// Everything that the client accepted is there once, was deleted, or failed with a reason.
fn accepted(world: &World, picture: &Picture, shown: &Shown, number: usize) -> Option<String> {
    let failed: BTreeMap<&str, &OutboxRow> = shown
        .outbox
        .iter()
        .filter_map(|row| Some((row.message.as_deref()?, row)))
        .collect();
    let mut last: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
    for id in &world.ledger.order {
        let entry = &world.ledger.messages[id];
        if entry.by != Who::Client(number) {
            continue;
        }
        // Plain tables keep what was in a session that is gone; nobody sees it any more.
        let with_word = |row: &&Stored| {
            picture.sessions.contains_key(&row.session)
                && row.content.split(' ').any(|word| word == entry.word)
        };
        let stored: Vec<&Stored> = picture.messages.iter().filter(with_word).collect();
        let refused = failed
            .get(id.as_str())
            .filter(|row| row.change == OutboxChange::Send);
        match stored.as_slice() {
            [] => {
                // A session takes along what had arrived in it, and what whoever deletes it has
                // not sent yet. What somebody else was about to write there is not lost with it.
                let buried = world.ledger.deleted_sessions.get(&entry.session);
                let buried = buried
                    .is_some_and(|by| by.contains(&entry.by) || picture.arrived.contains_key(id));
                let gone = !entry.deletions.is_empty() || buried || entry.touched;
                if !gone && refused.is_none() {
                    return Some(format!("accepted {id}, which is nowhere: {entry:?}"));
                }
            }
            [row] if row.id != *id => {
                return Some(format!("sent {id} under another id: {row:?}, {entry:?}"));
            }
            [row] => {
                if entry.asks || entry.given_up {
                    return Some(format!("sent {id}, which nobody wanted sent: {entry:?}"));
                }
                if let Some(refused) = refused {
                    return Some(format!("calls {id} refused ({refused:?}), which is there"));
                }
                if let Some(wrong) = text(entry, row, &shown.outbox) {
                    return Some(format!("{wrong}: {row:?}, {entry:?}"));
                }
                if row.author.as_deref() != Some(&*entry.author) {
                    return Some(format!("sent {id} under another name: {row:?}, {entry:?}"));
                }
                let before = last.insert(&entry.session, (row.at, id));
                if let Some((at, before)) = before
                    && at > row.at
                    && !entry.touched
                    && !world.ledger.messages[before].touched
                {
                    return Some(format!("sent {id} before {before}: {entry:?}"));
                }
            }
            several => return Some(format!("sent {id} {} times: {several:?}", several.len())),
        }
    }
    None
}

/// What is wrong with a message's text, as far as one alone has changed it.
fn text(entry: &Entry, row: &Stored, outbox: &[OutboxRow]) -> Option<String> {
    let known = std::iter::once(&entry.text).chain(entry.edits.iter().map(|(_, text)| text));
    if !known.clone().any(|text| *text == row.content) {
        return Some("has a text that nobody wrote".to_owned());
    }
    let alone = entry.edits.iter().all(|(by, _)| *by == entry.by);
    let waiting = outbox
        .iter()
        .any(|own| own.message.as_deref() == Some(&row.id));
    if !alone || waiting || entry.touched {
        return None;
    }
    if entry.deletions.contains(&entry.by) {
        // Deleted by its author, and nothing says that this failed.
        return Some("was deleted, and is there".to_owned());
    }
    (known.last() != Some(&row.content)).then(|| "lacks its last text".to_owned())
}

/// What is shown is found, and the files are sound.
async fn found(world: &mut World, picture: &Picture) -> Result<(), String> {
    for (number, client) in world.clients.iter().enumerate() {
        for rows in picture.clients[&number].messages.values() {
            let Some(row) = rows.iter().rfind(|row| row.state == SendState::Delivered) else {
                continue;
            };
            searched(client, row)
                .await
                .map_err(|error| format!("client {number}: {error}"))?;
        }
    }
    for (number, client) in world.clients.iter_mut().enumerate() {
        client.stop().await;
        let (file, key) = client.cache();
        let sound = tokio::task::spawn_blocking(move || integrity(&file, &key));
        match sound.await.map_err(|error| error.to_string())? {
            Ok(verdict) if verdict == "ok" => {}
            other => return Err(format!("client {number}: the cache is damaged: {other:?}")),
        }
    }
    Ok(())
}

async fn searched(client: &Client, row: &MessageRow) -> Result<(), String> {
    let begin = Instant::now();
    loop {
        let word = row.content.split(' ').next().unwrap_or_default();
        let search = api::Search {
            query: word.to_owned(),
            limit: 50,
            filter: None,
        };
        let reply = client
            .call(search)
            .await
            .map_err(|error| format!("{error:?}"))?;
        if reply.hits.iter().any(|hit| hit.message == row.id) {
            return Ok(());
        }
        if begin.elapsed() > Duration::from_mins(1) {
            return Err(format!("does not find {row:?}"));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

fn integrity(file: &std::path::Path, key: &str) -> rusqlite::Result<String> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "key", format!("x'{key}'"))?;
    connection.execute_batch(FORM)?;
    connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
}
