//! Follows the account and the socket: what arrives live, and what the connection's state is.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tidings_cache::{Incoming, Source};
use tidings_contract as api;
use tidings_model::{Timestamp, UserId};
use tidings_realtime::{
    Binding, Cause, Change, ChangeKind, ChannelHandle, ChannelSpec, ChannelStatus, ConnState,
    ErrorClass, Event, EventStream, Refusal, RefusalKind, Row, TokenError, TokenSource, Tuning,
};
use tidings_supabase::{AuthState, Class, TokenManager};

use super::connection::Input;
use super::remote::{self, Fields, RowError, table};
use super::{Core, market, members, people, prices};

/// Name of the channel with sessions and messages.
pub(super) const CHAT: &str = "chat";
/// Name of the channel with prices.
pub(super) const PRICES: &str = "prices";

/// How long joining waits at most for the project's word on its parts.
const FIRST_QUESTION: Duration = Duration::from_secs(5);

/// Gives the socket the account's token at each join.
pub(super) struct Tokens(pub TokenManager);

impl TokenSource for Tokens {
    fn token<'a>(
        &'a self,
        refused: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, TokenError>> {
        Box::pin(async move {
            let token = match refused {
                None => self.0.access_token().await,
                Some(refused) => self.0.renew_refused(refused).await,
            };
            match token {
                Ok(token) => Ok(Some(token)),
                Err(error) if error.class() == Class::SignedOut => Err(TokenError::SignedOut),
                Err(error) => Err(TokenError::Unavailable(error.to_string())),
            }
        })
    }
}

/// The channels of a signed-in workspace; dropping them leaves the channels.
struct Channels {
    _chat: ChannelHandle,
    _prices: Option<ChannelHandle>,
}

/// What the channels ask for besides sessions and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    prices: bool,
    members: bool,
}

impl Channels {
    fn open(core: &Core, wanted: Wanted) -> Self {
        let table = |name: &str| Binding::table(&core.schema, name);
        let mut chat = ChannelSpec {
            bindings: vec![table(table::SESSIONS), table(table::MESSAGES)],
            ..ChannelSpec::new(CHAT)
        };
        if wanted.members {
            chat.bindings.push(table(table::MEMBERS));
        }
        let prices = ChannelSpec {
            bindings: vec![table(table::PRICES)],
            ..ChannelSpec::new(PRICES)
        };
        Self {
            _chat: core.realtime.open(chat),
            // A channel of its own: one bad binding disables all of its channel.
            _prices: wanted.prices.then(|| core.realtime.open(prices)),
        }
    }
}

/// Connects while somebody is signed in, and only then; runs until the workspace closes.
pub(super) async fn follow_account(core: Arc<Core>) {
    let mut account = core.tokens.state();
    let mut settings = core.settings.clone();
    let mut members = core.members.part.subscribe();
    let mut channels: Option<(Channels, Wanted)> = None;
    loop {
        let state = account.borrow_and_update().clone();
        match &state {
            AuthState::SignedIn { user_id, .. } => {
                if let Ok(user) = UserId::new(user_id.clone())
                    && let Err(error) = core.cache.set_account(user, core.now()).await
                {
                    tracing::error!(%error, "the account could not be kept");
                }
                if channels.is_none() {
                    core.state.input(Input::Connecting, core.now());
                    ask_first(&core).await;
                }
                let wanted = Wanted {
                    prices: settings.borrow_and_update().prices,
                    members: members.borrow_and_update().is_told(),
                };
                let known = channels.as_ref().map(|(_, known)| *known);
                if known.is_some_and(|known| known.members != wanted.members) {
                    // First out, then in: a channel that somebody holds keeps its form.
                    channels = None;
                }
                if known != Some(wanted) {
                    channels = Some((Channels::open(&core, wanted), wanted));
                    core.realtime.connect();
                }
            }
            AuthState::SignedOut | AuthState::SecondFactor { .. } | AuthState::Expired { .. } => {
                channels = None;
                core.realtime.disconnect();
                core.state.input(Input::SignedOut, core.now());
            }
        }
        core.emit(api::Event::Account {
            sign_in: core.sign_in_state(),
        });
        tokio::select! {
            changed = account.changed() => if changed.is_err() { return },
            changed = settings.changed() => if changed.is_err() { return },
            changed = members.changed() => if changed.is_err() { return },
        }
    }
}

/// On a project that was never asked which parts it has: asks, so that the channels need not be
/// joined twice. Without an answer the first catch-up finds out.
async fn ask_first(core: &Core) {
    if core.part() != members::Part::Unknown {
        return;
    }
    match tokio::time::timeout(FIRST_QUESTION, members::look(core)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::info!(%error, "the project was not asked for its parts"),
        Err(_) => tracing::info!("the project did not say in time which parts it has"),
    }
}

/// What the settings say of the socket.
pub(crate) fn tuning(settings: &api::RealtimeSettings) -> Tuning {
    let millis = |value: u32| Duration::from_millis(value.into());
    Tuning {
        heartbeat: millis(settings.heartbeat_ms),
        first_wait: millis(settings.reconnect_first_ms),
        longest_wait: millis(settings.reconnect_longest_ms),
        events_per_second: settings.events_per_second,
    }
}

/// Keeps the socket as the settings say; runs until the workspace closes.
pub(super) async fn follow_settings(core: Arc<Core>) {
    let mut settings = core.settings.clone();
    let mut told = None;
    loop {
        let realtime = settings.borrow_and_update().realtime;
        if told.replace(realtime) != Some(realtime) {
            core.realtime.frame_log().set_on(realtime.frame_log);
            core.realtime.tune(&tuning(&realtime));
        }
        if settings.changed().await.is_err() {
            return;
        }
    }
}

/// Renews the token ahead of time, and tells the socket of each new one.
pub(super) async fn keep_tokens_fresh(core: Arc<Core>) {
    let mut tokens = core.tokens.subscribe();
    let tell = async {
        while tokens.changed().await.is_ok() {
            core.realtime.push_token();
        }
    };
    tokio::join!(core.tokens.keep_fresh(), tell);
}

/// Tells the project of sign-outs that it was not told of; runs until the workspace closes.
pub(super) async fn tell_sign_outs(core: Arc<Core>) {
    core.tokens.tell_sign_outs().await;
}

/// Follows the socket; runs until the workspace closes.
pub(super) async fn follow(core: Arc<Core>, mut events: EventStream) {
    while let Some(event) = events.next().await {
        match event {
            Event::State(state) => connection(&core, state).await,
            Event::Channel { topic, status } => channel_changed(&core, &topic, status).await,
            Event::Subscribed { topic } if topic == CHAT => subscribed(&core),
            // What is read is read beside the events, which go on meanwhile.
            Event::Subscribed { topic } if topic == PRICES => prices::subscribed(&core).await,
            Event::Subscribed { topic } => {
                let asked = core.clone();
                core.aside(async move { people::subscribed(&asked, &topic).await });
            }
            Event::Change { change, .. } => changed(&core, &change).await,
            Event::Broadcast {
                topic,
                event,
                payload,
                ..
            } => {
                people::broadcast(&core, &topic, &event, &payload).await;
            }
            Event::Presence { topic, update } => people::presence(&core, &topic, &update).await,
            Event::Unreadable { topic, reason } => {
                tracing::warn!(topic, reason, "a change could not be read: reading again");
                core.sync.catch_up();
            }
            Event::Lagged => {
                core.sync.catch_up();
                if core.settings().prices {
                    prices::subscribed(&core).await;
                }
            }
        }
    }
}

/// Changes of messages and sessions flow from now on.
fn subscribed(core: &Core) {
    core.hears.store(true, Ordering::SeqCst);
    if matches!(core.state.current(), api::Connection::Refused { .. }) {
        // What was refused is accepted now.
        core.state.input(Input::Connecting, core.now());
    }
    core.sync.catch_up_anew();
}

/// They flow no more.
async fn unsubscribed(core: &Core) {
    core.hears.store(false, Ordering::SeqCst);
    if let Err(error) = core.cache.live_stopped().await {
        tracing::error!(%error, "the end of the live range could not be kept");
    }
}

async fn connection(core: &Core, state: ConnState) {
    let input = match state {
        ConnState::Connecting => Input::Connecting,
        // Live only once the channel is subscribed and the catch-up is done.
        ConnState::Connected => return,
        ConnState::Offline => Input::Lost {
            retry_at: None,
            reason: None,
            project: None,
        },
        ConnState::Waiting {
            until,
            reason,
            cause,
        } => Input::Lost {
            retry_at: Some(in_time(core, until)),
            reason: Some(reason),
            project: match cause {
                Cause::Unknown => None,
                Cause::Paused => Some(api::ProjectTrouble::Paused),
                Cause::NoHost => Some(api::ProjectTrouble::Gone),
            },
        },
        ConnState::Refused(refusal) => Input::Refused {
            reason: refused(&refusal),
        },
    };
    // An attempt that follows a lost connection at once is still "offline" to the user.
    let retrying = matches!(input, Input::Connecting)
        && matches!(core.state.current(), api::Connection::Offline { .. });
    if matches!(input, Input::Lost { .. } | Input::Refused { .. }) {
        unsubscribed(core).await;
        people::nobody(core).await;
    }
    // What the socket still says while nobody is signed in changes nothing.
    let signed_in = core.tokens.user().is_some();
    if signed_in && !retrying {
        core.state.input(input, core.now());
    }
}

async fn channel_changed(core: &Arc<Core>, channel: &str, status: ChannelStatus) {
    if let ChannelStatus::Errored { error, .. } = &status {
        tracing::warn!(channel, %error, "a channel is in trouble");
    }
    if channel != CHAT || matches!(status, ChannelStatus::Subscribed) {
        return;
    }
    // Whatever it is now, changes do not flow, even while the socket is open.
    if core.hears() {
        unsubscribed(core).await;
        if core.tokens.user().is_some() {
            core.state.input(Input::Connecting, core.now());
        }
    }
    let ChannelStatus::Errored { error, retry_at } = status else {
        return;
    };
    if error.class == ErrorClass::Bindings && core.part().is_told() {
        let asked = core.clone();
        core.aside(async move { members::refused(&asked).await });
        return;
    }
    let reason = format!("The project does not send changes: {error}");
    // Another attempt follows by itself, but what is wrong is for somebody to mend.
    let input = match retry_at.filter(|_| error.class != ErrorClass::Bindings) {
        Some(at) => Input::Lost {
            retry_at: Some(in_time(core, at)),
            reason: Some(reason),
            project: None,
        },
        None => Input::Refused { reason },
    };
    core.state.input(input, core.now());
}

pub(super) fn in_time(core: &Core, at: Instant) -> Timestamp {
    let wait = at.saturating_duration_since(tokio::time::Instant::now().into_std());
    core.now().plus(wait)
}

async fn changed(core: &Core, change: &Change) {
    let committed = change
        .commit_timestamp()
        .and_then(|text| text.parse::<Timestamp>().ok());
    let result = match change.table() {
        table::MESSAGES | table::SESSIONS | table::MEMBERS => {
            let taken = chat_changed(core, change, committed).await;
            if taken.is_err() {
                core.sync.catch_up();
            }
            taken
        }
        table::PRICES => price_changed(core, change, committed).await,
        table::PRESENCE => people::row_changed(core, change).await,
        _ => Ok(()),
    };
    if let Err(error) = result {
        tracing::warn!(%error, "a change could not be taken in");
    }
}

async fn chat_changed(
    core: &Core,
    change: &Change,
    committed: Option<Timestamp>,
) -> Result<(), RowError> {
    let truncated = !change.errors.is_empty();
    // Without a time the row had no key that may be seen (section 1.6): the page is read again.
    let Some(commit) = committed else {
        core.sync.catch_up();
        return Ok(());
    };
    let arrived = core.cache.stamp();
    let inserted = change.kind == ChangeKind::Insert;
    let source = Source::Live {
        commit,
        arrived,
        inserted,
    };
    let deleted = change.kind == ChangeKind::Delete;
    let fields = fields(if deleted {
        change.old_record.as_ref()
    } else {
        change.record.as_ref()
    });
    // A number of an epoch that has ended counts no more.
    let counts = core.counts(commit);
    let fact = match (change.table(), deleted) {
        (table::MESSAGES, false) => {
            let mut row = remote::message(&fields, truncated)?;
            row.rev = row.rev.filter(|_| counts);
            Incoming::Message { row, source }
        }
        (table::MESSAGES, true) => Incoming::MessageDeleted {
            id: remote::deleted_message(&fields)?,
            source,
        },
        (table::MEMBERS, false) => {
            let row = remote::member(&fields)?;
            members::meet(core, BTreeSet::from([row.user.clone()]));
            Incoming::Member { row, source }
        }
        (table::MEMBERS, true) => Incoming::MemberGone {
            id: remote::ended_member(&fields)?,
            source,
        },
        (_, false) => {
            let mut row = remote::session(&fields, truncated)?;
            row.rev = row.rev.filter(|_| counts);
            Incoming::Session { row, source }
        }
        (_, true) => Incoming::SessionDeleted {
            id: remote::deleted_session(&fields)?,
            rev: None,
            source,
        },
    };
    core.ingest.fact(fact).await;
    Ok(())
}

/// The columns of a row; none of one that was not told.
fn fields(row: Option<&Row>) -> Fields<'_> {
    row.map(Fields::of_change).unwrap_or_default()
}

async fn price_changed(
    core: &Core,
    change: &Change,
    committed: Option<Timestamp>,
) -> Result<(), RowError> {
    // A deleted price row says nothing about the price.
    let Some(record) = &change.record else {
        return Ok(());
    };
    let row = remote::price(&Fields::of_change(record))?;
    let price = market::Price {
        quote: row.quote,
        fallback: committed.unwrap_or_else(|| core.now()),
        kind: if change.kind == ChangeKind::Insert {
            market::RowKind::New
        } else {
            market::RowKind::Changed
        },
    };
    market::live(core, price).await;
    Ok(())
}

/// A refusal in words for the user.
pub(crate) fn refused(refusal: &Refusal) -> String {
    let what = match refusal.kind {
        RefusalKind::Key => "The project refuses the key. Check it in the project's settings.",
        RefusalKind::NoProject => "There is no such project at this address.",
        RefusalKind::NotRealtime => "No Realtime service answers at this address.",
    };
    if refusal.message.is_empty() {
        format!("{what} (HTTP {})", refusal.status)
    } else {
        format!("{what} (HTTP {}: {})", refusal.status, refusal.message)
    }
}
