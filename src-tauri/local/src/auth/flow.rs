//! Sign-ins by a provider that are under way.

use rusqlite::{Connection, OptionalExtension, Row, params};
use tidings_model::Timestamp;
use url::Url;
use uuid::Uuid;

/// How long the provider has to answer, and then the client to exchange the code, in
/// microseconds.
const LIFETIME: i64 = 300_000_000;

/// How a challenge follows from its verifier (RFC 7636, section 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By SHA-256 and base64url.
    S256,
    /// It is the verifier.
    Plain,
}

/// One sign-in by a provider.
#[derive(Debug, Clone)]
pub struct Flow {
    /// The `state` that the provider gives back.
    pub id: String,
    /// The provider's name.
    pub provider: String,
    /// Where the browser goes in the end.
    pub redirect_to: String,
    /// What the verifier must fit; a client without one gets its session in the fragment.
    pub challenge: Option<(String, Method)>,
    expires_at: Timestamp,
}

const COLUMNS: &str = "id, provider, redirect_to, challenge, method, expires_at";

impl Method {
    /// The method called `name`.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "s256" => Some(Self::S256),
            "plain" => Some(Self::Plain),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::S256 => "s256",
            Self::Plain => "plain",
        }
    }
}

impl Flow {
    /// One that begins now.
    pub fn new(
        provider: String,
        redirect_to: Url,
        challenge: Option<(String, Method)>,
        now: Timestamp,
    ) -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            provider,
            redirect_to: redirect_to.into(),
            challenge,
            expires_at: end(now),
        }
    }

    /// The one under way with this `state`; one whose provider has answered is none.
    pub fn by_id(connection: &Connection, id: &str) -> rusqlite::Result<Option<Self>> {
        let sql = format!("SELECT {COLUMNS} FROM auth_flows WHERE id = ?1 AND code IS NULL");
        connection.query_row(&sql, [id], Self::read).optional()
    }

    /// The one whose provider has granted this code, and the user's id.
    pub fn by_code(
        connection: &Connection,
        code: &str,
    ) -> rusqlite::Result<Option<(Self, String)>> {
        let sql = format!("SELECT {COLUMNS}, user_id FROM auth_flows WHERE code = ?1");
        connection
            .query_row(&sql, [code], |row| Ok((Self::read(row)?, row.get(6)?)))
            .optional()
    }

    /// Whether it took too long.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// Stores a new one, and forgets those that were given up a day ago.
    pub fn save(&self, connection: &Connection) -> rusqlite::Result<()> {
        const DAY: i64 = 86_400_000_000;
        connection.execute(
            "DELETE FROM auth_flows WHERE expires_at < ?1",
            [self.expires_at.as_micros().saturating_sub(DAY)],
        )?;
        connection.execute(
            "INSERT INTO auth_flows (id, provider, redirect_to, challenge, method, expires_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                self.id,
                self.provider,
                self.redirect_to,
                self.challenge.as_ref().map(|(challenge, _)| challenge),
                self.challenge.as_ref().map(|(_, method)| method.name()),
                self.expires_at.as_micros()
            ],
        )?;
        Ok(())
    }

    /// The provider said yes: the code can be exchanged from now on.
    pub fn grant(
        &self,
        connection: &Connection,
        user: &str,
        code: &str,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        connection.execute(
            "UPDATE auth_flows SET code = ?2, user_id = ?3, expires_at = ?4 WHERE id = ?1",
            params![self.id, code, user, end(now).as_micros()],
        )?;
        Ok(())
    }

    /// Ends it.
    pub fn delete(connection: &Connection, id: &str) -> rusqlite::Result<()> {
        connection.execute("DELETE FROM auth_flows WHERE id = ?1", [id])?;
        Ok(())
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (challenge, method): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
        let method = method.as_deref().and_then(Method::named);
        Ok(Self {
            id: row.get(0)?,
            provider: row.get(1)?,
            redirect_to: row.get(2)?,
            challenge: challenge.zip(method),
            expires_at: Timestamp::from_micros(row.get(5)?),
        })
    }
}

fn end(now: Timestamp) -> Timestamp {
    Timestamp::from_micros(now.as_micros().saturating_add(LIFETIME))
}
