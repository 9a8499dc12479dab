//! Reads in the background while changes arrive live: what is missing yet, and ranges that may
//! have changed unseen. One request at a time, within a budget; what is open comes first, then
//! the sessions that were used last.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::RngExt as _;
use tidings_cache::{Cache, CacheError};
use tidings_contract as api;
use tidings_model::{SessionId, Timestamp};
use tidings_supabase::{BackOff, Class, Filter, Query};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::catch_up::{self, Portion, read_stretches};
use super::remote::table;
use super::{Core, retention};

/// Name of the fact that the user stopped it.
const PAUSED: &str = "background_paused";
/// Sessions in one request.
const SESSIONS: usize = 20;
/// Changes that nothing told of are found within this time even if the connection holds.
const TRUSTED: Duration = Duration::from_hours(24);
/// How often it looks for something to do by itself.
const LOOK: Duration = Duration::from_mins(10);
/// A project in trouble has others to answer first, who may all be waiting for the same moment.
const BACK_OFF: BackOff = BackOff {
    first: Duration::from_mins(1),
    longest: Duration::from_mins(10),
};

/// What the task is told, and what it tells.
pub(super) struct Control {
    paused: AtomicBool,
    wake: Notify,
    /// Ranges that were compared before this may have changed unseen.
    due: Mutex<Option<Timestamp>>,
    download: watch::Sender<Option<api::Download>>,
}

impl Control {
    /// As the user left it.
    pub async fn load(cache: &Cache) -> Result<Self, CacheError> {
        Ok(Self {
            paused: AtomicBool::new(cache.get_meta(PAUSED).await?.is_some()),
            wake: Notify::new(),
            due: Mutex::new(None),
            download: watch::Sender::new(None),
        })
    }

    /// A catch-up is done.
    pub fn caught_up(&self, due: Timestamp) {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = Some(due);
        self.look_again();
    }

    /// There may be something to do.
    pub fn look_again(&self) {
        self.wake.notify_one();
    }

    /// Ranges that were compared before this may have changed unseen; the earliest time before
    /// the first catch-up.
    pub fn due(&self) -> Timestamp {
        let due = *self.due.lock().unwrap_or_else(PoisonError::into_inner);
        due.unwrap_or(Timestamp::MIN)
    }

    fn was_caught_up(&self) -> bool {
        let due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        due.is_some()
    }

    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::SeqCst)
    }
}

impl Core {
    /// What is fetched in the background, while something is missing.
    pub fn download(&self) -> Option<api::Download> {
        self.background.download.borrow().clone()
    }

    /// Stops fetching older messages, or lets it go on. Kept over restarts, until none are missing.
    pub async fn pause_download(
        &self,
        args: &api::PauseDownload,
    ) -> crate::error::Result<api::Nothing> {
        let fact = args.paused.then(|| "by the user".to_owned());
        self.cache.set_meta(PAUSED, fact).await?;
        self.background.paused.store(args.paused, Ordering::SeqCst);
        self.tell_download(|download| {
            if let Some(download) = download {
                download.paused = args.paused;
            }
        });
        self.background.look_again();
        Ok(api::Nothing {})
    }

    fn tell_download(&self, change: impl FnOnce(&mut Option<api::Download>)) {
        let changed = self.background.download.send_if_modified(|download| {
            let before = download.clone();
            change(download);
            *download != before
        });
        if changed {
            let download = self.download();
            self.emit(api::Event::Download { download });
        }
    }
}

/// Whether there was something to read.
enum Step {
    Read,
    Nothing,
    /// Something, but not yet.
    Later(Duration),
}

/// What the task knows beside the cache.
#[derive(Default)]
struct Work {
    portion: Portion,
    /// Sessions that asking again would bring nothing of; forgotten with the next catch-up.
    skip: HashSet<SessionId>,
    progress: Option<Progress>,
    due: Option<Timestamp>,
    /// Ranges are not compared again before this.
    compare_from: Option<Instant>,
}

/// Counted once, then followed.
#[derive(Clone, Copy)]
struct Progress {
    done: u64,
    /// None when the project did not say.
    missing: Option<u64>,
}

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    let mut work = Work::default();
    let mut failed = 0_u32;
    loop {
        match step(&core, &mut work).await {
            Ok(Step::Read) => {
                failed = 0;
                tokio::time::sleep(core.pace.background).await;
            }
            Ok(Step::Later(wait)) => {
                failed = 0;
                woken(&core, wait).await;
            }
            Ok(Step::Nothing) => {
                failed = 0;
                woken(&core, LOOK).await;
                work.skip.clear();
            }
            Err(error) => {
                failed = failed.saturating_add(1);
                let asked = match error.class() {
                    Class::Transient { retry_after } => retry_after,
                    Class::Network | Class::Permanent | Class::SignedOut => None,
                };
                let wait = BACK_OFF.wait(failed, asked);
                tracing::info!(%error, ?wait, "reading in the background waits");
                // A catch-up that is done says that the project answers again.
                woken(&core, wait).await;
            }
        }
    }
}

/// Returns when there may be something to do, or after a time.
async fn woken(core: &Core, after: Duration) {
    tokio::select! {
        () = core.background.wake.notified() => {}
        () = tokio::time::sleep(after) => {}
    }
}

async fn step(core: &Core, work: &mut Work) -> Result<Step, catch_up::Error> {
    // Without live changes a range would be out of date as soon as it is read.
    let live = matches!(core.state.current(), api::Connection::Live) && core.hears();
    if !live || !core.background.was_caught_up() {
        return Ok(Step::Nothing);
    }
    let due = core.background.due();
    if work.due.replace(due) != Some(due) {
        // The numbers of before say nothing after a time away.
        work.progress = None;
        work.portion = Portion::default();
        work.skip.clear();
        let spread = rand::rng().random_range(Duration::ZERO..=core.pace.spread);
        // Before the second is over what is read would be due again.
        work.compare_from = Some(Instant::now() + catch_up::SECOND + spread);
    }
    let open = core.open.lock().await.as_ref().map(|open| open.id.clone());
    let limit = work.portion.sessions.min(SESSIONS);
    let kept_from = retention::age_limit(core);
    let gaps = core
        .cache
        .next_gaps(open.clone(), work.skip.clone(), limit, kept_from)
        .await?;
    if gaps.is_empty() {
        work.progress = None;
        if core.background.is_paused() && work.skip.is_empty() {
            // There is nothing left to stop, and nothing to let it go on by: what is missing
            // another time comes as if nobody had ever stopped it.
            core.cache.set_meta(PAUSED, None).await?;
            core.background.paused.store(false, Ordering::SeqCst);
        }
        core.tell_download(|download| *download = None);
    } else if work.progress.is_none() {
        let progress = count(core, kept_from).await?;
        tell(core, progress);
        work.progress = Some(progress);
    }
    // What is here is kept true also while nothing is added to it.
    let wanted = if gaps.is_empty() || core.background.is_paused() {
        let now = Instant::now();
        if let Some(from) = work.compare_from.filter(|from| *from > now) {
            return Ok(Step::Later(from - now));
        }
        let day = catch_up::server_now(core).minus(TRUSTED);
        core.cache
            .next_unverified(due.max(day), open.clone(), work.skip.clone(), limit)
            .await?
    } else {
        gaps
    };
    if wanted.is_empty() {
        return Ok(Step::Nothing);
    }
    // What is looked at does not wait for others.
    let alone = wanted
        .first()
        .is_some_and(|(id, _)| Some(id) == open.as_ref());
    let wanted = if alone { &wanted[..1] } else { &wanted[..] };
    let read = match read_stretches(core, wanted, work.portion).await {
        Ok(read) => read,
        Err(catch_up::Error::Server(error)) if work.portion.cut(&error) => return Ok(Step::Read),
        Err(error) => return Err(error),
    };
    if read.sessions.is_empty() {
        let nothing = wanted.iter().map(|(session, _)| session.clone());
        work.skip.extend(nothing);
    }
    if let Some(progress) = &mut work.progress {
        let new = read.new as u64;
        progress.done += new;
        progress.missing = progress.missing.map(|missing| missing.saturating_sub(new));
        tell(core, *progress);
    }
    Ok(Step::Read)
}

/// How many messages are here, and how many are not, of those that are kept.
async fn count(core: &Core, kept_from: Option<Timestamp>) -> Result<Progress, catch_up::Error> {
    let from = kept_from.unwrap_or(Timestamp::MIN);
    let done = core.cache.message_count(from).await?;
    let placed = match kept_from {
        None => Filter::Not(Box::new(Filter::IsNull("created_at"))),
        Some(from) => Filter::gte("created_at", from.to_string()),
    };
    let all = Query::new().filter(placed);
    let missing = match core.rest.count(table::MESSAGES, &all).await {
        Ok(all) => Some(all.saturating_sub(done)),
        Err(error) => {
            // A count over everything can take a project too long; reading goes on without.
            tracing::info!(%error, "the messages were not counted");
            None
        }
    };
    Ok(Progress { done, missing })
}

fn tell(core: &Core, progress: Progress) {
    let paused = core.background.is_paused();
    core.tell_download(|download| {
        *download = Some(api::Download {
            done: progress.done,
            total: progress.missing.map(|missing| progress.done + missing),
            paused,
        });
    });
}
