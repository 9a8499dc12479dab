//! Typed values: read from JSON and text as PostgreSQL reads them, written as PostgREST
//! and Realtime write them.

use std::cmp::Ordering;

use rusqlite::ToSql;
use rusqlite::types::{FromSqlError, ToSqlOutput, ValueRef};
use serde_json::value::RawValue;
use tidings_model::{Decimal, Timestamp};
use uuid::Uuid;

use super::error::PgError;
use super::json;
use super::schema::{Column, DefaultValue, Kind, Table};

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// `text`
    Text(String),
    /// `uuid`
    Uuid(Uuid),
    /// `jsonb`, as its canonical text.
    Json(String),
    /// `timestamptz`
    Time(Timestamp),
    /// `boolean`
    Bool(bool),
    /// `numeric`, the written scale kept.
    Numeric(Decimal),
    /// `bigint`
    Int(i64),
}

impl Value {
    /// Whether this is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a `text` value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What `column` holds by default, in a transaction that began at `now`.
    pub fn default_of(column: &Column, now: Timestamp) -> Self {
        match column.default {
            DefaultValue::Null => Self::Null,
            DefaultValue::Uuid => Self::Uuid(Uuid::new_v4()),
            DefaultValue::Now => Self::Time(now),
            DefaultValue::Text(text) => Self::Text(text.to_owned()),
            DefaultValue::EmptyObject => Self::Json("{}".to_owned()),
            DefaultValue::False => Self::Bool(false),
            DefaultValue::Zero if column.kind == Kind::BigInt => Self::Int(0),
            DefaultValue::Zero => Self::Numeric(Decimal::zero()),
        }
    }

    /// Reads the text form; `now` is what the word `now` means.
    pub fn from_text(kind: Kind, text: &str, now: Timestamp) -> Result<Self, PgError> {
        let refused = || PgError::invalid_text(kind, text);
        match kind {
            Kind::Text => {
                if text.contains('\0') {
                    return Err(PgError::new(
                        "22P05",
                        "unsupported Unicode escape sequence".to_owned(),
                    )
                    .with_details("\\u0000 cannot be converted to text."));
                }
                Ok(Self::Text(text.to_owned()))
            }
            Kind::Uuid if text.starts_with("urn:") => Err(refused()),
            Kind::Uuid => Uuid::parse_str(text).map(Self::Uuid).map_err(|_| refused()),
            Kind::Json => {
                let raw: &RawValue = serde_json::from_str(text).map_err(|_| refused())?;
                json::canonical(raw).map(Self::Json).map_err(|_| refused())
            }
            Kind::Time => time_from_text(text.trim(), now).map(Self::Time),
            Kind::Bool => bool_from_text(text.trim())
                .map(Self::Bool)
                .ok_or_else(refused),
            Kind::Numeric => text
                .trim()
                .parse()
                .map(Self::Numeric)
                .map_err(|_| refused()),
            Kind::BigInt => {
                let text = text.trim();
                text.parse().map(Self::Int).map_err(|_| {
                    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
                    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                        PgError::new(
                            "22003",
                            format!("value \"{text}\" is out of range for type bigint"),
                        )
                    } else {
                        refused()
                    }
                })
            }
        }
    }

    /// Reads a JSON value as `json_to_recordset` does: `null` is NULL, a string is the text
    /// form, and anything else is its own text.
    pub fn from_json(kind: Kind, raw: &RawValue, now: Timestamp) -> Result<Self, PgError> {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'n') => Ok(Self::Null),
            _ if kind == Kind::Json => json::canonical(raw)
                .map(Self::Json)
                .map_err(|_| PgError::invalid_text(kind, text)),
            Some(b'"') => {
                let plain: String =
                    serde_json::from_str(text).map_err(|_| PgError::invalid_text(kind, text))?;
                Self::from_text(kind, &plain, now)
            }
            _ => Self::from_text(kind, text, now),
        }
    }

    /// Reads what the database holds.
    pub(crate) fn from_sql(kind: Kind, held: ValueRef<'_>) -> Result<Self, FromSqlError> {
        if matches!(held, ValueRef::Null) {
            return Ok(Self::Null);
        }
        Ok(match kind {
            Kind::Text => Self::Text(held.as_str()?.to_owned()),
            Kind::Json => Self::Json(held.as_str()?.to_owned()),
            Kind::Uuid => Self::Uuid(
                Uuid::parse_str(held.as_str()?).map_err(|e| FromSqlError::Other(Box::new(e)))?,
            ),
            Kind::Time => Self::Time(Timestamp::from_micros(held.as_i64()?)),
            Kind::Bool => Self::Bool(held.as_i64()? != 0),
            Kind::Numeric => Self::Numeric(
                held.as_str()?
                    .parse()
                    .map_err(|e| FromSqlError::Other(Box::new(e)))?,
            ),
            Kind::BigInt => Self::Int(held.as_i64()?),
        })
    }

    /// Appends the JSON form: numbers exact, times with offset and trimmed fraction.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Json(text) => out.push_str(text),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Numeric(value) => out.push_str(&value.to_string()),
            Self::Int(value) => out.push_str(&value.to_string()),
            Self::Text(text) => json::push_string(out, text),
            Self::Uuid(value) => json::push_string(out, &value.to_string()),
            Self::Time(at) => json::push_string(out, &time_text(*at, 'T', "+00:00")),
        }
    }

    /// The text of a cast to `text`; `None` for NULL.
    pub fn to_text(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Text(text) => text.clone(),
            Self::Json(text) => json::spaced(text).unwrap_or_else(|_| text.clone()),
            Self::Bool(value) => value.to_string(),
            Self::Numeric(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Uuid(value) => value.to_string(),
            Self::Time(at) => time_text(*at, ' ', "+00"),
        })
    }

    /// The order of two values of one type; `None` when either is NULL or the types differ.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) | (Self::Json(a), Self::Json(b)) => Some(a.cmp(b)),
            (Self::Uuid(a), Self::Uuid(b)) => Some(a.cmp(b)),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Numeric(a), Self::Numeric(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        use rusqlite::types::Value as Held;
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Held::Null),
            Self::Text(text) | Self::Json(text) => {
                ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
            }
            Self::Uuid(value) => ToSqlOutput::Owned(Held::Text(value.to_string())),
            Self::Time(at) => ToSqlOutput::Owned(Held::Integer(at.as_micros())),
            Self::Bool(value) => ToSqlOutput::Owned(Held::Integer(i64::from(*value))),
            Self::Numeric(value) => ToSqlOutput::Owned(Held::Text(value.to_string())),
            Self::Int(value) => ToSqlOutput::Owned(Held::Integer(*value)),
        })
    }
}

/// A row of one table, a value for each column.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Whose row it is.
    pub table: &'static Table,
    /// In the order of the table's columns.
    pub values: Vec<Value>,
}

impl Row {
    /// The value of the column called `name`; NULL when there is no such column.
    pub fn get(&self, name: &str) -> &Value {
        self.table
            .position(name)
            .map_or(&Value::Null, |at| &self.values[at])
    }

    /// Sets one column; a name that the table lacks sets nothing.
    pub fn set(&mut self, name: &str, value: Value) {
        if let Some(at) = self.table.position(name) {
            self.values[at] = value;
        }
    }

    /// The primary key's value.
    pub fn key(&self) -> &Value {
        &self.values[0]
    }

    /// Appends the row as a JSON object.
    pub fn write_json(&self, out: &mut String) {
        out.push('{');
        for (index, (column, value)) in self.table.columns.iter().zip(&self.values).enumerate() {
            if index > 0 {
                out.push(',');
            }
            json::push_string(out, column.name);
            out.push(':');
            value.write_json(out);
        }
        out.push('}');
    }

    /// The row as a JSON object, numbers exact.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }
}

fn time_text(at: Timestamp, separator: char, offset: &str) -> String {
    if at == Timestamp::MAX {
        return "infinity".to_owned();
    }
    if at == Timestamp::MIN {
        return "-infinity".to_owned();
    }
    let text = at.to_string();
    let text = text.strip_suffix('Z').unwrap_or(&text);
    let mut out = text.replacen('T', &separator.to_string(), 1);
    out.push_str(offset);
    out
}

fn time_from_text(text: &str, now: Timestamp) -> Result<Timestamp, PgError> {
    const DAY: i64 = 86_400_000_000;
    let midnight = |days: i64| {
        Timestamp::from_micros((now.as_micros().div_euclid(DAY) + days).saturating_mul(DAY))
    };
    match text.to_ascii_lowercase().as_str() {
        "now" => return Ok(now),
        "today" => return Ok(midnight(0)),
        "tomorrow" => return Ok(midnight(1)),
        "yesterday" => return Ok(midnight(-1)),
        "epoch" => return Ok(Timestamp::from_micros(0)),
        _ => {}
    }
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    // A date without a time is its midnight.
    if text.len() == 10
        && let Ok(at) = format!("{text}T00:00:00").parse()
    {
        return Ok(at);
    }
    let shaped = text.len() >= 10
        && text
            .bytes()
            .take(10)
            .enumerate()
            .all(|(index, byte)| match index {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
    Err(if shaped {
        PgError::new(
            "22008",
            format!("date/time field value out of range: \"{text}\""),
        )
    } else {
        PgError::new(
            "22007",
            format!("invalid input syntax for type timestamp with time zone: \"{text}\""),
        )
    })
}

fn bool_from_text(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Some(true),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_345_069_685_164);

    fn read(kind: Kind, json: &str) -> Result<String, &'static str> {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        let value = Value::from_json(kind, raw, NOW).map_err(|error| error.code)?;
        let mut out = String::new();
        value.write_json(&mut out);
        Ok(out)
    }

    #[test]
    fn numbers_keep_every_digit() {
        let long = "67890.123456789012345678901234567890";
        assert_eq!(read(Kind::Numeric, long).unwrap(), long);
        assert_eq!(read(Kind::Numeric, "\"12.50\"").unwrap(), "12.50");
        assert_eq!(
            read(Kind::BigInt, "9223372036854775807").unwrap(),
            "9223372036854775807"
        );
        assert_eq!(
            read(Kind::BigInt, "9223372036854775808").unwrap_err(),
            "22003"
        );
        assert_eq!(read(Kind::BigInt, "1.5").unwrap_err(), "22P02");
        assert_eq!(read(Kind::Numeric, "\"many\"").unwrap_err(), "22P02");
    }

    #[test]
    fn times_are_instants_with_trimmed_fractions() {
        for (given, told) in [
            (
                "\"2026-11-22T10:57:49.685164Z\"",
                "\"2026-11-22T10:57:49.685164+00:00\"",
            ),
            (
                "\"2026-11-22 12:57:49.5+02\"",
                "\"2026-11-22T10:57:49.5+00:00\"",
            ),
            ("\"2026-11-22\"", "\"2026-11-22T00:00:00+00:00\""),
            ("\"infinity\"", "\"infinity\""),
        ] {
            assert_eq!(read(Kind::Time, given).unwrap(), told, "{given}");
        }
        assert_eq!(
            Value::from_text(Kind::Time, "now", NOW).unwrap(),
            Value::Time(NOW)
        );
        assert_eq!(read(Kind::Time, "\"soon\"").unwrap_err(), "22007");
        assert_eq!(read(Kind::Time, "\"2026-13-45\"").unwrap_err(), "22008");
    }

    #[test]
    fn uuids_are_canonical() {
        assert_eq!(
            read(Kind::Uuid, "\"6F0C2D5C-8A3B-4C1D-9E2F-1A2B3C4D5E6F\"").unwrap(),
            "\"6f0c2d5c-8a3b-4c1d-9e2f-1a2b3c4d5e6f\""
        );
        assert_eq!(read(Kind::Uuid, "\"abc\"").unwrap_err(), "22P02");
    }
}
