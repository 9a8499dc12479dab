//! What a search may find: by the operators of the query, and by the filter beside it.

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, named_params};
use tidings_model::{MessageKind, Role, SessionId, Timestamp, UserId};

use super::facets::Facet;
use super::query::Query;
use crate::error::Result;
use crate::types::search::{SearchFilter, SearchFrom, SearchKind};

/// Messages with what the conditions ask for.
pub(super) const BY_KEY: &str = "messages m
    LEFT JOIN sessions s ON s.key = m.session";

/// The conditions, and what no search shows.
pub(super) const FILTER: &str = "m.deleted = 0 AND m.hidden = 0 AND m.created_at IS NOT NULL
    AND s.key IS NOT NULL AND s.deleted = 0 AND s.hidden = 0
    AND (:in IS NULL OR m.session = :in)
    AND (:from IS NULL OR coalesce(m.author, -1) = :from)
    AND (:author IS NULL OR coalesce(m.author, -1) = :author)
    AND (:speaker IS NULL OR coalesce(m.role, '') = :speaker)
    AND (:session IS NULL OR s.id = :session OR coalesce(s.title, '') LIKE :title ESCAPE '\\')
    AND m.created_at >= :after AND m.created_at < :before
    AND (:role IS NULL OR coalesce(m.role, '') = :role)
    AND (:kind IS NULL OR coalesce(m.kind, '') = :kind)
    AND (:code = 0 OR coalesce(m.content, '') LIKE '%```%')
    AND (:link = 0 OR coalesce(m.content, '') LIKE '%http://%'
        OR coalesce(m.content, '') LIKE '%https://%')";

/// The order in which messages are looked at, and where it begins and ends.
pub(crate) const BY_TIME: &str = "FROM messages INDEXED BY messages_by_time
    WHERE created_at >= :after AND created_at < :before AND created_at <= :to";
/// The same for those of one session, which are in an index of their own, sent and unsent.
pub(crate) const SENT: &str = "FROM messages INDEXED BY messages_in_order
    WHERE session = :in AND deleted = 0 AND unsent = 0
        AND created_at >= :after AND created_at < :before AND created_at <= :to";
pub(crate) const UNSENT: &str = "FROM messages INDEXED BY messages_unsent
    WHERE session = :in AND deleted = 0 AND unsent = 1
        AND created_at >= :after AND created_at < :before AND created_at <= :to";

/// What a search may find.
#[derive(Debug)]
pub(super) struct Chosen {
    /// Key of the one session, if it is one.
    pub session: Option<i64>,
    from: Option<i64>,
    author: Option<i64>,
    speaker: Option<Role>,
    title: Option<String>,
    titled: Option<String>,
    after: i64,
    before: i64,
    role: Option<Role>,
    kind: Option<MessageKind>,
    code: bool,
    link: bool,
}

impl Chosen {
    /// `None` when nothing is asked for, or nothing can be found.
    pub(super) fn of(
        conn: &Connection,
        query: &Query,
        filter: &SearchFilter,
        account: Option<&UserId>,
    ) -> Result<Option<Self>> {
        if query.is_empty() && *filter == SearchFilter::default() {
            return Ok(None);
        }
        let (author, speaker) = match &filter.from {
            Some(SearchFrom::Me) => match account {
                Some(account) => (Some(account.as_str()), Some(Role::User)),
                None => return Ok(None),
            },
            Some(SearchFrom::User(user)) => (Some(user.as_str()), Some(Role::User)),
            Some(SearchFrom::Assistant) => (None, Some(Role::Assistant)),
            None => (None, None),
        };
        let from = query.from.as_deref().map(|from| match (from, account) {
            ("me", Some(account)) => account.as_str(),
            _ => from,
        });
        let user = "SELECT key FROM users WHERE id = ?1";
        let session = filter.session.as_ref().map(SessionId::as_str);
        let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
        Ok(Some(Self {
            session: key(conn, "SELECT key FROM sessions WHERE id = ?1", session)?,
            from: key(conn, user, from)?,
            author: key(conn, user, author)?,
            speaker,
            titled: query.session.as_deref().map(like),
            title: query.session.clone(),
            after: micros(query.after.max(filter.after)).unwrap_or(i64::MIN),
            before: [query.before, filter.before]
                .into_iter()
                .flatten()
                .min()
                .map_or(i64::MAX, Timestamp::as_micros),
            role: query.role,
            kind: match filter.kind {
                Some(SearchKind::Voice) => Some(MessageKind::Voice),
                Some(SearchKind::Action) => Some(MessageKind::AdapterAction),
                Some(SearchKind::Link | SearchKind::Code) | None => None,
            },
            code: filter.kind == Some(SearchKind::Code),
            link: query.has_link || filter.kind == Some(SearchKind::Link),
        }))
    }

    /// What the index may be asked for beside words.
    pub(super) fn facets(&self) -> Vec<Facet> {
        let authors = [self.from, self.author].into_iter().flatten();
        let roles = [self.speaker, self.role].into_iter().flatten();
        let facets = self.session.map(Facet::Session).into_iter();
        facets
            .chain(authors.map(Facet::Author))
            .chain(roles.map(Facet::Role))
            .chain(self.kind.map(Facet::Kind))
            .chain(self.link.then_some(Facet::Link))
            .chain(self.code.then_some(Facet::Code))
            .filter(|facet| facet.is_indexed())
            .collect()
    }

    /// The first and last microsecond of what may be found, up to a time.
    pub(super) fn times(&self, to: i64) -> (i64, i64) {
        (self.after, to.min(self.before.saturating_sub(1)))
    }

    /// Key, time and text of what may be found, newest first, up to a time. What is about single
    /// messages is not asked for.
    pub(super) fn newest_first<'c>(
        &self,
        conn: &'c Connection,
        to: i64,
    ) -> Result<CachedStatement<'c>> {
        self.in_order(conn, "key, created_at, content", to)
    }

    /// The same with the keys and times alone.
    pub(super) fn keys_newest_first<'c>(
        &self,
        conn: &'c Connection,
        to: i64,
    ) -> Result<CachedStatement<'c>> {
        self.in_order(conn, "key, created_at", to)
    }

    fn in_order<'c>(
        &self,
        conn: &'c Connection,
        columns: &str,
        to: i64,
    ) -> Result<CachedStatement<'c>> {
        let sql = match self.session {
            Some(_) => format!("SELECT {columns} {SENT} UNION ALL SELECT {columns} {UNSENT}"),
            None => format!("SELECT {columns} {BY_TIME}"),
        };
        let mut statement = self.statement(conn, &format!("{sql} ORDER BY created_at DESC"))?;
        if let Some(place) = statement.parameter_index(":to")? {
            statement.raw_bind_parameter(place, to)?;
        }
        Ok(statement)
    }

    /// A statement with the conditions bound.
    pub(super) fn statement<'c>(
        &self,
        conn: &'c Connection,
        sql: &str,
    ) -> Result<CachedStatement<'c>> {
        let mut statement = conn.prepare_cached(sql)?;
        let values: &[(&str, &dyn rusqlite::ToSql)] = named_params! {
            ":in": self.session,
            ":from": self.from,
            ":author": self.author,
            ":speaker": self.speaker.map(Role::as_str),
            ":session": self.title,
            ":title": self.titled,
            ":before": self.before,
            ":after": self.after,
            ":role": self.role.map(Role::as_str),
            ":kind": self.kind.map(MessageKind::as_str),
            ":code": self.code,
            ":link": self.link,
        };
        for (name, value) in values {
            if let Some(place) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(place, value)?;
            }
        }
        Ok(statement)
    }
}

/// Key, whether it may be found, time and text of what the index does not have as it is, the last
/// that came first: up to `:most`.
pub(super) fn unindexed_sql() -> String {
    format!(
        "SELECT t.key, ({FILTER}), m.created_at, m.content FROM to_index t
         JOIN messages m ON m.key = t.key LEFT JOIN sessions s ON s.key = m.session
         ORDER BY t.key DESC LIMIT :most"
    )
}

/// The key of what is asked for by its id, and one that no row has when it is not here.
fn key(conn: &Connection, sql: &str, id: Option<&str>) -> Result<Option<i64>> {
    let Some(id) = id else { return Ok(None) };
    let mut statement = conn.prepare_cached(sql)?;
    let key = statement.query_row([id], |row| row.get(0)).optional()?;
    Ok(Some(key.unwrap_or(0)))
}

/// A pattern for any text that contains `part`.
fn like(part: &str) -> String {
    let mut pattern = String::from("%");
    for char in part.chars() {
        if matches!(char, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern.push('%');
    pattern
}
