//! What is told by native notifications: after the commit, once.

use std::sync::Arc;

use tidings_alerts::describe;
use tidings_cache::{FiringId, FiringMark, NewFiring};
use tidings_contract as api;
use tidings_model::{Language, MessageId, Role, SessionId, Timestamp};
use tokio::sync::mpsc;

use super::Core;
use super::catch_up::server_now;
use super::market;
use crate::host::{Notification, NotificationAction};
use crate::words;

/// A message that arrives later than this after it was written is old news.
const FRESH: std::time::Duration = std::time::Duration::from_mins(2);
/// Characters of a message in its notification.
const PREVIEW_CHARS: usize = 240;

/// Notifications that wait for the desktop. Beyond it a firing is told at the next start, and a
/// message shows as unread.
const WAITING: usize = 256;

/// A firing as recorded, with what the rule said.
type Fired = (FiringId, market::Fired);

/// Messages that are new here.
#[derive(Debug)]
pub(super) struct Arrived {
    pub ids: Vec<MessageId>,
    /// The session that was being looked at then.
    pub front: Option<SessionId>,
    /// They should have come live and were found by reading: not too old to be told.
    pub untold: bool,
}

/// What is to be told.
pub(super) enum Notice {
    /// Firings that are in the cache.
    Fired(Vec<Fired>),
    /// Firings whose rule was snoozed until now.
    Snoozed(Vec<(FiringId, NewFiring)>),
    /// Messages that are new here.
    Arrived(Vec<Arrived>),
}

/// Where notices wait, and what comes out of there.
pub(super) fn queue() -> (mpsc::Sender<Notice>, mpsc::Receiver<Notice>) {
    mpsc::channel(WAITING)
}

/// Tells one after the other: a desktop that is slow to answer holds up nothing else. What was
/// kept, but not told before the program ended, comes first. Runs until the workspace closes.
pub(super) async fn run(
    core: Arc<Core>,
    pending: Vec<tidings_cache::Firing>,
    mut notices: mpsc::Receiver<Notice>,
) {
    if !pending.is_empty() {
        let firings: Vec<_> = pending.into_iter().map(|f| (f.id, f.firing)).collect();
        digest(&core, &firings, words::while_away).await;
    }
    while let Some(notice) = notices.recv().await {
        match notice {
            Notice::Fired(fired) => tell_fired(&core, fired).await,
            Notice::Snoozed(firings) => digest(&core, &firings, words::while_snoozed).await,
            Notice::Arrived(arrived) => {
                for messages in arrived {
                    tell_arrived(&core, &messages).await;
                }
            }
        }
    }
}

fn put(core: &Core, notice: Notice) {
    if core.notices.try_send(notice).is_err() {
        tracing::warn!("too many notifications wait: one is left out");
    }
}

/// Firings that have just been kept.
pub(super) fn fired(core: &Core, fired: Vec<Fired>) {
    for (id, fired) in &fired {
        core.emit(api::Event::Fired {
            firing: firing_row(*id, &fired.new),
        });
    }
    let told: Vec<_> = fired
        .into_iter()
        .filter(|(_, fired)| fired.new.pending && fired.new.mark != FiringMark::Snoozed)
        .collect();
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
        mark(core, &untold).await;
    }
    if !told.is_empty() {
        put(core, Notice::Snoozed(told));
    }
}

/// Those of a time when nobody listened are told together.
async fn tell_fired(core: &Core, fired: Vec<Fired>) {
    let (missed, mut told): (Vec<_>, Vec<_>) =
        fired.into_iter().partition(|(_, fired)| fired.missed);
    if missed.len() > 1 {
        let firings: Vec<_> = missed
            .into_iter()
            .map(|(id, fired)| (id, fired.new))
            .collect();
        digest(core, &firings, words::while_away).await;
    } else {
        told.splice(0..0, missed);
    }
    let locale = core.locale();
    for (id, fired) in told {
        let (kept, firing) = (fired.new, fired.firing);
        let mut body = describe::body(&firing, &clock_time, &locale);
        if fired.missed {
            body = format!("{}: {body}", clock_time(firing.time));
        }
        if let Some(pause) = &fired.pause {
            body = format!("{body}\n{}", describe::paused(pause, &locale));
        }
        show(
            core,
            Notification {
                id: format!("firing/{}", id.as_i64()),
                title: kept.sentence.clone(),
                body,
                language: locale.language,
                actions: vec![NotificationAction::OpenChart],
                place: api::Place::Chart {
                    symbol: kept.symbol.to_string(),
                },
            },
        )
        .await;
        mark(core, &[(id, kept)]).await;
    }
}

/// Tells several firings at once, under a title with their number.
async fn digest(
    core: &Core,
    firings: &[(FiringId, NewFiring)],
    title_of: fn(Language, usize) -> String,
) {
    let locale = core.locale();
    let title = match firings {
        [(_, one)] => one.sentence.clone(),
        many => title_of(locale.language, many.len()),
    };
    let lines: Vec<String> = firings
        .iter()
        .map(|(_, f)| {
            format!(
                "{}: {}, {}",
                clock_time(f.source_time),
                f.sentence,
                describe::price(&f.price, &locale)
            )
        })
        .collect();
    show(
        core,
        Notification {
            id: "digest".to_owned(),
            title,
            body: lines.join("\n"),
            language: locale.language,
            actions: Vec::new(),
            place: api::Place::Alerts,
        },
    )
    .await;
    mark(core, firings).await;
}

/// Shows a notification. One that the desktop refuses is in the history all the same.
async fn show(core: &Core, notification: Notification) {
    let report = core.host.notify(notification).await;
    if let Some(reason) = report.reason.filter(|_| !report.shown) {
        tracing::warn!(reason, "a notification was not shown");
    }
}

async fn mark(core: &Core, told: &[(FiringId, NewFiring)]) {
    let ids = told.iter().map(|(id, _)| *id).collect();
    if let Err(error) = core.cache.mark_notified(ids).await {
        tracing::error!(%error, "a notification was shown, and will be shown again");
        return;
    }
    for (id, firing) in told {
        let firing = NewFiring {
            pending: false,
            ..firing.clone()
        };
        core.emit(api::Event::Fired {
            firing: firing_row(*id, &firing),
        });
    }
}

/// The session that is being looked at now.
pub(super) async fn in_front(core: &Core) -> Option<SessionId> {
    let open = core.open.lock().await;
    let id = open.as_ref().map(|open| open.id.clone());
    id.filter(|_| core.host.focused())
}

/// Messages that are new here.
pub(super) fn arrived(core: &Core, arrived: Vec<Arrived>) {
    let settings = core.settings();
    if !arrived.is_empty() && settings.notifications && settings.message_notifications {
        put(core, Notice::Arrived(arrived));
    }
}

/// Those of others, unless they were looked at as they came.
async fn tell_arrived(core: &Core, arrived: &Arrived) {
    let settings = core.settings();
    let language = core.locale().language;
    let me = core.user();
    let Ok(messages) = core.cache.messages_by_id(arrived.ids.clone()).await else {
        return;
    };
    for cached in messages {
        let message = cached.message;
        let own = message.role == Role::User && message.user_id == me;
        let seen = arrived.front.as_ref() == Some(&message.session_id);
        let old = !arrived.untold && server_now(core).since(message.created_at) > FRESH;
        if own || seen || old || message.role == Role::System {
            continue;
        }
        let Ok(Some(session)) = core.cache.session(message.session_id.clone()).await else {
            continue;
        };
        if session.muted {
            continue;
        }
        let row = core.viewer().message(
            &tidings_cache::CachedMessage {
                message: message.clone(),
                state: None,
                incomplete: false,
                edited_locally: false,
            },
            None,
        );
        let author = row.author.unwrap_or_else(|| match message.role {
            Role::Assistant => words::assistant(language).to_owned(),
            Role::User | Role::System => words::someone(language).to_owned(),
        });
        let title = session
            .session
            .title
            .unwrap_or_else(|| words::untitled(language).to_owned());
        let (title, body) = if settings.previews {
            let text: String = message.content.chars().take(PREVIEW_CHARS).collect();
            (words::author_in(language, &author, &title), text)
        } else {
            (words::new_message(language).to_owned(), String::new())
        };
        show(
            core,
            Notification {
                // One a session: a newer one replaces the one before it.
                id: format!("message/{}", message.session_id),
                title,
                body,
                language,
                actions: vec![
                    NotificationAction::OpenSession,
                    NotificationAction::MarkRead,
                ],
                place: api::Place::Session {
                    session: message.session_id.to_string(),
                    message: Some(message.id.to_string()),
                },
            },
        )
        .await;
    }
}

/// A firing in the contract's words.
pub(super) fn firing_row(id: FiringId, firing: &NewFiring) -> api::FiringRow {
    api::FiringRow {
        id: id.as_i64().to_string(),
        rule: firing.rule.to_string(),
        symbol: firing.symbol.to_string(),
        title: firing.sentence.clone(),
        price: firing.price.to_string(),
        time: firing.source_time.as_millis(),
        mark: match firing.mark {
            FiringMark::Notified if firing.pending => api::FiringMark::Pending,
            FiringMark::Notified => api::FiringMark::Notified,
            FiringMark::Suppressed => api::FiringMark::Suppressed,
            FiringMark::Held | FiringMark::Muted => api::FiringMark::Muted,
            FiringMark::Away => api::FiringMark::Away,
            FiringMark::Snoozed => api::FiringMark::Snoozed,
            FiringMark::Paused => api::FiringMark::Paused,
        },
    }
}

/// `14:02`, in the time zone of this computer.
fn clock_time(at: Timestamp) -> String {
    at.local_clock()
}
