//! What is told by notifications: after the commit, once.
//!
//! What has still to be told stands in the cache: firings that are `pending`, and
//! `untold_messages`. So a program that is killed tells it at its next start, and quiet hours end
//! as they should also where it slept or was not running at their end.

mod burst;
mod digest;
mod firings;
mod gate;
mod mention;
mod messages;

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidings_cache::{FiringId, FiringMark, NewFiring};
use tidings_contract as api;
use tidings_model::{MessageId, SessionId, Timestamp};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Core, market};
use crate::host::Notification;
use burst::Bursts;
pub(super) use firings::firing_row;
pub(super) use gate::Gate;
pub(super) use messages::seen;

/// Notices that wait for the desktop. Beyond it firings are told together, and a message with the
/// next ones.
const WAITING: usize = 256;
/// Between two notifications of messages: what comes meanwhile is told together.
const APART: Duration = Duration::from_secs(1);

/// A firing as recorded, with what the rule said.
type Fired = (FiringId, market::Fired);

/// Messages that are new here.
#[derive(Debug)]
pub(super) struct Arrived {
    pub ids: Vec<MessageId>,
    /// The session that was being looked at then.
    pub front: Option<SessionId>,
}

/// What is to be told.
pub(super) enum Notice {
    /// Firings that are in the cache.
    Fired(Vec<Fired>),
    /// Firings whose rule was snoozed until now.
    Snoozed(Vec<(FiringId, NewFiring)>),
    /// Messages that came one by one.
    Arrived(Vec<Arrived>),
    /// Messages may have been missed for a while, and were read together, while this session was
    /// being looked at.
    CaughtUp { front: Option<SessionId> },
}

/// Where notices wait, and what comes out of there.
pub(super) fn queue() -> (mpsc::Sender<Notice>, mpsc::Receiver<Notice>) {
    mpsc::channel(WAITING)
}

/// What the task remembers.
struct Teller {
    /// Firings that an earlier run has not told, until they are.
    pending: HashSet<FiringId>,
    bursts: Bursts,
    /// When messages that came one by one are told.
    due: Option<Instant>,
    /// Before this no more of them are.
    earliest: Instant,
}

/// Tells one after the other: a desktop that is slow to answer holds up nothing else. What was
/// kept, but not told before the program ended, comes first. Runs until the workspace closes, and
/// then ends what it has begun to tell.
pub(super) async fn run(
    core: Arc<Core>,
    pending: Vec<tidings_cache::Firing>,
    mut notices: mpsc::Receiver<Notice>,
) {
    let mut teller = Teller {
        pending: pending.into_iter().map(|firing| firing.id).collect(),
        bursts: Bursts::default(),
        due: None,
        earliest: Instant::now(),
    };
    core.holds.store(true, Ordering::SeqCst);
    digest::tell_held(&core, &mut teller).await;
    let mut look = tokio::time::interval(core.pace.look);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let due = teller.due;
        tokio::select! {
            notice = notices.recv() => match notice {
                Some(Notice::Fired(fired)) => firings::tell(&core, fired).await,
                Some(Notice::Snoozed(firings)) => {
                    digest::tell_snoozed(&core, firings).await;
                }
                Some(Notice::Arrived(arrived)) => {
                    for front in arrived.iter().filter_map(|each| each.front.as_ref()) {
                        teller.bursts.forget(front);
                    }
                    teller.due = Some(teller.earliest.max(Instant::now()));
                }
                Some(Notice::CaughtUp { front }) => {
                    if let Some(front) = front {
                        messages::in_front(&core, &mut teller.bursts, &front).await;
                    }
                    messages::tell(&core, &mut teller.bursts, true).await;
                }
                None => return,
            },
            () = core.stop.cancelled() => return,
            () = until(due), if due.is_some() => {
                teller.due = None;
                if holds_no_longer(&core) {
                    // What came just before quiet hours ended is told with all that they held.
                    digest::tell_held(&core, &mut teller).await;
                } else {
                    messages::tell(&core, &mut teller.bursts, false).await;
                }
                teller.earliest = Instant::now() + APART;
            }
            _ = look.tick() => {
                if holds_no_longer(&core) {
                    digest::tell_held(&core, &mut teller).await;
                }
            }
        }
    }
}

/// Whether something was held in quiet hours that have ended.
fn holds_no_longer(core: &Core) -> bool {
    core.holds.load(Ordering::SeqCst) && !gate::is_quiet(core)
}

async fn until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due).await;
    }
}

fn put(core: &Core, notice: Notice) {
    let Err(refused) = core.notices.try_send(notice) else {
        return;
    };
    tracing::warn!("too many notifications wait: what is left out is told later");
    let ids: Vec<FiringId> = match refused.into_inner() {
        Notice::Fired(fired) => fired.iter().map(|(id, _)| *id).collect(),
        Notice::Snoozed(firings) => firings.iter().map(|(id, _)| *id).collect(),
        Notice::Arrived(_) | Notice::CaughtUp { .. } => return,
    };
    let mut left_out = lock(&core.left_out);
    left_out.extend(ids);
    core.holds.store(true, Ordering::SeqCst);
}

fn lock(left_out: &Mutex<HashSet<FiringId>>) -> MutexGuard<'_, HashSet<FiringId>> {
    left_out.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Firings that have just been kept.
pub(super) fn fired(core: &Core, fired: Vec<Fired>) {
    let locale = core.locale();
    for (id, fired) in &fired {
        core.emit(api::Event::Fired {
            firing: firing_row(*id, &fired.new, &locale),
        });
    }
    let (held, told): (Vec<_>, Vec<_>) = fired
        .into_iter()
        .filter(|(_, fired)| fired.new.pending && fired.new.mark != FiringMark::Snoozed)
        .partition(|(_, fired)| fired.new.mark == FiringMark::Quiet);
    if !held.is_empty() {
        core.holds.store(true, Ordering::SeqCst);
    }
    if !told.is_empty() {
        put(core, Notice::Fired(told));
    }
}

/// A snooze ended. `untold`: their rules have been muted meanwhile.
pub(super) async fn snooze_ended(
    core: &Core,
    told: Vec<(FiringId, NewFiring)>,
    untold: Vec<(FiringId, NewFiring)>,
) {
    if !untold.is_empty() {
        firings::settle(core, untold, firings::Settled::Muted).await;
    }
    if !told.is_empty() {
        put(core, Notice::Snoozed(told));
    }
}

/// The session that is being looked at now.
pub(super) async fn in_front(core: &Core) -> Option<SessionId> {
    let open = core.open.lock().await;
    let id = open.as_ref().map(|open| open.id.clone());
    id.filter(|_| core.host.focused())
}

/// Messages that are new here came live.
pub(super) fn arrived(core: &Core, arrived: Vec<Arrived>) {
    if !arrived.is_empty() {
        put(core, Notice::Arrived(arrived));
    }
}

/// Messages that were missed are in the cache.
pub(super) async fn caught_up(core: &Core) {
    let front = in_front(core).await;
    put(core, Notice::CaughtUp { front });
}

/// Tells it: in the window while it is in front, else by the desktop. False when the desktop
/// refuses; it is in the window's lists all the same.
async fn deliver(core: &Core, notification: Notification) -> bool {
    if core.host.focused() && core.is_front() {
        core.emit(api::Event::Told {
            title: notification.title,
            body: notification.body,
            place: notification.about.place,
        });
        return true;
    }
    let report = core.host.notify(notification).await;
    if let Some(reason) = report.reason.filter(|_| !report.shown) {
        tracing::warn!(reason, "a notification was not shown");
    }
    report.shown
}

/// `14:02`, in the time zone of this computer.
pub(super) fn clock_time(at: Timestamp) -> String {
    at.local_clock()
}
