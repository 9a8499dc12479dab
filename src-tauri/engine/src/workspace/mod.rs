//! One workspace at work: one project, one account, one cache, one socket.

mod activity;
mod announce;
mod background;
mod catch_up;
mod commands;
mod connection;
mod dates;
mod doubt;
mod edited;
#[cfg(fuzzing)]
pub mod fuzzing;
mod index;
mod ingest;
mod listening;
mod live;
pub(crate) mod machine;
mod market;
mod members;
mod missed;
mod notices;
mod open;
mod outbox;
mod past;
mod past_prices;
mod people;
mod presence;
mod price_levels;
mod prices;
mod quotes;
mod remote;
mod requests;
mod reread;
mod rest;
mod retention;
mod rows;
mod rules;
mod send;
mod session;
mod storage;
mod sync;
mod voice;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tidings_cache::{Cache, Firing, FiringId, FiringMark};
use tidings_contract as api;
use tidings_model::{Clock, Language, Locale, SessionId, Timestamp, UserId, WorkspaceId};
use tidings_realtime::EventStream;
use tidings_supabase::{AuthState, Rest, TokenManager};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::Bus;
use crate::error::Result;
use crate::host::{Host, Play};
use crate::sounds::Sounds;
pub use doubt::Pace;
pub(crate) use live::{refused, tuning};
use market::Market;
pub(crate) use members::{Names, is_missing};
use open::OpenSession;
pub(crate) use remote::table;
pub(crate) use rules::Portable;
pub(crate) use session::{SECRETS, SecretStore};

/// What a workspace is made of.
pub(crate) struct Parts {
    /// Its id on this device.
    pub workspace: WorkspaceId,
    /// What the cache keeps.
    pub cache: Cache,
    /// The project's tables, for the account.
    pub rest: Rest,
    /// The account's session.
    pub tokens: TokenManager,
    /// The socket's settings.
    pub realtime: tidings_realtime::Config,
    /// What the socket's bytes go over.
    pub connector: Arc<dyn tidings_realtime::Connector>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The desktop.
    pub host: Arc<dyn Host>,
    /// Where events go while this workspace is in front.
    pub bus: Bus,
    /// The settings.
    pub settings: watch::Receiver<api::Settings>,
    /// Until when alerts are muted.
    pub muted: watch::Receiver<Option<Timestamp>>,
    /// Until when notifications are paused.
    pub paused: watch::Receiver<Option<Timestamp>>,
    /// When the program was used last.
    pub used: watch::Receiver<Timestamp>,
    /// What notifications sound like.
    pub sounds: Sounds,
    /// Whether it is the embedded one, whose prices are simulated.
    pub local: bool,
    /// The tables' schema, which does not change while the workspace is open.
    pub schema: String,
    /// How often to look for what was not told.
    pub pace: Pace,
}

/// A running workspace. Dropping it without [`Workspace::close`] leaves its tasks to end on their own.
pub(crate) struct Workspace {
    core: Arc<Core>,
    tasks: TaskTracker,
}

/// What the tasks of a workspace share.
pub(crate) struct Core {
    workspace: WorkspaceId,
    cache: Cache,
    rest: Rest,
    tokens: TokenManager,
    realtime: tidings_realtime::Client,
    clock: Arc<dyn Clock>,
    host: Arc<dyn Host>,
    bus: Bus,
    settings: watch::Receiver<api::Settings>,
    muted: watch::Receiver<Option<Timestamp>>,
    paused: watch::Receiver<Option<Timestamp>>,
    sounds: Sounds,
    local: bool,
    schema: String,
    pace: Pace,

    stop: CancellationToken,
    front: AtomicBool,
    /// Changes of messages and sessions flow.
    hears: AtomicBool,
    members: members::State,
    state: connection::State,
    sync: sync::Requests,
    ingest: ingest::Door,
    /// Counts the catch-ups that began: each means that there is a connection, maybe a new one.
    catch_ups: watch::Sender<u64>,
    outbox: Notify,
    activity: activity::Uses,
    retention: retention::Requests,
    market: tokio::sync::Mutex<Market>,
    notices: mpsc::Sender<notices::Notice>,
    /// Firings or messages may wait for the end of the quiet hours.
    holds: AtomicBool,
    /// Firings for which there was no room among what waits to be told.
    left_out: Mutex<HashSet<FiringId>>,
    market_due: market::Due,
    listening: listening::Listening,
    past_prices: past_prices::Requests,
    past: past::Known,
    open: tokio::sync::Mutex<Option<OpenSession>>,
    own: presence::Own,
    presence_row: Notify,
    /// Typing on a channel that is not joined.
    typing_unjoined: watch::Sender<Option<(String, people::TypingMessage)>>,
    last_session: Mutex<Option<SessionId>>,
    session_opened: Box<dyn Fn(Option<SessionId>) + Send + Sync>,
    server_clock: Mutex<Option<i64>>,
    told_machine: machine::Told,
    /// Since when the project's numbers count, by its clock, if they began to count in this run.
    era: Mutex<Option<Timestamp>>,
    page_portion: catch_up::PagePortion,
    background: background::Control,
    /// The catch-up in which the server last told its time.
    clock_told: AtomicU64,
    /// The wait for a browser in which somebody signs in.
    browser: Mutex<Option<CancellationToken>>,
    /// Changes that a channel should have told and did not.
    missed: AtomicU64,
    voice: voice::Fetches,
}

impl Workspace {
    /// Starts the tasks. Nothing waits for the network.
    pub async fn start(
        parts: Parts,
        last_session: Option<SessionId>,
        session_opened: Box<dyn Fn(Option<SessionId>) + Send + Sync>,
    ) -> Result<Self> {
        let Parts {
            workspace,
            cache,
            rest,
            tokens,
            realtime,
            connector,
            clock,
            host,
            bus,
            settings,
            muted,
            paused,
            used,
            sounds,
            local,
            schema,
            pace,
        } = parts;
        let now = clock.now();
        keep_account(&cache, &tokens, now).await?;
        let mut market = Market::load(&cache, now).await?;
        let known = market.quotes().values().map(|quote| quote.time);
        let newest = known.filter(|time| *time <= now).max();
        let listening = listening::Listening::load(&cache, newest).await?;
        let members = members::State::load(&cache).await?;
        let background = background::Control::load(&cache).await?;
        let own = presence::Own::load(&cache, used).await?;
        let (snoozed, pending) = (cache.pending_notifications().await?)
            .into_iter()
            .partition(|firing| firing.firing.mark == FiringMark::Snoozed);
        market.wait_for_snoozes(snoozed);
        let (notices, to_tell) = notices::queue();
        let account = Arc::new(live::Tokens(tokens.clone()));
        let (client, events) = tidings_realtime::Client::start_with(realtime, account, connector);
        // Before the first frame.
        client
            .frame_log()
            .set_on(settings.borrow().realtime.frame_log);
        let (door, facts) = ingest::door();
        let core = Arc::new(Core {
            workspace,
            cache,
            rest,
            tokens,
            realtime: client,
            clock,
            host,
            bus,
            settings,
            muted,
            paused,
            sounds,
            local,
            schema,
            pace,
            stop: CancellationToken::new(),
            front: AtomicBool::new(false),
            hears: AtomicBool::new(false),
            members,
            state: connection::State::new(now),
            sync: sync::Requests::default(),
            ingest: door,
            catch_ups: watch::Sender::new(0),
            outbox: Notify::new(),
            activity: activity::Uses::default(),
            retention: retention::Requests::default(),
            market: tokio::sync::Mutex::new(market),
            notices,
            holds: AtomicBool::new(false),
            left_out: Mutex::default(),
            market_due: market::Due::default(),
            listening,
            past_prices: past_prices::Requests::default(),
            past: past::Known::default(),
            open: tokio::sync::Mutex::new(None),
            own,
            presence_row: Notify::new(),
            typing_unjoined: watch::Sender::new(None),
            last_session: Mutex::new(last_session),
            session_opened,
            server_clock: Mutex::new(None),
            told_machine: machine::Told::default(),
            era: Mutex::new(None),
            page_portion: catch_up::PagePortion::default(),
            background,
            clock_told: AtomicU64::new(0),
            browser: Mutex::default(),
            missed: AtomicU64::new(0),
            voice: voice::Fetches::default(),
        });
        let tasks = tasks(&core, events, facts, (pending, to_tell));
        Ok(Self { core, tasks })
    }

    /// Ends every task and closes the cache.
    pub async fn close(&self) {
        people::leave(&self.core).await;
        self.core.realtime.disconnect();
        self.core.stop.cancel();
        self.tasks.wait().await;
        market::keep_waiting(&self.core).await;
        listening::close(&self.core).await;
        self.core.cache.close().await;
    }

    /// Ends as a crash of the program would: nothing more is written, sent or told.
    pub async fn abandon(&self) {
        self.core.cache.abandon().await;
        self.core.stop.cancel();
        self.tasks.wait().await;
    }

    /// Whether its events go to the windows.
    pub fn set_front(&self, front: bool) {
        self.core.front.store(front, Ordering::SeqCst);
    }

    /// The parts that tasks share.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

impl Core {
    /// Tells the windows, if this workspace is the one in front.
    fn emit(&self, event: api::Event) {
        if self.is_front() {
            self.bus.emit(event);
        }
    }

    /// Whether the windows show this workspace.
    fn is_front(&self) -> bool {
        self.front.load(Ordering::SeqCst)
    }

    /// What a notification sounds like.
    fn sound(&self) -> Play {
        self.sounds.play(&self.settings.borrow().sound).0
    }

    /// Whether notifications carry the text of messages: not while the lock is closed.
    fn previews(&self) -> bool {
        self.settings.borrow().previews && !self.bus.is_locked()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether changes of messages and sessions flow.
    fn hears(&self) -> bool {
        self.hears.load(Ordering::SeqCst)
    }

    /// Does something beside the tasks, until it is done or the workspace closes.
    fn aside(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
        });
    }

    fn settings(&self) -> api::Settings {
        self.settings.borrow().clone()
    }

    /// How sentences and numbers are written.
    fn locale(&self) -> Locale {
        self.settings.borrow().wording.into()
    }

    /// The language of the window.
    pub fn language(&self) -> Language {
        self.locale().language
    }

    /// Has whoever shows the rules read them again.
    pub async fn tell_rules(&self) {
        let armed = self.market.lock().await.armed();
        self.market_due.rules_changed();
        self.emit(api::Event::Rules { armed });
    }

    /// The user signed in; also the one whose session has expired is told by the cache.
    fn user(&self) -> Option<UserId> {
        let signed_in = self
            .tokens
            .user()
            .and_then(|user| UserId::new(user.id).ok());
        signed_in.or_else(|| self.cache.account())
    }

    fn viewer(&self) -> rows::Viewer {
        rows::Viewer {
            project: self.rest.project().clone(),
            user: self.user(),
            names: self.names(),
            shares: self.part().is_installed(),
        }
    }

    /// What people are called, as far as it is known.
    pub(crate) fn names(&self) -> Names {
        self.members.names()
    }

    fn part(&self) -> members::Part {
        *self.members.part.borrow()
    }

    /// Who is signed in, in the contract's words.
    pub fn account(&self) -> Option<api::Account> {
        let user = self.tokens.user()?;
        let name = match (user.name, user.email.as_deref()) {
            (Some(name), _) => name,
            (None, Some(email)) => email.split('@').next().unwrap_or(email).to_owned(),
            (None, None) => rows::short_id(&user.id),
        };
        Some(api::Account {
            user_id: user.id,
            email: user.email,
            name,
        })
    }

    fn set_era(&self, since: Timestamp) {
        *self.era.lock().unwrap_or_else(PoisonError::into_inner) = Some(since);
    }

    /// Whether the number of a change that was committed then is one of those that count.
    fn counts(&self, commit: Timestamp) -> bool {
        let era = *self.era.lock().unwrap_or_else(PoisonError::into_inner);
        era.is_none_or(|since| commit > since)
    }

    /// Server time minus local time, in milliseconds, when an answer has told it.
    fn skew_ms(&self) -> Option<i64> {
        *self
            .server_clock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the tasks of a workspace. `notices`: what is pending from an earlier run, and what comes.
fn tasks(
    core: &Arc<Core>,
    events: EventStream,
    facts: mpsc::Receiver<ingest::Step>,
    (pending, to_tell): (Vec<Firing>, mpsc::Receiver<notices::Notice>),
) -> TaskTracker {
    let tasks = TaskTracker::new();
    let spawn = |name: &'static str, task: futures_util::future::BoxFuture<'static, ()>| {
        let stop = core.stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => tracing::debug!(name, "a task of the workspace ended"),
            }
        });
    };
    spawn("account", Box::pin(live::follow_account(core.clone())));
    spawn("tuning", Box::pin(live::follow_settings(core.clone())));
    spawn("tokens", Box::pin(live::keep_tokens_fresh(core.clone())));
    spawn("sign-outs", Box::pin(live::tell_sign_outs(core.clone())));
    spawn("live", Box::pin(live::follow(core.clone(), events)));
    spawn("ingest", Box::pin(ingest::run(core.clone(), facts)));
    spawn("sync", Box::pin(sync::run(core.clone())));
    spawn("background", Box::pin(background::run(core.clone())));
    spawn("outbox", Box::pin(outbox::run(core.clone())));
    spawn("storage", Box::pin(storage::run(core.clone())));
    spawn("activity", Box::pin(activity::run(core.clone())));
    spawn("retention", Box::pin(retention::run(core.clone())));
    spawn("announce", Box::pin(announce::run(core.clone())));
    spawn("connection", Box::pin(announce::connection(core.clone())));
    spawn("market", Box::pin(market::run(core.clone())));
    spawn("moments", Box::pin(market::watch_time(core.clone())));
    spawn("listening", Box::pin(listening::run(core.clone())));
    spawn("past prices", Box::pin(past_prices::run(core.clone())));
    spawn("price levels", Box::pin(price_levels::run(core.clone())));
    // It ends by itself between two notifications: one that was shown is also noted as told.
    tasks.spawn(notices::run(core.clone(), pending, to_tell));
    spawn("doubt", Box::pin(doubt::run(core.clone())));
    spawn("people", Box::pin(people::run(core.clone())));
    spawn("use", Box::pin(presence::follow_use(core.clone())));
    spawn("presence row", Box::pin(presence::keep_row(core.clone())));
    spawn("profile", Box::pin(members::keep_profile(core.clone())));
    spawn("typing", Box::pin(people::tell_unjoined(core.clone())));
    spawn("search index", Box::pin(index::run(core.clone())));
    spawn("memory", Box::pin(rest::run(core.clone())));
    tasks.close();
    tasks
}

/// Whose workspace it is, if somebody is signed in.
async fn keep_account(cache: &Cache, tokens: &TokenManager, now: Timestamp) -> Result<()> {
    let state = tokens.state().borrow().clone();
    let AuthState::SignedIn { user_id, .. } = state else {
        return Ok(());
    };
    let Ok(user) = UserId::new(user_id) else {
        return Ok(());
    };
    match cache.set_account(user, now).await {
        // The cache can be read all the same, and `storage` tells why it cannot be written.
        Err(error) if error.is_of_the_disk() => tracing::warn!(%error, "the account was not kept"),
        set => set?,
    }
    Ok(())
}
