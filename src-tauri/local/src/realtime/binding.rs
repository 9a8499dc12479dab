//! The `postgres_changes` of a join: what is asked for, told back, and watched.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tidings_model::Timestamp;
use tidings_realtime::frame::Json;

use super::changes::replica_identity_full;
use super::filter::{self, Condition};
use crate::store::schema::{SCHEMA, Table};
use crate::store::{Change, ChangeKind, Parts};

/// One entry of `postgres_changes` as the client sent it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    id: u32,
    parameters: BTreeMap<String, Json>,
}

impl Request {
    /// Reads the list of a join. Entries that are null do not count; any other entry that is
    /// no object fails the join, with this reason.
    pub fn list(list: Option<&Json>) -> Result<Vec<Self>, String> {
        let entries: Vec<Json> = list.and_then(|it| it.parse().ok()).unwrap_or_default();
        entries
            .into_iter()
            .filter(|entry| !entry.is_null())
            .map(|entry| {
                entry.parse().map(Self::new).map_err(|_| {
                    format!(
                        "UnknownErrorOnChannel: expected a map, got: {}",
                        elixir(&entry)
                    )
                })
            })
            .collect()
    }

    /// What a client from before `config` existed asks for: its topic names it.
    pub fn legacy(channel: &str) -> Self {
        let names = ["schema", "table", "filter"];
        let parameters = names
            .into_iter()
            .zip(channel.splitn(3, ':'))
            .filter_map(|(name, value)| Some((name.to_owned(), Json::new(value).ok()?)))
            .collect();
        Self::new(parameters)
    }

    fn new(parameters: BTreeMap<String, Json>) -> Self {
        // FNV-1a over the sorted parameters: equal parameters have equal ids, on every server.
        let mut hash = 0x811c_9dc5_u32;
        for (name, value) in &parameters {
            for byte in name
                .bytes()
                .chain([0])
                .chain(value.as_str().bytes())
                .chain([0])
            {
                hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
            }
        }
        Self {
            id: hash & 0x07ff_ffff,
            parameters,
        }
    }

    /// The table that it names.
    pub fn table(&self) -> Option<String> {
        self.text("table")
    }

    /// The sentence for a table that does not exist.
    pub fn unknown_table(&self) -> String {
        format!(
            "Unable to subscribe to changes with given parameters. Please check Realtime is \
             enabled for the given connect parameters: {}",
            self.elixir()
        )
    }

    /// Prepares the watching of changes; the error is the sentence of the `system` message.
    pub fn bind(&self, parts: Parts, extended: bool, now: Timestamp) -> Result<Binding, String> {
        let schema = self.text("schema");
        let name = self.text("table");
        let without_filter = !self.parameters.contains_key("filter");
        let written = match self.text("filter") {
            Some(text) => filter::parse(&text, extended)?,
            None if without_filter && (schema.is_some() || name.is_some()) => Vec::new(),
            None => {
                return Err(format!(
                    "No subscription params provided. Please provide at least a `schema` or \
                     `table` to subscribe to: {}",
                    self.elixir()
                ));
            }
        };
        let schema = schema.unwrap_or_else(|| SCHEMA.to_owned());
        let event = self.text("event").unwrap_or_else(|| "*".to_owned());
        let told = format!(
            "[event: {event}, schema: {schema}, table: {}, filters: {}]",
            name.as_deref().unwrap_or("*"),
            filter::describe(&written)
        );
        let tables: Vec<&'static Table> = match name.as_deref() {
            _ if schema != SCHEMA && schema != "*" => Vec::new(),
            None | Some("*") => parts.published(),
            Some(name) => {
                let mut found = parts.published();
                found.retain(|table| table.name == name);
                found
            }
        };
        if tables.is_empty() {
            return Err(format!(
                "Unable to subscribe to changes with given parameters. Please check Realtime is \
                 enabled for the given connect parameters: {told}"
            ));
        }
        let mut watched = Vec::with_capacity(tables.len());
        for table in tables {
            let conditions = written
                .iter()
                .map(|it| it.bind(table, now))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| {
                    format!(
                        "Unable to subscribe to changes with given parameters. An exception \
                         happened so please check your connect parameters: {told}. Exception: \
                         {error}"
                    )
                })?;
            watched.push((table, conditions));
        }
        let kind = match event.as_str() {
            "INSERT" => Some(ChangeKind::Insert),
            "UPDATE" => Some(ChangeKind::Update),
            "DELETE" => Some(ChangeKind::Delete),
            // Any other word means every event.
            _ => None,
        };
        Ok(Binding {
            id: self.id,
            kind,
            watched,
        })
    }

    fn text(&self, name: &str) -> Option<String> {
        self.parameters.get(name)?.parse().ok()
    }

    fn elixir(&self) -> String {
        let pairs: Vec<String> = self
            .parameters
            .iter()
            .map(|(name, value)| format!("{name:?} => {}", elixir(value)))
            .collect();
        format!("%{{{}}}", pairs.join(", "))
    }
}

fn elixir(value: &Json) -> String {
    if value.is_null() {
        "nil".to_owned()
    } else {
        value.as_str().to_owned()
    }
}

/// As the join reply lists it: the id, and the parameters as they came.
impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        for (name, value) in self.parameters.iter().filter(|(name, _)| *name != "id") {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A binding whose parameters proved good.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    id: u32,
    kind: Option<ChangeKind>,
    watched: Vec<(&'static Table, Vec<Condition>)>,
}

impl Binding {
    /// The id that change frames name.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether the change is one of those asked for. Of a deleted row only what its replica
    /// identity holds can be compared.
    pub fn matches(&self, change: &Change) -> bool {
        if self.kind.is_some_and(|kind| kind != change.kind) {
            return false;
        }
        let Some((_, conditions)) = self
            .watched
            .iter()
            .find(|(it, _)| std::ptr::eq(*it, change.table))
        else {
            return false;
        };
        let row = match change.kind {
            ChangeKind::Delete => &change.old_record,
            ChangeKind::Insert | ChangeKind::Update => &change.record,
        };
        let Some(row) = row else {
            return false;
        };
        let whole = change.kind != ChangeKind::Delete || replica_identity_full(change.table);
        conditions
            .iter()
            .all(|it| (whole || it.column() == 0) && it.matches(row))
    }
}
