//! Committed changes on their way to the channels.

use std::sync::Arc;

use serde::Serialize;
use tidings_model::Timestamp;
use tidings_realtime::frame::Json;
use tokio::sync::broadcast::error::RecvError;

use super::hub::Hub;
use crate::state::AppState;
use crate::store::schema::{CHAT_MESSAGES, SCHEMA, Table};
use crate::store::{Change, ChangeKind, Row};

/// Values longer than this are left out of a row that is too large.
const LARGE_VALUE_BYTES: usize = 64;

/// Whether the whole old row is known of a changed or deleted row, or just its key.
pub(super) fn replica_identity_full(table: &'static Table) -> bool {
    table.name == CHAT_MESSAGES.name
}

/// Tells every committed change, in commit order, until the server stops.
pub(super) async fn tell_all(state: AppState, hub: Arc<Hub>) {
    let mut changes = state.store().subscribe();
    let stopped = state.shutdown().clone();
    let mut held = None;
    loop {
        let change = tokio::select! {
            biased;
            () = stopped.cancelled() => return,
            change = changes.recv() => change,
        };
        let change = match change {
            Ok(change) => change,
            Err(RecvError::Lagged(lost)) => {
                tracing::warn!(lost, "row changes were lost; clients are asked to catch up");
                hub.repeat_subscribed();
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        for change in hub.faults.bend(change, &mut held).await {
            match Told::new(&change, hub.behaviour.max_row_bytes) {
                Ok(told) => hub.tell(&change, &told),
                Err(error) => tracing::error!(%error, "a change could not be written as JSON"),
            }
        }
    }
}

/// A change as it is told to everybody who may see it.
#[derive(Debug)]
pub(super) struct Told {
    data: Json,
}

#[derive(Serialize)]
struct Data<'a> {
    table: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Json>,
    columns: Vec<ColumnType>,
    errors: Option<[&'static str; 1]>,
    schema: &'a str,
    commit_timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_record: Option<Json>,
}

#[derive(Serialize)]
struct ColumnType {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// The payload of `postgres_changes`.
#[derive(Debug, Serialize)]
pub(super) struct Payload<'a> {
    data: &'a Json,
    ids: &'a [u32],
}

impl Told {
    /// Writes the change down. A row of `max_bytes` or more keeps only its short values.
    pub fn new(change: &Change, max_bytes: usize) -> serde_json::Result<Self> {
        let full = replica_identity_full(change.table);
        let identity = match change.kind {
            ChangeKind::Insert => Identity::Nothing,
            ChangeKind::Update if full => Identity::Row,
            // Row level security is on everywhere: of a deleted row only the key is told.
            ChangeKind::Update | ChangeKind::Delete => Identity::Key,
        };
        let size = |row: &Option<Row>| row.as_ref().map_or(0, |row| row.to_json().len());
        let mut bytes = size(&change.record);
        if full {
            bytes = bytes.max(size(&change.old_record));
        }
        let large = bytes >= max_bytes;
        let data = Data {
            table: change.table.name,
            kind: change.kind.name(),
            record: change
                .record
                .as_ref()
                .map(|row| written(row, Identity::Row, large))
                .transpose()?,
            columns: change
                .table
                .columns
                .iter()
                .map(|column| ColumnType {
                    name: column.name,
                    kind: column.kind.catalog_name(),
                })
                .collect(),
            errors: large.then_some(["Error 413: Payload Too Large"]),
            schema: SCHEMA,
            commit_timestamp: milliseconds(change.commit_timestamp),
            old_record: change
                .old_record
                .as_ref()
                .filter(|_| identity != Identity::Nothing)
                .map(|row| written(row, identity, large))
                .transpose()?,
        };
        Ok(Self {
            data: Json::new(&data)?,
        })
    }

    /// The change alone, as a channel joined without `config` gets it.
    pub fn data(&self) -> &Json {
        &self.data
    }

    /// The payload for a channel whose bindings `ids` match.
    pub fn payload<'a>(&'a self, ids: &'a [u32]) -> Payload<'a> {
        Payload {
            data: &self.data,
            ids,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity {
    Nothing,
    Key,
    Row,
}

/// The row as a JSON object, numbers exact.
fn written(row: &Row, identity: Identity, large: bool) -> serde_json::Result<Json> {
    if identity == Identity::Row && !large {
        return Json::from_text(&row.to_json());
    }
    let count = match identity {
        Identity::Nothing => 0,
        Identity::Key => 1,
        Identity::Row => row.values.len(),
    };
    let mut object = std::collections::BTreeMap::new();
    for (column, value) in row.table.columns.iter().zip(&row.values).take(count) {
        let mut text = String::new();
        value.write_json(&mut text);
        let quotes = if text.starts_with('"') { 2 } else { 0 };
        if !large || text.len() - quotes <= LARGE_VALUE_BYTES {
            object.insert(column.name, Json::from_text(&text)?);
        }
    }
    Json::new(&object)
}

/// `2026-11-22T10:00:00.123Z`: always three digits of the second's fraction.
fn milliseconds(at: Timestamp) -> String {
    let millis = at.as_micros().div_euclid(1000);
    let text = Timestamp::from_micros(millis * 1000).to_string();
    let text = text.strip_suffix('Z').unwrap_or(&text);
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{seconds}.{fraction:0<3}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_times_have_three_digits() {
        for (micros, told) in [
            (1_795_345_069_685_164, "2026-11-22T10:57:49.685Z"),
            (1_795_345_069_600_000, "2026-11-22T10:57:49.600Z"),
            (1_795_345_069_000_999, "2026-11-22T10:57:49.000Z"),
        ] {
            assert_eq!(milliseconds(Timestamp::from_micros(micros)), told);
        }
    }
}
