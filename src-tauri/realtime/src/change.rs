//! Row changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::frame::Json;

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeKind {
    /// It was inserted.
    Insert,
    /// It was updated.
    Update,
    /// It was deleted.
    Delete,
}

/// Columns by name, values as the raw JSON text: numbers keep every digit. A column that is
/// missing is not null: it did not fit, did not change, or may not be read.
pub type Row = BTreeMap<String, Json>;

/// A column of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// PostgreSQL's name of its type.
    #[serde(rename = "type")]
    pub type_: String,
}

/// A row change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The schema.
    pub schema: String,
    /// The table.
    pub table: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: ChangeKind,
    /// The row after it; none for a delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Row>,
    /// The row before it: the primary key, or all of it with full replica identity; none for an
    /// insert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_record: Option<Row>,
    /// The table's columns.
    #[serde(default)]
    pub columns: Vec<Column>,
    /// Why the record is incomplete; then it has to be read again. Empty when it is complete.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub errors: Vec<String>,
    /// When it was committed: RFC 3339 in milliseconds, as the server wrote it. Not unique.
    #[serde(default)]
    pub commit_timestamp: Option<String>,
}

/// Body of `postgres_changes`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeMessage {
    /// Ids of the bindings that match, in any order, duplicates possible.
    #[serde(default)]
    pub ids: Vec<i64>,
    /// The change.
    pub data: Change,
}

fn null_is_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_change_keeps_digits_and_tells_missing_from_null() {
        let message: ChangeMessage = serde_json::from_str(
            r#"{"ids":[7,7],"data":{"schema":"public","table":"crypto_prices","type":"UPDATE",
            "commit_timestamp":"2026-11-22T11:53:55.362Z","columns":[{"name":"price","type":"numeric"}],
            "record":{"price":67890.123456789012345678901234567890,"symbol":null},
            "old_record":{"id":"x"},"errors":null}}"#,
        )
        .unwrap();
        let record = message.data.record.unwrap();
        assert_eq!(
            record["price"].as_str(),
            "67890.123456789012345678901234567890"
        );
        assert!(record["symbol"].is_null());
        assert_eq!(record.get("volume_24h"), None);
        assert!(message.data.errors.is_empty());
    }
}
