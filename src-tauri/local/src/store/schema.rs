//! What tables are: types, columns, grants. The tables themselves are in [`tables`].

/// The type of a column, named after PostgreSQL's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `uuid`
    Uuid,
    /// `text`
    Text,
    /// `jsonb`
    Json,
    /// `timestamptz`
    Time,
    /// `boolean`
    Bool,
    /// `numeric`
    Numeric,
    /// `bigint`
    BigInt,
}

impl Kind {
    /// The name in the system catalogue, as Realtime tells it (`timestamptz`, `int8`).
    pub const fn catalog_name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Text => "text",
            Self::Json => "jsonb",
            Self::Time => "timestamptz",
            Self::Bool => "bool",
            Self::Numeric => "numeric",
            Self::BigInt => "int8",
        }
    }

    /// The name in PostgreSQL's messages (`timestamp with time zone`, `bigint`).
    pub const fn sql_name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Text => "text",
            Self::Json => "jsonb",
            Self::Time => "timestamp with time zone",
            Self::Bool => "boolean",
            Self::Numeric => "numeric",
            Self::BigInt => "bigint",
        }
    }
}

/// What a column holds when an insert does not name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue {
    /// NULL.
    Null,
    /// A random UUID.
    Uuid,
    /// The start of the transaction.
    Now,
    /// A text.
    Text(&'static str),
    /// `{}`
    EmptyObject,
    /// `false`
    False,
    /// `0`
    Zero,
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it refuses NULL.
    pub not_null: bool,
    /// What it holds by default.
    pub default: DefaultValue,
    /// The values its CHECK admits; empty when it has none.
    pub allowed: &'static [&'static str],
    /// How many characters its CHECK admits at least and at most.
    pub length: Option<(usize, usize)>,
}

/// One table or view; the first column is its primary key, or the first part of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name in the schema `public`.
    pub name: &'static str,
    /// Its columns in order.
    pub columns: &'static [Column],
    /// Which of them it is.
    pub id: TableId,
    /// What is granted on it; policies say the rest.
    pub grants: Grants,
    /// Whether its changes are told live.
    pub published: bool,
}

/// Which table or view it is, with whichever columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableId {
    /// `chat_sessions`
    Sessions,
    /// `chat_messages`
    Messages,
    /// `user_presence`
    Presence,
    /// `crypto_prices`
    Prices,
    /// `chat_sync_heads`
    Heads,
    /// `chat_tombstones`
    Tombstones,
    /// `chat_sync_digest`
    Digest,
    /// `chat_session_members`
    Members,
    /// `chat_session_invites`
    Invites,
    /// `chat_profiles`
    Profiles,
    /// `chat_members_info`
    MembersInfo,
}

/// Which verbs besides reading are granted on a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grants {
    /// All, to everybody.
    All,
    /// None, to nobody: only the server itself writes.
    Read,
    /// To the service role all; to the others deleting, and updates of these columns.
    Few(&'static [&'static str]),
}

impl Table {
    /// Whether it is one of the four that every project has.
    pub const fn is_basic(&self) -> bool {
        matches!(
            self.id,
            TableId::Sessions | TableId::Messages | TableId::Presence | TableId::Prices
        )
    }

    /// The primary key's column.
    pub fn key(&self) -> &'static Column {
        &self.columns[0]
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Where the column called `name` stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

pub use super::tables::*;
