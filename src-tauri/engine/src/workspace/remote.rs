//! Rows of the four tables as the server writes them, and what they become here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;
use tidings_cache::{Column, MemberRow, PartialMessage, PartialSession};
use tidings_model::{
    Decimal, Json, MemberId, MemberRole, MessageId, PresenceStatus, Quote, SessionId, Symbol,
    Timestamp, UserId,
};
use tidings_realtime::Row;

/// Names of the tables.
pub mod table {
    /// Messages.
    pub const MESSAGES: &str = "chat_messages";
    /// Sessions.
    pub const SESSIONS: &str = "chat_sessions";
    /// Presence, one row a user.
    pub const PRESENCE: &str = "user_presence";
    /// Prices.
    pub const PRICES: &str = "crypto_prices";
    /// Who takes part in sessions (members part).
    pub const MEMBERS: &str = "chat_session_members";
    /// Invitations (members part).
    pub const INVITES: &str = "chat_session_invites";
    /// What people are called (members part).
    pub const PROFILES: &str = "chat_profiles";
    /// The view that the members part brings.
    pub const MEMBERS_INFO: &str = "chat_members_info";
    /// Whether there is anything to catch up with (sync part).
    pub const SYNC_DIGEST: &str = "chat_sync_digest";
}

/// A row that cannot be taken in. Nothing of it is kept; the row stays on the server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a row of {table} was left out: {problem}")]
pub struct RowError {
    /// Which table.
    pub table: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// The columns of one row, each as raw JSON.
#[derive(Debug, Default)]
pub struct Fields<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Fields<'a> {
    /// The columns of a row that a REST answer holds.
    pub fn of_answer(row: &'a RawValue, table: &'static str) -> Result<Self, RowError> {
        let columns: BTreeMap<String, &'a RawValue> =
            serde_json::from_str(row.get()).map_err(|error| RowError {
                table,
                problem: error.to_string(),
            })?;
        Ok(Self(
            columns
                .into_iter()
                .map(|(name, raw)| (Cow::Owned(name), raw.get()))
                .collect(),
        ))
    }

    /// The columns of a row that a change frame holds.
    pub fn of_change(row: &'a Row) -> Self {
        Self(
            row.iter()
                .map(|(name, value)| (Cow::Borrowed(name), value.as_str()))
                .collect(),
        )
    }

    fn cell(&self, name: &str) -> Cell<'a> {
        // Of a name that comes twice the last counts.
        let found = self.0.iter().rev().find(|(own, _)| own == name);
        Cell(found.map(|(_, raw)| *raw))
    }
}

/// One column of a row: absent, or its raw JSON.
#[derive(Debug, Clone, Copy)]
struct Cell<'a>(Option<&'a str>);

impl<'a> Cell<'a> {
    /// What the column says; without a copy, unless its text has escapes.
    fn unquoted(self) -> Column<Cow<'a, str>> {
        /// Borrows what it can, as [`Cow`] by itself does not.
        #[derive(Deserialize)]
        struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

        match self.0 {
            None => Column::Absent,
            Some("null") => Column::Null,
            Some(raw) if raw.starts_with('"') => {
                let text = serde_json::from_str(raw).map(|Text(text)| text);
                Column::Value(text.unwrap_or(Cow::Borrowed(raw)))
            }
            // A column that is no text on this project (a bigint key, say) is taken as written.
            Some(raw) => Column::Value(Cow::Borrowed(raw)),
        }
    }

    fn text(self) -> Column<String> {
        match self.unquoted() {
            Column::Absent => Column::Absent,
            Column::Null => Column::Null,
            Column::Value(text) => Column::Value(text.into_owned()),
        }
    }

    fn parsed<T>(self, read: impl FnOnce(&str) -> Result<T, String>) -> Result<Column<T>, String> {
        Ok(match self.unquoted() {
            Column::Absent => Column::Absent,
            Column::Null => Column::Null,
            Column::Value(text) => Column::Value(read(&text)?),
        })
    }

    fn time(self, name: &str) -> Result<Column<Timestamp>, String> {
        self.parsed(|text| text.parse().map_err(|error| format!("{name} is {error}")))
    }

    fn decimal(self, name: &str) -> Result<Option<Decimal>, String> {
        match self.unquoted() {
            Column::Absent | Column::Null => Ok(None),
            Column::Value(text) => text.parse().map(Some).map_err(|e| format!("{name} is {e}")),
        }
    }

    /// An amount that is only shown: one that cannot be read is left out.
    fn shown_decimal(self) -> Option<Decimal> {
        self.decimal("").ok().flatten()
    }

    /// A whole number; one that cannot be read counts as none.
    fn number(self) -> Option<i64> {
        self.unquoted().value().and_then(|text| text.parse().ok())
    }

    fn object(self) -> Column<Json> {
        match self.0 {
            None => Column::Absent,
            Some(raw) => Json::new(raw).map_or(Column::Null, Column::Value),
        }
    }
}

/// Reads a row of `chat_messages`. `truncated`: the server left values out for their size.
pub fn message(row: &Fields<'_>, truncated: bool) -> Result<PartialMessage, RowError> {
    let refused = |problem| RowError {
        table: table::MESSAGES,
        problem,
    };
    let read = || -> Result<PartialMessage, String> {
        Ok(PartialMessage {
            session_id: row
                .cell("session_id")
                .parsed(|t| t.parse().map_err(said::<SessionId>))?,
            user_id: row
                .cell("user_id")
                .parsed(|t| t.parse().map_err(said::<UserId>))?,
            content: row.cell("content").text(),
            role: row.cell("role").text(),
            metadata: row.cell("metadata").object(),
            created_at: row.cell("created_at").time("created_at")?,
            updated_at: row.cell("updated_at").time("updated_at")?,
            status: row.cell("status").text(),
            kind: row.cell("message_type").text(),
            rev: row.cell("rev").number(),
            truncated,
            ..PartialMessage::new(message_key(row.cell("id"))?)
        })
    };
    read().map_err(refused)
}

/// Reads a row of `chat_sessions`. `truncated`: the server left values out for their size.
pub fn session(row: &Fields<'_>, truncated: bool) -> Result<PartialSession, RowError> {
    let refused = |problem| RowError {
        table: table::SESSIONS,
        problem,
    };
    let read = || -> Result<PartialSession, String> {
        Ok(PartialSession {
            user_id: row
                .cell("user_id")
                .parsed(|t| t.parse().map_err(said::<UserId>))?,
            title: row.cell("title").text(),
            status: row.cell("status").text(),
            last_activity: row.cell("last_activity").time("last_activity")?,
            created_at: row.cell("created_at").time("created_at")?,
            updated_at: row.cell("updated_at").time("updated_at")?,
            metadata: row.cell("metadata").object(),
            rev: row.cell("rev").number(),
            truncated,
            ..PartialSession::new(session_key(row.cell("id"))?)
        })
    };
    read().map_err(refused)
}

/// Reads the primary key of a deleted message.
pub fn deleted_message(row: &Fields<'_>) -> Result<MessageId, RowError> {
    message_key(row.cell("id")).map_err(|problem| RowError {
        table: table::MESSAGES,
        problem,
    })
}

/// Reads which session a message is in, whether the rest of the row can be read or not.
pub fn message_session(row: &Fields<'_>) -> Option<SessionId> {
    let text = row.cell("session_id").text().value()?;
    SessionId::new(text).ok()
}

/// Reads the number of a row's last change, where the project gives it.
pub fn revision(row: &Fields<'_>) -> Option<i64> {
    row.cell("rev").number()
}

/// Reads the primary key of a deleted session.
pub fn deleted_session(row: &Fields<'_>) -> Result<SessionId, RowError> {
    session_key(row.cell("id")).map_err(|problem| RowError {
        table: table::SESSIONS,
        problem,
    })
}

/// Reads a row of `chat_session_members`. A role that this version does not know may read.
pub fn member(row: &Fields<'_>) -> Result<MemberRow, RowError> {
    let read = || -> Result<MemberRow, String> {
        let text = |name: &str| {
            let value = row.cell(name).text().value();
            value.ok_or_else(|| format!("it has no {name}"))
        };
        Ok(MemberRow {
            id: text("id")?.parse().map_err(said::<MemberId>)?,
            session: SessionId::new(text("session_id")?).map_err(said::<SessionId>)?,
            user: UserId::new(text("user_id")?).map_err(said::<UserId>)?,
            role: text("role")?.parse().unwrap_or(MemberRole::Reader),
            joined_at: row.cell("joined_at").time("joined_at")?.value(),
        })
    };
    read().map_err(|problem| RowError {
        table: table::MEMBERS,
        problem,
    })
}

/// Reads the primary key of a member whose stay ended.
pub fn ended_member(row: &Fields<'_>) -> Result<MemberId, RowError> {
    let id = row.cell("id").text().value();
    let read = id.ok_or("it has no id".to_owned());
    read.and_then(|id| id.parse().map_err(said::<MemberId>))
        .map_err(|problem| RowError {
            table: table::MEMBERS,
            problem,
        })
}

/// Reads a row of `chat_profiles`: who, and what they are called.
pub fn profile(row: &Fields<'_>) -> Result<(UserId, String), RowError> {
    let read = || -> Result<(UserId, String), String> {
        let text = |name: &str| {
            let value = row.cell(name).text().value();
            value.ok_or_else(|| format!("it has no {name}"))
        };
        let name = tidings_supabase::User::readable_name(&text("display_name")?);
        Ok((
            UserId::new(text("user_id")?).map_err(said::<UserId>)?,
            name.ok_or("its name is blank")?,
        ))
    };
    read().map_err(|problem| RowError {
        table: table::PROFILES,
        problem,
    })
}

/// A row of `crypto_prices`; `last_updated` is what the row says, which need not have moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRow {
    /// The quote; its time is `last_updated`, or the earliest time when the row has none.
    pub quote: Quote,
}

/// Reads a row of `crypto_prices`.
pub fn price(row: &Fields<'_>) -> Result<PriceRow, RowError> {
    let refused = |problem| RowError {
        table: table::PRICES,
        problem,
    };
    let read = || -> Result<PriceRow, String> {
        let symbol = row
            .cell("symbol")
            .text()
            .value()
            .ok_or("it has no symbol")?;
        let price = row
            .cell("price")
            .decimal("price")?
            .ok_or("it has no price")?;
        if !price.is_positive() {
            return Err(format!("the price {price} is not above zero"));
        }
        Ok(PriceRow {
            quote: Quote {
                symbol: Symbol::new(symbol).map_err(said::<Symbol>)?,
                price,
                change_24h: row.cell("change_24h").shown_decimal(),
                change_percentage_24h: row.cell("change_percentage_24h").shown_decimal(),
                market_cap: row.cell("market_cap").shown_decimal(),
                volume_24h: row.cell("volume_24h").shown_decimal(),
                time: row
                    .cell("last_updated")
                    .time("last_updated")?
                    .value()
                    .unwrap_or(Timestamp::MIN),
            },
        })
    };
    read().map_err(refused)
}

/// The time and the id of a row of `crypto_prices`, in the server's own words: its place among rows
/// in the order of both.
pub fn price_place(row: &Fields<'_>) -> Option<(String, String)> {
    let text = |column| row.cell(column).text().value();
    Some((text("last_updated")?, text("id")?))
}

/// A row of `user_presence`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceRow {
    /// Primary key.
    pub user_id: UserId,
    /// `online`, `away` or `offline`; a word that this version does not know counts as offline.
    pub status: PresenceStatus,
    /// When the row was last written.
    pub last_seen: Timestamp,
    /// The session in which the user is writing, if they are.
    pub typing_in: Option<SessionId>,
}

/// Reads a row of `user_presence`.
pub fn presence(row: &Fields<'_>) -> Result<PresenceRow, RowError> {
    let read = || -> Result<PresenceRow, String> {
        let user_id = row
            .cell("user_id")
            .text()
            .value()
            .ok_or("it has no user_id")?;
        let status = row.cell("status").text().value().unwrap_or_default();
        let typing = row.cell("is_typing").text() == Column::Value("true".to_owned());
        let session = row.cell("typing_in_session").text().value();
        Ok(PresenceRow {
            user_id: UserId::new(user_id).map_err(said::<UserId>)?,
            status: status.parse().unwrap_or(PresenceStatus::Offline),
            last_seen: row
                .cell("last_seen")
                .time("last_seen")?
                .value()
                .unwrap_or(Timestamp::MIN),
            typing_in: session
                .filter(|_| typing)
                .and_then(|id| SessionId::new(id).ok()),
        })
    };
    read().map_err(|problem| RowError {
        table: table::PRESENCE,
        problem,
    })
}

fn message_key(id: Cell<'_>) -> Result<MessageId, String> {
    let text = id.text().value().ok_or("it has no id")?;
    text.parse().map_err(said::<MessageId>)
}

fn session_key(id: Cell<'_>) -> Result<SessionId, String> {
    let text = id.text().value().ok_or("it has no id")?;
    SessionId::new(text).map_err(said::<SessionId>)
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn said<T: std::str::FromStr<Err = tidings_model::IdError>>(error: T::Err) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn fields(row: &RawValue) -> Fields<'_> {
        Fields::of_answer(row, "test").unwrap()
    }

    #[test]
    fn a_column_that_is_missing_is_not_a_column_that_is_null() {
        let row =
            raw(r#"{"id":"018f3b6c-0000-7000-8000-000000000001","user_id":null,"extra":[1,2]}"#);
        let message = message(&fields(&row), false).unwrap();
        assert_eq!(message.user_id, Column::Null);
        assert_eq!(message.content, Column::Absent);
    }

    #[test]
    fn a_text_is_read_as_it_is_meant_and_what_is_no_text_as_it_is_written() {
        let as_written = ["9007199254740993", "true", r#"{"a": 1}"#, r#""open"#];
        let texts = [
            (r#""plain""#, "plain"),
            (r#""with \"escapes\" \u00e9""#, "with \"escapes\" é"),
        ];
        for (written, meant) in texts.into_iter().chain(as_written.map(|text| (text, text))) {
            assert_eq!(Cell(Some(written)).text(), Column::Value(meant.to_owned()));
        }
        let plain = Cell(Some(r#""plain""#)).unquoted();
        assert!(matches!(plain, Column::Value(Cow::Borrowed("plain"))));
        assert_eq!(Cell(Some("null")).text(), Column::Null);
        assert_eq!(Cell(None).text(), Column::Absent);
    }

    #[test]
    fn prices_keep_every_digit_of_the_wire() {
        let row = raw(
            r#"{"symbol":"BTC","price":67890.123456789012345678901234567890,"market_cap":9223372036854775807,"change_24h":null,"last_updated":"2026-11-22 10:57:49.685164+00"}"#,
        );
        let quote = price(&fields(&row)).unwrap().quote;
        assert_eq!(
            quote.price.to_string(),
            "67890.123456789012345678901234567890"
        );
        assert_eq!(quote.market_cap.unwrap().to_string(), "9223372036854775807");
        assert_eq!(quote.change_24h, None);
    }

    #[test]
    fn a_row_that_cannot_be_taken_in_says_why() {
        for (text, part) in [
            (r#"{"content":"x"}"#, "no id"),
            (r#"{"id":"not-a-uuid"}"#, "not a UUID"),
            (
                r#"{"id":"018f3b6c-0000-7000-8000-000000000001","created_at":"soon"}"#,
                "created_at",
            ),
        ] {
            let error = message(&fields(&raw(text)), false).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(Fields::of_answer(&raw("[]"), "test").is_err());
        {}
        assert!(price(&fields(&raw(r#"{"symbol":"BTC","price":-1}"#))).is_err());
        assert!(price(&fields(&raw(r#"{"symbol":"BTC","price":"NaN"}"#))).is_err());
    }

    #[test]
    fn metadata_that_is_no_object_reads_as_none() {
        let row = raw(r#"{"id":"018f3b6c-0000-7000-8000-000000000001","metadata":[1]}"#);
        assert_eq!(
            message(&fields(&row), false).unwrap().metadata,
            Column::Null
        );
    }
}
