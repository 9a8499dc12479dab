//! What the cache keeps, as the contract shows it.

use tidings_cache::{
    CachedMessage, FailReason, MessagePage, Op, OutboxItem, OutboxState, OwnState, SearchHit,
    SessionSummary,
};
use tidings_contract as api;
use tidings_model::{MemberRole, Message, MessageId, MessageKind, Role, SessionStatus, UserId};
use tidings_supabase::Project;

use super::announce::change_of;
use super::edited::{Writes, looks_edited};
use super::members::Names;
use super::voice::Named;

/// Which messages notify, in the contract's words.
const fn notify(notify: tidings_cache::Notify) -> api::SessionNotify {
    match notify {
        tidings_cache::Notify::All => api::SessionNotify::All,
        tidings_cache::Notify::Mentions => api::SessionNotify::Mentions,
        tidings_cache::Notify::Muted => api::SessionNotify::Muted,
    }
}

/// Words of `SendState::Failed::code`.
pub mod fail {
    /// The account may not write in the session, or not see it, any more.
    pub const ACCESS: &str = "access";
    /// The project's rules do not allow it.
    pub const RULES: &str = "rules";
    /// Too long for the project.
    pub const SIZE: &str = "size";
    /// The session is not there (any more).
    pub const MISSING_SESSION: &str = "missing_session";
    /// The message was deleted meanwhile.
    pub const DELETED: &str = "deleted";
    /// Anything else.
    pub const OTHER: &str = "other";
}

/// Who looks: decides what is "own", and what people are called.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Whose messages they are.
    pub project: Project,
    /// The account in front.
    pub user: Option<UserId>,
    /// What people are called.
    pub names: Names,
    /// Whether sessions can be shared on the project.
    pub shares: bool,
}

impl Viewer {
    fn owns(&self, role: Role, author: Option<&UserId>) -> bool {
        role == Role::User && author.is_some() && author == self.user.as_ref()
    }

    fn author(&self, message: &Message) -> Option<String> {
        self.names
            .author(&message.metadata, message.user_id.as_ref())
    }

    /// The file that a voice message names.
    fn file(&self, message: &Message) -> Option<api::NamedFile> {
        if message.kind != MessageKind::Voice {
            return None;
        }
        Some(match Named::read(&message.metadata, &self.project)? {
            Named::Object(_) => api::NamedFile::Project,
            Named::Elsewhere(url) => api::NamedFile::Elsewhere { url: url.into() },
        })
    }

    /// A session in the list.
    pub fn session(&self, summary: &SessionSummary) -> api::SessionRow {
        let session = &summary.session;
        api::SessionRow {
            id: session.id.to_string(),
            title: session.title.clone(),
            status: status(session.status),
            last_activity: summary.activity.as_millis(),
            snippet: summary.last_message.as_ref().map(|last| api::Snippet {
                own: self.owns(last.role, last.author.as_ref()),
                author: self.names.author(&last.metadata, last.author.as_ref()),
                role: role(last.role),
                kind: kind(last.kind),
                text: last.text.clone(),
            }),
            unread: summary.unread,
            queued: summary.queued,
            held: summary.held,
            failed: summary.failed,
            draft: summary.draft.clone(),
            pinned: summary.pinned,
            notify: notify(summary.notify),
            no_access: summary.no_access,
            unsent: summary.unsent,
            role: summary.role.filter(|_| self.shares).map(member_role),
            people: if self.shares && !summary.unsent {
                summary.members.saturating_add(1)
            } else {
                0
            },
            not_here: summary.trimmed && summary.bare,
        }
    }

    /// Messages that are shown together, with the changes of one's own that wait for them.
    pub fn messages<'a>(
        &self,
        cached: impl Iterator<Item = &'a CachedMessage> + Clone,
        outbox: &[OutboxItem],
    ) -> Vec<api::MessageRow> {
        let writes = Writes::of(cached.clone().map(|each| &each.message));
        cached
            .map(|each| {
                let mut row = self.message(each, change_of(outbox, each.message.id));
                row.edited = writes.shows_edited(&each.message);
                row
            })
            .collect()
    }

    /// A message; `change` is the change of one's own that waits for it, if there is one.
    pub fn message(&self, cached: &CachedMessage, change: Option<&OutboxItem>) -> api::MessageRow {
        let message = &cached.message;
        let pending_edit = match change.map(|item| &item.op) {
            Some(Op::EditMessage { content, .. }) => Some(content.clone()),
            _ => None,
        };
        api::MessageRow {
            id: message.id.to_string(),
            session: message.session_id.to_string(),
            user_id: message.user_id.as_ref().map(ToString::to_string),
            author: self.author(message),
            own: self.owns(message.role, message.user_id.as_ref()),
            role: role(message.role),
            kind: kind(message.kind),
            content: message.content.clone(),
            metadata: message.metadata.read().unwrap_or_default(),
            file: self.file(message),
            created_at: message.created_at.as_millis(),
            edited: looks_edited(message),
            incomplete: cached.incomplete,
            state: cached
                .state
                .as_ref()
                .map_or(api::SendState::Delivered, send_state),
            pending_edit,
            pending_delete: matches!(change.map(|c| &c.op), Some(Op::DeleteMessage { .. })),
        }
    }

    /// A hit of a search.
    pub fn hit(&self, hit: &SearchHit, title: Option<String>) -> api::SearchHit {
        let message = &hit.message.message;
        api::SearchHit {
            message: message.id.to_string(),
            session: hit.session.to_string(),
            session_title: title,
            user_id: message.user_id.as_ref().map(ToString::to_string),
            author: self.author(message),
            own: self.owns(message.role, message.user_id.as_ref()),
            role: role(message.role),
            created_at: message.created_at.as_millis(),
            parts: parts(&hit.snippet, &hit.marks),
        }
    }
}

/// The message that a change concerns.
pub const fn message_of(item: &OutboxItem) -> Option<MessageId> {
    match &item.op {
        Op::InsertMessage(message) => Some(message.id),
        Op::EditMessage { id, .. } | Op::DeleteMessage { id } => Some(*id),
        Op::CreateSession(_) | Op::UpdateSession { .. } | Op::DeleteSession => None,
    }
}

/// A change in the outbox.
pub fn outbox_row(item: &OutboxItem, title: Option<String>) -> api::OutboxRow {
    let (change, text) = match &item.op {
        Op::InsertMessage(message) => (api::OutboxChange::Send, message.content.clone()),
        Op::EditMessage { content, .. } => (api::OutboxChange::Edit, content.clone()),
        Op::DeleteMessage { .. } => (api::OutboxChange::Delete, String::new()),
        Op::CreateSession(session) => (
            api::OutboxChange::CreateSession,
            session.title.clone().unwrap_or_default(),
        ),
        Op::UpdateSession { title, .. } => (
            api::OutboxChange::UpdateSession,
            title.clone().flatten().unwrap_or_default(),
        ),
        Op::DeleteSession => (api::OutboxChange::DeleteSession, String::new()),
    };
    api::OutboxRow {
        seq: u64::try_from(item.id.as_i64()).unwrap_or(0),
        session: item.session.to_string(),
        session_title: title,
        message: message_of(item).map(|id| id.to_string()),
        change,
        text,
        state: match &item.state {
            OutboxState::Queued => api::SendState::Queued,
            OutboxState::Held => api::SendState::Held {
                written: item.created_at.as_millis(),
            },
            OutboxState::Sending => api::SendState::Sending,
            OutboxState::Failed(reason) => failed(reason),
        },
        attempts: item.attempts,
        created_at: item.created_at.as_millis(),
    }
}

/// What lies before the first row of a page.
pub fn before(page: &MessagePage) -> api::Edge {
    let gap = page.gaps.iter().any(|placed| placed.before_row == 0);
    match (page.at_start, gap) {
        (false, _) => api::Edge::More,
        (true, true) => api::Edge::Gap,
        (true, false) => api::Edge::End,
    }
}

/// What lies after the last row of a page.
pub const fn after(page: &MessagePage) -> api::Edge {
    if page.at_end {
        api::Edge::End
    } else {
        api::Edge::More
    }
}

/// A session's state in the contract's words.
pub const fn status(status: SessionStatus) -> api::SessionStatusName {
    match status {
        SessionStatus::Active => api::SessionStatusName::Active,
        SessionStatus::Inactive => api::SessionStatusName::Inactive,
        SessionStatus::Archived => api::SessionStatusName::Archived,
    }
}

/// A session's state in the model's words.
pub const fn model_status(status: api::SessionStatusName) -> SessionStatus {
    match status {
        api::SessionStatusName::Active => SessionStatus::Active,
        api::SessionStatusName::Inactive => SessionStatus::Inactive,
        api::SessionStatusName::Archived => SessionStatus::Archived,
    }
}

/// The last four characters of an id that nobody has a name for.
pub fn short_id(id: &str) -> String {
    let tail = id.chars().count().saturating_sub(4);
    format!("…{}", id.chars().skip(tail).collect::<String>())
}

/// A role in a session in the contract's words.
pub const fn member_role(role: MemberRole) -> api::MemberRoleName {
    match role {
        MemberRole::Owner => api::MemberRoleName::Owner,
        MemberRole::Member => api::MemberRoleName::Member,
        MemberRole::Reader => api::MemberRoleName::Reader,
    }
}

const fn role(role: Role) -> api::RoleName {
    match role {
        Role::User => api::RoleName::User,
        Role::Assistant => api::RoleName::Assistant,
        Role::System => api::RoleName::System,
    }
}

const fn kind(kind: MessageKind) -> api::KindName {
    match kind {
        MessageKind::Text => api::KindName::Text,
        MessageKind::Voice => api::KindName::Voice,
        MessageKind::AdapterAction => api::KindName::AdapterAction,
    }
}

fn send_state(state: &OwnState) -> api::SendState {
    match state {
        OwnState::Queued => api::SendState::Queued,
        OwnState::Held { written } => api::SendState::Held {
            written: written.as_millis(),
        },
        OwnState::Sending => api::SendState::Sending,
        OwnState::Failed(reason) => failed(reason),
    }
}

fn failed(reason: &FailReason) -> api::SendState {
    api::SendState::Failed {
        code: reason.code.clone(),
        reason: reason.message.clone(),
    }
}

/// Cuts a text at ranges of UTF-16 code units.
fn parts(text: &str, marks: &[(u32, u32)]) -> Vec<api::SnippetPart> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let piece = |from: usize, to: usize, hit: bool| api::SnippetPart {
        text: String::from_utf16_lossy(units.get(from..to).unwrap_or_default()),
        hit,
    };
    let mut parts = Vec::new();
    let mut at = 0;
    for &(from, to) in marks {
        let (from, to) = (from as usize, (to as usize).min(units.len()));
        if from < at || to <= from {
            continue;
        }
        if from > at {
            parts.push(piece(at, from, false));
        }
        parts.push(piece(from, to, true));
        at = to;
    }
    if at < units.len() {
        parts.push(piece(at, units.len(), false));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_is_cut_at_its_marks() {
        let cut: Vec<_> = parts("a 😀 word", &[(2, 4), (5, 9)])
            .into_iter()
            .map(|part| (part.text, part.hit))
            .collect();
        let expected = [("a ", false), ("😀", true), (" ", false), ("word", true)]
            .map(|(t, h)| (t.to_owned(), h));
        assert_eq!(cut, expected);
    }

    #[test]
    fn an_unknown_person_shows_the_end_of_their_id() {
        assert_eq!(short_id("018f3b6c-0000-7000-8000-00000000abcd"), "…abcd");
        assert_eq!(short_id("ab"), "…ab");
    }
}
