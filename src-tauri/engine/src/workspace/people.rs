//! Presence and typing in the open session.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidings_cache::SessionSummary;
use tidings_contract as api;
use tidings_model::{MemberRole, SessionId, UserId};
use tidings_realtime::{Binding, Change, ChannelSpec, Payload, PresenceUpdate, PushError};
use tidings_supabase::{BroadcastMessage, Broadcasts};

use super::catch_up::server_now;
use super::open::{OpenSession, Standing, Timeouts, Tracked};
use super::remote::{self, Fields, RowError, table};
use super::{Core, members};

/// Event of a broadcast about typing.
const TYPING: &str = "typing";
/// How often what has ended is looked for.
const EXPIRE_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TypingMessage {
    user_id: String,
    #[serde(default)]
    user_name: Option<String>,
    typing: bool,
}

/// Joins a session's channel and leaves the one before it. The session that is open already
/// stays as it is, with everybody in it.
pub(super) async fn enter(core: &Core, id: SessionId) {
    let there = core
        .open
        .lock()
        .await
        .as_ref()
        .is_some_and(|open| open.id == id);
    if !there {
        join(core, id).await;
    }
}

async fn join(core: &Core, id: SessionId) {
    // First out, then in: a channel that somebody holds keeps the form it was joined in.
    leave(core).await;
    let settings = core.settings();
    let user = core.tokens.user();
    let standing = standing(core, &id).await;
    let channel = match (&user, settings.presence && standing.may_join()) {
        (Some(user), true) => {
            let mut spec = spec(&id, &user.id, &core.schema);
            spec.private = is_private(core);
            Some(core.realtime.open(spec))
        }
        _ => None,
    };
    *core.open.lock().await = Some(OpenSession::new(
        id,
        channel,
        standing,
        Timeouts::from(&settings.realtime),
    ));
    track(core).await;
    tell(core).await;
}

async fn standing(core: &Core, id: &SessionId) -> Standing {
    match core.cache.session(id.clone()).await {
        Ok(Some(summary)) => Standing::of(&summary),
        Ok(None) => Standing::default(),
        Err(error) => {
            tracing::error!(%error, "one's own standing in a session was not read");
            Standing::default()
        }
    }
}

/// A session changed: one's own standing in it decides whether its channel may be joined, and what
/// may be said there. The project looks at that when one joins.
pub(super) async fn stands(core: &Core, summary: &SessionSummary) {
    let other = {
        let open = core.open.lock().await;
        let open = open.as_ref().filter(|open| open.id == summary.session.id);
        open.is_some_and(|open| open.standing != Standing::of(summary))
    };
    if other {
        join_again(core).await;
    }
}

/// The channel has another form now.
pub(super) async fn join_again(core: &Core) {
    let open = core.open.lock().await.as_ref().map(|open| open.id.clone());
    if let Some(id) = open {
        join(core, id).await;
    }
}

/// Whether policies decide who may use the channels of sessions.
fn is_private(core: &Core) -> bool {
    core.part().is_installed()
}

/// Leaves the open session's channel.
pub(super) async fn leave(core: &Core) {
    core.open.lock().await.take();
}

/// A session is gone: its channel has nothing more to tell.
pub(super) async fn left(core: &Core, id: &SessionId) {
    let mut open = core.open.lock().await;
    if open.as_ref().is_some_and(|open| open.id == *id) {
        open.take();
    }
}

fn spec(id: &SessionId, user: &str, schema: &str) -> ChannelSpec {
    let mut rows = Binding::table(schema, table::PRESENCE);
    // A comma would be read as part of the value's end by newer servers: such ids go unfiltered.
    if !id.as_str().contains([',', '"', '(', ')']) {
        rows.filter = Some(format!("session_id=eq.{id}"));
    }
    let mut spec = ChannelSpec {
        bindings: vec![rows],
        ..ChannelSpec::new(OpenSession::channel_name(id))
    };
    spec.presence.enabled = true;
    user.clone_into(&mut spec.presence.key);
    spec
}

/// Says on the channel, and in the table, that one is there.
pub(super) async fn track(core: &Core) {
    let (Some(user), true) = (core.tokens.user(), core.settings().presence) else {
        return;
    };
    let open = core.open.lock().await;
    if let Some(channel) = open.as_ref().and_then(|open| open.channel.as_ref()) {
        if core.own.is_hidden() {
            channel.untrack();
        } else {
            let tracked = Tracked {
                user_id: user.id,
                user_name: called(core),
                status: Some(core.own.word().to_owned()),
            };
            if let Err(error) = channel.track(&tracked) {
                tracing::warn!(%error, "presence was not told");
            }
        }
    }
    drop(open);
    // Who hides says so in the table also where no session is open.
    core.presence_row.notify_one();
}

/// Tells the others in the open session whether one is writing. Never queued.
pub(super) async fn typing(core: &Core, session: &SessionId, typing: bool) {
    let settings = core.settings();
    let (Some(account), true) = (core.account(), settings.presence && settings.send_typing) else {
        return;
    };
    if core.own.is_hidden() {
        return;
    }
    let open = core.open.lock().await;
    let Some(open) = open.as_ref().filter(|open| open.id == *session) else {
        return;
    };
    // Nobody reads that of a reader, and the project refuses it.
    if is_private(core) && open.standing.role == Some(MemberRole::Reader) {
        return;
    }
    if let Some(channel) = &open.channel {
        let message = TypingMessage {
            user_id: account.user_id,
            user_name: Some(account.name),
            typing,
        };
        match channel.broadcast_state(TYPING, &message) {
            Ok(()) => {}
            Err(PushError::NotJoined) => {
                let told = (channel.name().to_owned(), message);
                core.typing_unjoined.send_replace(Some(told));
            }
            Err(error) => tracing::debug!(%error, "typing was not told"),
        }
    }
}

/// Tells over HTTP what could not be told on a channel that is not joined, one after the other
/// and the newest alone; runs until the workspace closes.
pub(super) async fn tell_unjoined(core: Arc<Core>) {
    let broadcasts = Broadcasts::new(core.rest.clone());
    let mut typing = core.typing_unjoined.subscribe();
    while typing.changed().await.is_ok() {
        let Some((channel, message)) = typing.borrow_and_update().clone() else {
            continue;
        };
        let sent = [BroadcastMessage {
            topic: &channel,
            event: TYPING,
            payload: &message,
            private: is_private(&core),
        }];
        if let Err(error) = broadcasts.send(&sent).await {
            tracing::debug!(%error, "typing was not told");
        }
    }
}

/// The channel is subscribed: the newest presence rows are read.
pub(super) async fn subscribed(core: &Core, channel: &str) {
    let Some(session) = open_on(core, channel).await else {
        return;
    };
    track(core).await;
    let query = tidings_supabase::Query::new().filter(tidings_supabase::Filter::eq(
        "session_id",
        session.to_string(),
    ));
    match core.rest.select(table::PRESENCE, &query).await {
        Ok(answer) => {
            let mut open = core.open.lock().await;
            let Some(open) = open.as_mut().filter(|open| open.id == session) else {
                return;
            };
            for row in &answer.rows {
                let fields = Fields::of_answer(row, table::PRESENCE);
                match fields.and_then(|fields| remote::presence(&fields)) {
                    Ok(row) if is_own(core, &row) => {}
                    Ok(row) => open.row(row),
                    Err(error) => tracing::warn!(%error, "a presence row was left out"),
                }
            }
        }
        Err(error) => tracing::debug!(%error, "presence rows were not read"),
    }
    tell(core).await;
}

/// The channel's presence changed.
pub(super) async fn presence(core: &Core, channel: &str, update: &PresenceUpdate) {
    change(core, channel, |open| open.presence(&update.state)).await;
    for (key, name) in OpenSession::called(&update.state) {
        if let Ok(user) = UserId::new(key) {
            members::heard(core, &user, &name);
        }
    }
}

/// A broadcast arrived.
pub(super) async fn broadcast(core: &Core, channel: &str, event: &str, payload: &Payload) {
    if event != TYPING {
        return;
    }
    let Some(message) = payload
        .json()
        .and_then(|json| json.parse::<TypingMessage>().ok())
    else {
        return;
    };
    if core
        .tokens
        .user()
        .is_some_and(|user| user.id == message.user_id)
    {
        return;
    }
    change(core, channel, |open| {
        open.typing(message.user_id, message.typing);
    })
    .await;
}

/// A row of `user_presence` changed.
pub(super) async fn row_changed(core: &Core, changed: &Change) -> Result<(), RowError> {
    let Some(record) = &changed.record else {
        return Ok(());
    };
    let row = remote::presence(&Fields::of_change(record))?;
    if !is_own(core, &row) {
        if let Some(open) = core.open.lock().await.as_mut() {
            open.row(row);
        }
        tell(core).await;
    }
    Ok(())
}

/// What this account says of itself in the table is no news here.
fn is_own(core: &Core, row: &remote::PresenceRow) -> bool {
    let user = core.tokens.user();
    user.is_some_and(|user| user.id == row.user_id.as_str())
}

/// The connection is gone.
pub(super) async fn nobody(core: &Core) {
    if let Some(open) = core.open.lock().await.as_mut() {
        open.lost();
    }
    tell(core).await;
}

/// Lets go of what has ended; runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    let mut expire = tokio::time::interval(EXPIRE_EVERY);
    let (mut account, mut settings) = (core.tokens.state(), core.settings.clone());
    let mut joined_as = joins_as(&core);
    loop {
        tokio::select! {
            changed = account.changed() => if changed.is_err() { return },
            changed = settings.changed() => {
                if changed.is_err() {
                    return;
                }
                let timeouts = Timeouts::from(&core.settings().realtime);
                if let Some(open) = core.open.lock().await.as_mut() {
                    open.timeouts = timeouts;
                }
            }
            _ = expire.tick() => {
                let now = server_now(&core);
                let changed =
                    core.open.lock().await.as_mut().is_some_and(|open| open.expire(now));
                if changed {
                    tell(&core).await;
                }
            }
        }
        let joins_as = joins_as(&core);
        if joins_as != joined_as {
            joined_as = joins_as;
            let open = core.open.lock().await.as_ref().map(|open| open.id.clone());
            if let Some(id) = open {
                join(&core, id).await;
            }
        }
    }
}

/// What decides how a session's channel is joined: who, and whether at all.
fn joins_as(core: &Core) -> (Option<String>, bool) {
    let user = core.tokens.user().map(|user| user.id);
    (user, core.settings().presence)
}

/// What one is called.
pub(super) fn called(core: &Core) -> Option<String> {
    core.account().map(|account| account.name)
}

/// Everybody in the open session.
pub(super) async fn here(core: &Core) -> Vec<api::Person> {
    let me = core.tokens.user().map(|user| user.id);
    let open = core.open.lock().await;
    open.as_ref()
        .map(|open| open.people(me.as_deref(), &core.names(), server_now(core)))
        .unwrap_or_default()
}

pub(super) async fn tell(core: &Core) {
    let session = core
        .open
        .lock()
        .await
        .as_ref()
        .map(|open| open.id.to_string());
    if let Some(session) = session {
        core.emit(api::Event::People {
            session,
            people: here(core).await,
        });
    }
}

async fn change(core: &Core, channel: &str, change: impl FnOnce(&mut OpenSession)) {
    {
        let mut open = core.open.lock().await;
        let Some(open) = open
            .as_mut()
            .filter(|open| OpenSession::channel_name(&open.id) == channel)
        else {
            return;
        };
        change(open);
    }
    tell(core).await;
}

async fn open_on(core: &Core, channel: &str) -> Option<SessionId> {
    let open = core.open.lock().await;
    let id = open.as_ref().map(|open| open.id.clone())?;
    (OpenSession::channel_name(&id) == channel).then_some(id)
}
