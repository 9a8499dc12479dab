//! Committed changes, told in commit order.

use std::collections::HashMap;

use rusqlite::Connection;
use tidings_model::Timestamp;

use super::schema::{Table, TableId};
use super::value::Row;
use crate::auth::{Claims, Role};

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was inserted.
    Insert,
    /// It was changed.
    Update,
    /// It was deleted.
    Delete,
}

impl ChangeKind {
    /// `INSERT`, `UPDATE` or `DELETE`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// One committed change of one row. The schema is always [`schema::SCHEMA`].
#[derive(Debug, Clone)]
pub struct Change {
    /// The table; its columns give the names and types to tell.
    pub table: &'static Table,
    /// What happened.
    pub kind: ChangeKind,
    /// The row as it is now; none after a delete.
    pub record: Option<Row>,
    /// The whole row as it was; none after an insert. What of it may be told is the
    /// teller's business.
    pub old_record: Option<Row>,
    /// When its transaction was committed.
    pub commit_timestamp: Timestamp,
    /// Who may see [`Self::record`], as the select policies said at the commit.
    pub audience: Audience,
}

impl Change {
    /// Whether the select policies let `claims` see this row. A deleted row can no longer
    /// be judged: everybody who may read the table at all is told its key.
    pub fn visible_to(&self, claims: &Claims) -> bool {
        match claims.role {
            Role::ServiceRole => true,
            Role::Anon | Role::Other(_) => self.kind == ChangeKind::Delete,
            Role::Authenticated => match &self.audience {
                Audience::SignedIn => true,
                Audience::Users(users) => {
                    self.kind == ChangeKind::Delete
                        || claims.sub.as_ref().is_some_and(|sub| users.contains(sub))
                }
            },
        }
    }
}

/// Who may see a row, the service role aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Every signed-in user.
    SignedIn,
    /// These users.
    Users(Vec<String>),
}

/// Looks audiences up, the people of each session once.
pub(super) struct Audiences<'a> {
    connection: &'a Connection,
    people: HashMap<String, Vec<String>>,
}

impl<'a> Audiences<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            people: HashMap::new(),
        }
    }

    /// Mirrors the select policies of [`super::policy`].
    pub(super) fn of(&mut self, row: &Row) -> rusqlite::Result<Audience> {
        let text = |name: &str| row.get(name).as_str().map(str::to_owned);
        let (session, own) = match row.table.id {
            TableId::Prices => return Ok(Audience::SignedIn),
            TableId::Sessions => (row.key().as_str().map(str::to_owned), text("user_id")),
            TableId::Presence => (text("session_id"), text("user_id")),
            _ => (text("session_id"), None),
        };
        let mut users = match session {
            Some(session) => self.people(session)?,
            None => Vec::new(),
        };
        users.extend(own);
        Ok(Audience::Users(users))
    }

    /// A session's owner and its members.
    fn people(&mut self, session: String) -> rusqlite::Result<Vec<String>> {
        if let Some(known) = self.people.get(&session) {
            return Ok(known.clone());
        }
        let people: Vec<String> = self
            .connection
            .prepare_cached(
                "SELECT user_id FROM chat_sessions WHERE id = ?1 AND user_id IS NOT NULL \
                 UNION SELECT user_id FROM chat_session_members WHERE session_id = ?1",
            )?
            .query_map([&session], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        self.people.insert(session, people.clone());
        Ok(people)
    }
}
