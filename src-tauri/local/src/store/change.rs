//! Committed changes, told in commit order.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};
use tidings_model::Timestamp;

use super::schema::{self, Table};
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

/// Looks audiences up, each session's owner once.
pub(super) struct Audiences<'a> {
    connection: &'a Connection,
    owners: HashMap<String, Option<String>>,
}

impl<'a> Audiences<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            owners: HashMap::new(),
        }
    }

    /// Mirrors the select policies of [`super::policy`].
    pub(super) fn of(&mut self, row: &Row) -> rusqlite::Result<Audience> {
        let user = row.get("user_id").as_str().map(str::to_owned);
        let users = match row.table.name {
            name if name == schema::CRYPTO_PRICES.name => return Ok(Audience::SignedIn),
            name if name == schema::CHAT_SESSIONS.name => user.into_iter().collect(),
            name => {
                let owner = match row.get("session_id").as_str() {
                    Some(session) => self.owner(session)?,
                    None => None,
                };
                let own = user.filter(|_| name == schema::USER_PRESENCE.name);
                owner.into_iter().chain(own).collect()
            }
        };
        Ok(Audience::Users(users))
    }

    fn owner(&mut self, session: &str) -> rusqlite::Result<Option<String>> {
        if let Some(known) = self.owners.get(session) {
            return Ok(known.clone());
        }
        let owner: Option<String> = self
            .connection
            .prepare_cached("SELECT user_id FROM chat_sessions WHERE id = ?1")?
            .query_row([session], |row| row.get(0))
            .optional()?
            .flatten();
        self.owners.insert(session.to_owned(), owner.clone());
        Ok(owner)
    }
}
