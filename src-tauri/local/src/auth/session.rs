//! Sessions: access tokens, and refresh tokens that rotate.
//!
//! A refresh token is an HMAC of its session and number under the server's secret, so the
//! active one can be told again without being stored; the database holds hashes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tidings_model::Timestamp;
use uuid::Uuid;

use super::error::AuthError;
use super::token;
use super::user::User;
use crate::options::Secret;
use crate::state::AppState;
use crate::store::{StoreError, WriteTx};

/// A signed-in session as `/token` tells it.
#[derive(Debug, Clone, Serialize)]
pub struct Session {
    /// The JWT for REST and Realtime.
    pub access_token: Secret,
    /// Always `bearer`.
    pub token_type: &'static str,
    /// Seconds the access token lives from now on.
    pub expires_in: u64,
    /// When it ends, in seconds since 1970 by the server's clock.
    pub expires_at: i64,
    /// Buys the next session state, once.
    pub refresh_token: Secret,
    /// The user.
    pub user: Value,
}

/// What issuing tokens takes, apart from the database.
#[derive(Clone)]
pub struct Issuer {
    secret: Secret,
    url: String,
    lifetime: u64,
    reuse_micros: i64,
}

/// A session's row, as far as its tokens tell it.
struct Kept {
    id: String,
    user: String,
    method: String,
    signed_in: Timestamp,
    /// When a code of a second factor was shown; the factor is still there.
    factor_at: Option<Timestamp>,
}

/// What a refresh came to. A reused token ends its session, which must be committed.
pub enum Refreshed {
    /// The next state.
    Session(Box<Session>),
    /// The reason why there is none.
    Refused(AuthError),
}

impl Issuer {
    /// As the server is set up.
    pub fn of(state: &AppState) -> Self {
        let reuse = state.behaviour().auth.reuse_interval.as_micros();
        Self {
            secret: Secret::new(state.keys().jwt_secret()),
            url: format!("{}/auth/v1", state.url()),
            lifetime: state.hooks().token_lifetime().as_secs(),
            reuse_micros: i64::try_from(reuse).unwrap_or(i64::MAX),
        }
    }

    /// Opens a session for `user`, who signed in by `method` (`password`, `otp`, `oauth`).
    pub fn open(
        &self,
        tx: &WriteTx<'_>,
        user: &mut User,
        method: &str,
    ) -> Result<Session, StoreError> {
        let now = tx.now();
        user.last_sign_in_at = Some(now);
        user.save(tx.connection())?;
        let id = Uuid::new_v4().to_string();
        tx.connection()
            .prepare_cached(
                "INSERT INTO auth_sessions (id, user_id, method, signed_in_at, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?4)",
            )?
            .execute(params![id, user.id, method, now.as_micros()])?;
        self.add_refresh_token(tx, &id, 1)?;
        let kept = Kept {
            id,
            user: user.id.clone(),
            method: method.to_owned(),
            signed_in: now,
            factor_at: None,
        };
        Ok(self.session(user, &kept, now, 1))
    }

    /// Goes on with a session whose user has shown a code of `factor`. Earlier refresh tokens
    /// are gone: one that was bought with less must not buy the session with two factors.
    pub fn add_factor(
        &self,
        tx: &WriteTx<'_>,
        session: &str,
        factor: &str,
    ) -> Result<Session, AuthError> {
        let (connection, now) = (tx.connection(), tx.now());
        connection.execute(
            "UPDATE auth_sessions SET factor_id = ?2, factor_at = ?3 WHERE id = ?1",
            params![session, factor, now.as_micros()],
        )?;
        let kept = Kept::by_id(connection, session)?;
        let next = active(connection, session)? + 1;
        connection.execute(
            "DELETE FROM auth_refresh_tokens WHERE session_id = ?1",
            [session],
        )?;
        self.add_refresh_token(tx, session, next)?;
        let user = User::by_id(connection, &kept.user)?
            .ok_or_else(|| AuthError::forbidden("user_not_found", "User not found"))?;
        Ok(self.session(&user, &kept, now, next))
    }

    /// Exchanges a refresh token.
    pub fn refresh(&self, tx: &WriteTx<'_>, given: &str) -> Result<Refreshed, AuthError> {
        let connection = tx.connection();
        let now = tx.now();
        let found: Option<(String, i64, Option<i64>)> = connection
            .prepare_cached(
                "SELECT session_id, counter, used_at FROM auth_refresh_tokens WHERE hash = ?1",
            )?
            .query_row([hash(given)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((session, counter, used_at)) = found else {
            return Ok(Refreshed::Refused(AuthError::bad_request(
                "refresh_token_not_found",
                "Invalid Refresh Token: Refresh Token Not Found",
            )));
        };
        let kept = Kept::by_id(connection, &session)?;
        let active = active(connection, &session)?;
        let next = match used_at {
            None => {
                connection.execute(
                    "UPDATE auth_refresh_tokens SET used_at = ?2 WHERE session_id = ?1 AND \
                     counter = ?3",
                    params![session, now.as_micros(), counter],
                )?;
                self.add_refresh_token(tx, &session, counter + 1)?;
                counter + 1
            }
            // The answer to the last exchange may have been lost: tell it again.
            Some(_) if counter + 1 == active => active,
            Some(used) if now.as_micros().saturating_sub(used) <= self.reuse_micros => active,
            Some(_) => {
                end_one(connection, &session)?;
                return Ok(Refreshed::Refused(AuthError::bad_request(
                    "refresh_token_already_used",
                    "Invalid Refresh Token: Already Used",
                )));
            }
        };
        let Some(user) = User::by_id(connection, &kept.user)? else {
            return Ok(Refreshed::Refused(AuthError::bad_request(
                "user_not_found",
                "Invalid Refresh Token: User Not Found",
            )));
        };
        let told = self.session(&user, &kept, now, next);
        Ok(Refreshed::Session(Box::new(told)))
    }

    fn add_refresh_token(
        &self,
        tx: &WriteTx<'_>,
        session: &str,
        counter: i64,
    ) -> Result<(), StoreError> {
        tx.connection()
            .prepare_cached(
                "INSERT INTO auth_refresh_tokens (hash, session_id, counter, created_at) \
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                hash(&self.refresh_token(session, counter)),
                session,
                counter,
                tx.now().as_micros()
            ])?;
        Ok(())
    }

    /// Twelve characters, as long as Auth's own.
    fn refresh_token(&self, session: &str, counter: i64) -> String {
        let mac = token::keyed_hash(
            self.secret.reveal(),
            format!("{session}:{counter}").as_bytes(),
        );
        URL_SAFE_NO_PAD.encode(&mac[..9])
    }

    fn session(&self, user: &User, kept: &Kept, now: Timestamp, counter: i64) -> Session {
        let seconds = |at: Timestamp| at.as_micros().div_euclid(1_000_000);
        let issued = seconds(now);
        let expires_at = issued.saturating_add_unsigned(self.lifetime);
        let told = user.to_json();
        // The newest first.
        let mut methods = vec![json!({
            "method": kept.method,
            "timestamp": seconds(kept.signed_in),
        })];
        if let Some(at) = kept.factor_at {
            methods.insert(0, json!({"method": "totp", "timestamp": seconds(at)}));
        }
        let claims = json!({
            "iss": self.url,
            "sub": user.id,
            "aud": "authenticated",
            "exp": expires_at,
            "iat": issued,
            "email": told["email"],
            "phone": told["phone"],
            "app_metadata": told["app_metadata"],
            "user_metadata": told["user_metadata"],
            "role": "authenticated",
            "aal": if kept.factor_at.is_some() { "aal2" } else { "aal1" },
            "amr": methods,
            "session_id": kept.id,
            "is_anonymous": false,
        });
        Session {
            access_token: Secret::new(token::sign(self.secret.reveal(), &claims)),
            token_type: "bearer",
            expires_in: self.lifetime,
            expires_at,
            refresh_token: Secret::new(self.refresh_token(&kept.id, counter)),
            user: told,
        }
    }
}

impl Kept {
    fn by_id(connection: &Connection, id: &str) -> rusqlite::Result<Self> {
        connection
            .prepare_cached(
                "SELECT user_id, method, signed_in_at, \
                 CASE WHEN factor_id IS NOT NULL THEN factor_at END \
                 FROM auth_sessions WHERE id = ?1",
            )?
            .query_row([id], |row| {
                Ok(Self {
                    id: id.to_owned(),
                    user: row.get(0)?,
                    method: row.get(1)?,
                    signed_in: Timestamp::from_micros(row.get(2)?),
                    factor_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_micros),
                })
            })
    }
}

/// The number of the newest refresh token.
fn active(connection: &Connection, session: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT max(counter) FROM auth_refresh_tokens WHERE session_id = ?1")?
        .query_row([session], |row| row.get(0))
}

/// Whether a code of a second factor was shown in this session, and the factor is still there.
pub fn has_factor(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM auth_sessions WHERE id = ?1 AND factor_id IS NOT NULL")?
        .query_row([id], |_| Ok(()))
        .optional()?
        .is_some())
}

/// Ends the sessions of a user in which no code of a second factor was shown.
pub fn end_without_factor(connection: &Connection, user: &str) -> rusqlite::Result<usize> {
    connection.execute(
        "DELETE FROM auth_sessions WHERE user_id = ?1 AND factor_id IS NULL",
        [user],
    )
}

/// Whether the session is still there.
pub fn exists(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM auth_sessions WHERE id = ?1")?
        .query_row([id], |_| Ok(()))
        .optional()?
        .is_some())
}

/// When the session began, if it is still there.
pub fn began(connection: &Connection, id: &str) -> rusqlite::Result<Option<Timestamp>> {
    connection
        .prepare_cached("SELECT created_at FROM auth_sessions WHERE id = ?1")?
        .query_row([id], |row| row.get(0).map(Timestamp::from_micros))
        .optional()
}

/// Ends one session.
pub fn end_one(connection: &Connection, id: &str) -> rusqlite::Result<usize> {
    connection.execute("DELETE FROM auth_sessions WHERE id = ?1", [id])
}

/// Ends the sessions of a user, all of them or all but one.
pub fn end_all(connection: &Connection, user: &str, but: Option<&str>) -> rusqlite::Result<usize> {
    connection.execute(
        "DELETE FROM auth_sessions WHERE user_id = ?1 AND id IS NOT ?2",
        params![user, but],
    )
}

fn hash(refresh_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(refresh_token.as_bytes()))
}
