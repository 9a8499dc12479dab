//! From columns to the model's types.
//!
//! A word that this version does not know is mapped to the nearest harmless one; what is
//! stored stays as the server wrote it.

use std::error::Error;

use rusqlite::types::Type;
use rusqlite::{Result, Row};
use tidings_model::{
    Decimal, Json, MemberRole, MessageId, MessageKind, MessageStatus, Role, RuleId, SessionId,
    SessionStatus, Symbol, Timestamp, UserId,
};

use crate::types::chat::Notify;
use crate::types::prices::PriceGap;

pub(crate) fn session_id(row: &Row<'_>, column: usize) -> Result<SessionId> {
    SessionId::new(row.get::<_, String>(column)?).map_err(|error| refused(column, error))
}

pub(crate) fn user_id(row: &Row<'_>, column: usize) -> Result<UserId> {
    UserId::new(row.get::<_, String>(column)?).map_err(|error| refused(column, error))
}

pub(crate) fn optional_user_id(row: &Row<'_>, column: usize) -> Result<Option<UserId>> {
    // An empty id names nobody.
    Ok(row
        .get::<_, Option<String>>(column)?
        .and_then(|text| UserId::new(text).ok()))
}

pub(crate) fn symbol(row: &Row<'_>, column: usize) -> Result<Symbol> {
    Symbol::new(row.get::<_, String>(column)?).map_err(|error| refused(column, error))
}

pub(crate) fn message_id(row: &Row<'_>, column: usize) -> Result<MessageId> {
    Ok(MessageId::from_uuid(uuid::Uuid::from_bytes(
        row.get(column)?,
    )))
}

/// Which messages notify, from the columns `muted` and `mentions`.
pub(crate) fn notify(row: &Row<'_>, muted: usize, mentions: usize) -> Result<Notify> {
    Ok(match (row.get(muted)?, row.get(mentions)?) {
        (true, _) => Notify::Muted,
        (false, true) => Notify::Mentions,
        (false, false) => Notify::All,
    })
}

pub(crate) fn rule_id(row: &Row<'_>, column: usize) -> Result<RuleId> {
    Ok(RuleId::from_uuid(uuid::Uuid::from_bytes(row.get(column)?)))
}

pub(crate) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Ok(Timestamp::from_micros(row.get(column)?))
}

pub(crate) fn optional_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(row
        .get::<_, Option<i64>>(column)?
        .map(Timestamp::from_micros))
}

pub(crate) fn decimal(row: &Row<'_>, column: usize) -> Result<Decimal> {
    row.get_ref(column)?
        .as_str()?
        .parse()
        .map_err(|error| refused(column, error))
}

pub(crate) fn optional_decimal(row: &Row<'_>, column: usize) -> Result<Option<Decimal>> {
    match row.get_ref(column)?.as_str_or_null()? {
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|error| refused(column, error)),
        None => Ok(None),
    }
}

/// A JSON object; a column without one reads as the empty object.
pub(crate) fn json(row: &Row<'_>, column: usize) -> Result<Json> {
    Ok(row
        .get::<_, Option<String>>(column)?
        .and_then(|text| Json::new(text).ok())
        .unwrap_or_default())
}

/// None where nothing, or nothing that can be read, is kept.
pub(crate) fn optional_json(row: &Row<'_>, column: usize) -> Result<Option<Json>> {
    let text = row.get::<_, Option<String>>(column)?;
    Ok(text.and_then(|text| Json::new(text).ok()))
}

/// None unless both ends are kept.
pub(crate) fn gap(row: &Row<'_>, from: usize, until: usize) -> Result<Option<PriceGap>> {
    let ends: (Option<i64>, Option<i64>) = (row.get(from)?, row.get(until)?);
    Ok(match ends {
        (Some(from), Some(until)) => Some(PriceGap {
            from: Timestamp::from_micros(from),
            until: Timestamp::from_micros(until),
        }),
        _ => None,
    })
}

pub(crate) fn role(row: &Row<'_>, column: usize) -> Result<Role> {
    Ok(word(row, column)?.unwrap_or(Role::System))
}

/// None where nothing is known; a word that this version does not know may read at least.
pub(crate) fn member_role(row: &Row<'_>, column: usize) -> Result<Option<MemberRole>> {
    let told = row.get_ref(column)?.as_str_or_null()?;
    Ok(told.map(|word| word.parse().unwrap_or(MemberRole::Reader)))
}

pub(crate) fn message_status(row: &Row<'_>, column: usize) -> Result<MessageStatus> {
    Ok(word(row, column)?.unwrap_or(MessageStatus::Delivered))
}

pub(crate) fn message_kind(row: &Row<'_>, column: usize) -> Result<MessageKind> {
    Ok(word(row, column)?.unwrap_or(MessageKind::Text))
}

pub(crate) fn session_status(row: &Row<'_>, column: usize) -> Result<SessionStatus> {
    Ok(word(row, column)?.unwrap_or(SessionStatus::Active))
}

fn word<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> Result<Option<T>> {
    Ok(row
        .get_ref(column)?
        .as_str_or_null()?
        .and_then(|word| word.parse().ok()))
}

/// A column that does not hold what this crate wrote.
pub(crate) fn refused(column: usize, error: impl Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
