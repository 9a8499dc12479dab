//! Messages of others: which of them notify, and how they are told.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;

use tidings_cache::{CacheError, MessageKey, Notify, SessionSummary};
use tidings_contract as api;
use tidings_model::{MemberRole, Message, MessageId, Role, SessionId, SessionStatus};

use super::burst::{Bursts, LINES};
use super::{Core, deliver, digest, gate, mention};
use crate::host::{About, Notification, NotificationAction};
use crate::words;

/// Characters of a message in its notification.
const PREVIEW_CHARS: usize = 240;
/// More sessions than this at once are told in one notification.
const SESSIONS: usize = 3;

/// Messages to be told, by session.
#[derive(Default)]
pub(super) struct Found {
    sessions: Vec<InSession>,
    /// Those that need not be told, besides.
    dropped: Vec<MessageId>,
}

struct InSession {
    summary: SessionSummary,
    /// All of them.
    ids: Vec<MessageId>,
    /// The newest of them whose text is shown, oldest first; at least one.
    latest: VecDeque<Message>,
    /// The last of them.
    newest: MessageKey,
}

/// A session while what waits of it is read.
struct Reading {
    summary: Option<SessionSummary>,
    ids: Vec<MessageId>,
    latest: VecDeque<Message>,
}

impl Found {
    /// How many messages there are.
    pub fn count(&self) -> usize {
        self.sessions.iter().map(|each| each.ids.len()).sum()
    }

    /// `Plans (3): Bob: See you at nine`, one line a session.
    pub fn lines(&self, core: &Core) -> Vec<String> {
        self.sessions
            .iter()
            .filter_map(|each| {
                let last = each.latest.back()?;
                let (title, said) = (title(core, &each.summary), line(core, last));
                Some(match each.ids.len() {
                    1 => format!("{title}: {said}"),
                    many => format!("{title} ({many}): {said}"),
                })
            })
            .collect()
    }
}

/// What was missed and found while its session was being looked at is not told.
pub async fn seen(core: &Core, ids: &[MessageId], front: &SessionId) {
    let Ok(messages) = core.cache.messages_by_id(ids.to_vec()).await else {
        return;
    };
    let here = messages.iter().map(|each| &each.message);
    let here = here.filter(|message| message.session_id == *front);
    forget(core, here.map(|message| message.id).collect()).await;
}

/// What was missed of the session that is being looked at is not told.
pub(super) async fn in_front(core: &Core, bursts: &mut Bursts, front: &SessionId) {
    let mut ids = Vec::new();
    let mut waiting = Waiting::begin(core).await;
    while let Some(messages) = waiting.next().await {
        let here = messages
            .into_iter()
            .filter(|message| message.session_id == *front);
        ids.extend(here.map(|message| message.id));
    }
    bursts.forget(front);
    forget(core, ids).await;
}

/// Tells what waits, unless these are quiet hours. `together`: it came together, and is told so.
pub(super) async fn tell(core: &Core, bursts: &mut Bursts, together: bool) {
    if gate::is_quiet(core) {
        core.holds.store(true, Ordering::SeqCst);
        return;
    }
    let found = find(core).await;
    let many = found.sessions.len() > 1;
    if many && (together || found.sessions.len() > SESSIONS) {
        let shown = several(core, &found);
        deliver(core, shown).await;
    } else {
        for each in &found.sessions {
            let notification = in_session(core, bursts, each).await;
            deliver(core, notification).await;
        }
    }
    told(core, bursts, found).await;
}

/// They were told, or need not be.
pub(super) async fn told(core: &Core, bursts: &mut Bursts, found: Found) {
    if found.sessions.len() > 1 {
        // What a session's own notification says next begins anew.
        for each in &found.sessions {
            bursts.forget(&each.summary.session.id);
        }
    }
    let mut ids = found.dropped;
    for each in found.sessions {
        ids.extend(each.ids);
    }
    forget(core, ids).await;
}

async fn forget(core: &Core, ids: Vec<MessageId>) {
    if let Err(error) = core.cache.messages_told(ids).await {
        tracing::warn!(%error, "messages that were told may be told again");
    }
}

/// What waits to be told.
pub(super) async fn find(core: &Core) -> Found {
    let wanted = {
        let settings = core.settings.borrow();
        settings.notifications && settings.message_notifications
    };
    let me = core.account().map(|account| account.name);
    let mut found = Found::default();
    let mut sessions: BTreeMap<SessionId, Reading> = BTreeMap::new();
    let mut waiting = Waiting::begin(core).await;
    while let Some(messages) = waiting.next().await {
        for message in messages {
            let session = match sessions.entry(message.session_id.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => match core.cache.session(new.key().clone()).await {
                    Ok(summary) => new.insert(Reading::new(summary)),
                    Err(error) => {
                        tracing::warn!(%error, "messages of a session wait to be told");
                        continue;
                    }
                },
            };
            if wanted && session.notifies(&message, me.as_deref()) {
                session.add(message);
            } else {
                found.dropped.push(message.id);
            }
        }
    }
    found.sessions = sessions.into_values().filter_map(Reading::ended).collect();
    // The one with the newest message last, as a conversation is read.
    found.sessions.sort_by_key(|each| each.newest);
    found
}

impl Reading {
    const fn new(summary: Option<SessionSummary>) -> Self {
        Self {
            summary,
            ids: Vec::new(),
            latest: VecDeque::new(),
        }
    }

    fn notifies(&self, message: &Message, me: Option<&str>) -> bool {
        match self.summary.as_ref().map(|summary| summary.notify) {
            Some(Notify::All) => true,
            Some(Notify::Mentions) => me.is_some_and(|me| mention::names(&message.content, me)),
            Some(Notify::Muted) | None => false,
        }
    }

    fn add(&mut self, message: Message) {
        self.ids.push(message.id);
        self.latest.push_back(message);
        if self.latest.len() > LINES {
            self.latest.pop_front();
        }
    }

    fn ended(self) -> Option<InSession> {
        Some(InSession {
            summary: self.summary?,
            newest: self.latest.back().map(key)?,
            ids: self.ids,
            latest: self.latest,
        })
    }
}

/// Reads what waits to be told, oldest first, some at a time: after a flood it can be very much.
struct Waiting<'c> {
    core: &'c Core,
    ids: std::vec::IntoIter<MessageId>,
}

impl<'c> Waiting<'c> {
    async fn begin(core: &'c Core) -> Self {
        let ids = core.cache.untold_messages().await;
        let ids = ids.inspect_err(Self::left).unwrap_or_default();
        Self {
            core,
            ids: ids.into_iter(),
        }
    }

    /// The next of them; none at the end, and where they cannot be read.
    async fn next(&mut self) -> Option<Vec<Message>> {
        const AT_ONCE: usize = 500;
        let ids: Vec<MessageId> = self.ids.by_ref().take(AT_ONCE).collect();
        if ids.is_empty() {
            return None;
        }
        let messages = self.core.cache.messages_by_id(ids).await;
        let messages = messages.inspect_err(Self::left).ok()?;
        Some(messages.into_iter().map(|each| each.message).collect())
    }

    /// They wait on.
    fn left(error: &CacheError) {
        tracing::warn!(%error, "messages to be told could not be read");
    }
}

/// Several sessions in one notification. A click leads to the one with the newest message.
fn several(core: &Core, found: &Found) -> Notification {
    let language = core.locale().language;
    let (count, sessions) = (found.count(), found.sessions.len());
    let lines = if core.previews() {
        found.lines(core)
    } else {
        Vec::new()
    };
    let place = found
        .sessions
        .last()
        .map_or(api::Place::Alerts, InSession::place);
    let title = words::messages_in(language, count, sessions);
    digest::digest(core, "messages".to_owned(), title, lines, place)
}

/// The notification of one session: a newer one takes the place of the one before it.
async fn in_session(core: &Core, bursts: &mut Bursts, each: &InSession) -> Notification {
    let InSession {
        summary,
        ids,
        latest,
        newest,
    } = each;
    let language = core.locale().language;
    let session = &summary.session.id;
    let first_unread = core.cache.first_unread(session.clone()).await;
    let lines = latest.iter().map(|message| line(core, message)).collect();
    let first_unread = first_unread.ok().flatten();
    let burst = bursts.add(session, ids.len(), lines, *newest, first_unread);
    let title = title(core, summary);
    let (title, body) = match (core.previews(), burst.count, latest.back()) {
        (true, 1, Some(one)) => (
            words::author_in(language, &author(core, one), &title),
            preview(one),
        ),
        (true, count, _) => {
            let lines: Vec<String> = burst.lines.into();
            (words::many_in(language, count, &title), lines.join("\n"))
        }
        (false, ..) if ids.len() == 1 => (words::new_message(language).to_owned(), String::new()),
        (false, ..) => (words::new_messages(language, ids.len()), String::new()),
    };
    let mut actions = vec![NotificationAction::OpenSession];
    if may_write(summary) {
        actions.push(NotificationAction::Reply);
    }
    actions.push(NotificationAction::MarkRead);
    Notification {
        id: format!("message/{session}"),
        title,
        body,
        language,
        actions,
        about: About {
            workspace: Some(core.workspace),
            place: each.place(),
            rule: None,
        },
        sound: core.sound(),
    }
}

impl InSession {
    /// Where the newest of them is.
    fn place(&self) -> api::Place {
        api::Place::Session {
            session: self.summary.session.id.to_string(),
            message: Some(self.newest.id.to_string()),
        }
    }
}

fn key(message: &Message) -> MessageKey {
    MessageKey {
        at: message.created_at,
        id: message.id,
    }
}

fn may_write(summary: &SessionSummary) -> bool {
    summary.role != Some(MemberRole::Reader)
        && !summary.no_access
        && summary.session.status == SessionStatus::Active
}

fn title(core: &Core, summary: &SessionSummary) -> String {
    let untitled = words::untitled(core.locale().language);
    let title = summary.session.title.clone();
    title.unwrap_or_else(|| untitled.to_owned())
}

/// `Bob: See you at nine`
fn line(core: &Core, message: &Message) -> String {
    let said: Vec<&str> = message.content.split_whitespace().collect();
    let said: String = said.join(" ").chars().take(PREVIEW_CHARS / 2).collect();
    format!("{}: {said}", author(core, message))
}

fn preview(message: &Message) -> String {
    message.content.chars().take(PREVIEW_CHARS).collect()
}

fn author(core: &Core, message: &Message) -> String {
    let language = core.locale().language;
    let known = core.names();
    let known = known.author(&message.metadata, message.user_id.as_ref());
    known.unwrap_or_else(|| match message.role {
        Role::Assistant => words::assistant(language).to_owned(),
        Role::User | Role::System => words::someone(language).to_owned(),
    })
}
