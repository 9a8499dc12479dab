//! Second factors and their rows.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};
use tidings_model::Timestamp;
use uuid::Uuid;

use super::totp;
use crate::options::Secret;

/// Wrong codes that a factor takes within [`WRONG_WINDOW`] (RFC 6238 refers to RFC 4226,
/// section 7.3: a guess must not be repeated at will).
const MOST_WRONG: i64 = 10;
/// In microseconds.
const WRONG_WINDOW: i64 = 300_000_000;
/// How long a challenge may be answered, in microseconds.
const CHALLENGE: i64 = 300_000_000;
/// How long it is known that a challenge is over, in microseconds.
const FORGOTTEN: i64 = 86_400_000_000;

/// One factor of a user: an authenticator app.
#[derive(Debug, Clone)]
pub struct Factor {
    /// The id.
    pub id: String,
    /// What the user calls it; no two of a user are called the same.
    pub name: Option<String>,
    /// Whether a code has proved that the user has it.
    pub verified: bool,
    secret: Secret,
    last_step: Option<i64>,
    last_challenged_at: Option<Timestamp>,
    wrong: i64,
    wrong_since: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// What became of an answer to a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The right code; the challenge is used up.
    Right,
    /// A wrong code, or one that was used before.
    Wrong,
    /// Too many wrong ones before.
    TooMany,
    /// The factor has no such challenge.
    NoChallenge,
    /// The challenge was answered before.
    Used,
    /// The challenge is too old.
    Expired,
}

/// A challenge that waits for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The id.
    pub id: String,
    /// Until when it may be answered.
    pub expires_at: Timestamp,
}

const COLUMNS: &str = "id, name, verified, secret, last_step, last_challenged_at, wrong, \
    wrong_since, created_at, updated_at";

impl Factor {
    /// Makes an unverified one with a new secret.
    pub fn enrol(
        connection: &Connection,
        user: &str,
        name: Option<&str>,
        now: Timestamp,
    ) -> rusqlite::Result<(Self, Secret)> {
        let factor = Self {
            id: Uuid::new_v4().to_string(),
            name: name.map(str::to_owned),
            verified: false,
            secret: totp::new_secret(),
            last_step: None,
            last_challenged_at: None,
            wrong: 0,
            wrong_since: now.as_micros(),
            created_at: now,
            updated_at: now,
        };
        connection.execute(
            "INSERT INTO auth_factors (id, user_id, name, secret, verified, wrong, wrong_since, \
             created_at, updated_at) VALUES (?1, ?2, ?3, ?4, 0, 0, ?5, ?5, ?5)",
            params![
                factor.id,
                user,
                factor.name,
                factor.secret.reveal(),
                now.as_micros()
            ],
        )?;
        let secret = factor.secret.clone();
        Ok((factor, secret))
    }

    /// All of a user, the oldest first.
    pub fn of_user(connection: &Connection, user: &str) -> rusqlite::Result<Vec<Self>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM auth_factors WHERE user_id = ?1 ORDER BY created_at, id"
        );
        connection
            .prepare_cached(&sql)?
            .query_map([user], Self::read)?
            .collect()
    }

    /// Removes one, with its challenges; sessions that rest on it fall back to one factor.
    pub fn delete(connection: &Connection, id: &str) -> rusqlite::Result<()> {
        connection.execute("DELETE FROM auth_factors WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Removes those of a user that were never verified.
    pub fn delete_unverified(connection: &Connection, user: &str) -> rusqlite::Result<()> {
        connection.execute(
            "DELETE FROM auth_factors WHERE user_id = ?1 AND verified = 0",
            [user],
        )?;
        Ok(())
    }

    /// Asks for a code.
    pub fn challenge(
        &self,
        connection: &Connection,
        now: Timestamp,
    ) -> rusqlite::Result<Challenge> {
        let challenge = Challenge {
            id: Uuid::new_v4().to_string(),
            expires_at: Timestamp::from_micros(now.as_micros().saturating_add(CHALLENGE)),
        };
        connection.execute(
            "DELETE FROM auth_challenges WHERE factor_id = ?1 AND expires_at < ?2",
            params![self.id, now.as_micros().saturating_sub(FORGOTTEN)],
        )?;
        connection.execute(
            "INSERT INTO auth_challenges (id, factor_id, expires_at, used) VALUES (?1, ?2, ?3, 0)",
            params![challenge.id, self.id, challenge.expires_at.as_micros()],
        )?;
        connection.execute(
            "UPDATE auth_factors SET last_challenged_at = ?2 WHERE id = ?1",
            params![self.id, now.as_micros()],
        )?;
        Ok(challenge)
    }

    /// Takes a code as the answer to a challenge. A wrong one is counted, so the transaction
    /// must be committed whatever comes out.
    pub fn answer(
        &self,
        connection: &Connection,
        challenge: &str,
        code: &str,
        now: Timestamp,
    ) -> rusqlite::Result<Answer> {
        let found: Option<(i64, bool)> = connection
            .query_row(
                "SELECT expires_at, used FROM auth_challenges WHERE id = ?1 AND factor_id = ?2",
                [challenge, &self.id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((expires_at, used)) = found else {
            return Ok(Answer::NoChallenge);
        };
        if used {
            return Ok(Answer::Used);
        }
        if expires_at <= now.as_micros() {
            connection.execute("DELETE FROM auth_challenges WHERE id = ?1", [challenge])?;
            return Ok(Answer::Expired);
        }
        let over = now.as_micros().saturating_sub(self.wrong_since) >= WRONG_WINDOW;
        let (wrong, since) = if over {
            (0, now.as_micros())
        } else {
            (self.wrong, self.wrong_since)
        };
        if wrong >= MOST_WRONG {
            return Ok(Answer::TooMany);
        }
        let Some(step) = totp::step_of(&self.secret, code, now, self.last_step) else {
            connection.execute(
                "UPDATE auth_factors SET wrong = ?2, wrong_since = ?3 WHERE id = ?1",
                params![self.id, wrong + 1, since],
            )?;
            return Ok(Answer::Wrong);
        };
        connection.execute(
            "UPDATE auth_challenges SET used = 1 WHERE id = ?1",
            [challenge],
        )?;
        connection.execute(
            "UPDATE auth_factors SET verified = 1, last_step = ?2, wrong = 0, \
             updated_at = CASE WHEN verified THEN updated_at ELSE ?3 END WHERE id = ?1",
            params![self.id, step, now.as_micros()],
        )?;
        Ok(Answer::Right)
    }

    /// As clients read it.
    pub fn to_json(&self) -> Value {
        let mut told = json!({
            "id": self.id,
            "factor_type": "totp",
            "status": if self.verified { "verified" } else { "unverified" },
            "created_at": self.created_at.to_string(),
            "updated_at": self.updated_at.to_string(),
        });
        if let Some(name) = &self.name {
            told["friendly_name"] = json!(name);
        }
        if let Some(at) = self.last_challenged_at {
            told["last_challenged_at"] = json!(at.to_string());
        }
        told
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            verified: row.get(2)?,
            secret: Secret::new(row.get::<_, String>(3)?),
            last_step: row.get(4)?,
            last_challenged_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_micros),
            wrong: row.get(6)?,
            wrong_since: row.get(7)?,
            created_at: Timestamp::from_micros(row.get(8)?),
            updated_at: Timestamp::from_micros(row.get(9)?),
        })
    }
}
