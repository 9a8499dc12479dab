//! Row changes.
//!
//! A change keeps one copy of the text it came in, and says where in it each value stands: a
//! server may send tens of thousands a second.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{self, DeserializeOwned, MapAccess};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use crate::frame::Text;

/// Columns that a row has room for at first. The tables of chat have up to ten.
const FEW: usize = 12;

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeKind {
    /// It was inserted.
    Insert,
    /// It was updated.
    Update,
    /// It was deleted.
    Delete,
}

/// A column of the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// PostgreSQL's name of its type.
    #[serde(rename = "type")]
    pub type_: String,
}

/// One value of a row: its JSON as the server wrote it, so that numbers keep every digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    /// The JSON text.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Reads it as `T`.
    pub fn parse<T: DeserializeOwned>(self) -> serde_json::Result<T> {
        serde_json::from_str(self.0)
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.0.starts_with('{')
    }
}

/// Columns by name. A column that is missing is not null: it did not fit, did not change, or may
/// not be read. Of a name that comes twice the last counts.
#[derive(Clone)]
pub struct Row {
    text: Arc<str>,
    cells: Vec<(Name, Span)>,
}

impl Row {
    /// A column's value.
    pub fn get(&self, name: &str) -> Option<Value<'_>> {
        self.iter()
            .rev()
            .find_map(|(own, value)| (own == name).then_some(value))
    }

    /// Names and values in the order of the wire.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, Value<'_>)> + ExactSizeIterator {
        self.cells
            .iter()
            .map(|(name, value)| (name.of(&self.text), Value(value.of(&self.text))))
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// The same columns with the same JSON, in whatever order.
impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .all(|(name, _)| self.get(name) == other.get(name))
    }
}

impl Eq for Row {}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, value)| (name, value.0)))
            .finish()
    }
}

/// A row change.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The row after it; none for a delete.
    pub record: Option<Row>,
    /// The row before it: the primary key, or all of it with full replica identity; none for an
    /// insert.
    pub old_record: Option<Row>,
    /// Why the record is incomplete; then it has to be read again. Empty when it is complete.
    pub errors: Vec<String>,
    text: Arc<str>,
    schema: Name,
    table: Name,
    commit_timestamp: Option<Name>,
    columns: Option<Span>,
}

impl Change {
    /// The schema.
    pub fn schema(&self) -> &str {
        self.schema.of(&self.text)
    }

    /// The table.
    pub fn table(&self) -> &str {
        self.table.of(&self.text)
    }

    /// When it was committed: RFC 3339 in milliseconds, as the server wrote it. Not unique.
    pub fn commit_timestamp(&self) -> Option<&str> {
        Some(self.commit_timestamp.as_ref()?.of(&self.text))
    }

    /// The table's columns, read only now; an error says that the server wrote something else.
    pub fn columns(&self) -> serde_json::Result<Vec<Column>> {
        match &self.columns {
            None => Ok(Vec::new()),
            Some(span) => serde_json::from_str::<Option<_>>(span.of(&self.text))
                .map(Option::unwrap_or_default),
        }
    }

    /// Reads the body of a change that has no envelope.
    pub(crate) fn read(text: &str) -> serde_json::Result<Self> {
        let change: RawChange<'_> = serde_json::from_str(text)?;
        change.keep(text)
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("kind", &self.kind)
            .field("schema", &self.schema())
            .field("table", &self.table())
            .field("record", &self.record)
            .field("old_record", &self.old_record)
            .field("errors", &self.errors)
            .field("commit_timestamp", &self.commit_timestamp())
            .finish_non_exhaustive()
    }
}

/// Body of `postgres_changes`.
#[derive(Debug)]
pub(crate) struct ChangeMessage {
    /// Ids of the bindings that match, in any order, duplicates possible.
    pub ids: SmallVec<[i64; 4]>,
    /// The change.
    pub change: Change,
}

impl ChangeMessage {
    pub(crate) fn read(body: &str) -> serde_json::Result<Self> {
        let message: RawMessage<'_> = serde_json::from_str(body)?;
        message.keep(body)
    }
}

/// A `postgres_changes` that was read, as a part of the frame's text.
#[derive(Debug, Deserialize)]
pub(crate) struct RawMessage<'a> {
    #[serde(default)]
    ids: SmallVec<[i64; 4]>,
    #[serde(borrow)]
    data: RawChange<'a>,
}

impl RawMessage<'_> {
    /// Keeps a copy of the text that this was read from.
    pub(crate) fn keep(self, text: &str) -> serde_json::Result<ChangeMessage> {
        Ok(ChangeMessage {
            ids: self.ids,
            change: self.data.keep(text)?,
        })
    }
}

/// Where in the text something stands, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Where `part`, which was borrowed from `text`, stands in it.
    fn find(text: &str, part: &str) -> serde_json::Result<Self> {
        let start = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
        let at = |at: usize| u32::try_from(at).map_err(|_| de::Error::custom("4 GiB or more"));
        Ok(Self {
            start: at(start)?,
            end: at(start.wrapping_add(part.len()))?,
        })
    }

    fn of(self, text: &str) -> &str {
        // Spans are made by `find` alone, of the text that they are kept with.
        text.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// A text of the frame: it stands there as it is, unless it was written with escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    At(Span),
    Own(Box<str>),
}

impl Name {
    fn keep(text: &str, name: Text<'_>) -> serde_json::Result<Self> {
        Ok(match name.0 {
            Cow::Borrowed(part) => Self::At(Span::find(text, part)?),
            Cow::Owned(own) => Self::Own(own.into_boxed_str()),
        })
    }

    fn of<'a>(&'a self, text: &'a str) -> &'a str {
        match self {
            Self::At(span) => span.of(text),
            Self::Own(own) => own,
        }
    }
}

#[derive(Debug, Deserialize)]
struct RawChange<'a> {
    #[serde(borrow)]
    schema: Text<'a>,
    #[serde(borrow)]
    table: Text<'a>,
    #[serde(rename = "type")]
    kind: ChangeKind,
    #[serde(borrow, default)]
    record: Option<RawRow<'a>>,
    #[serde(borrow, default)]
    old_record: Option<RawRow<'a>>,
    #[serde(borrow, default)]
    columns: Option<&'a RawValue>,
    #[serde(default)]
    errors: Option<Vec<String>>,
    #[serde(borrow, default)]
    commit_timestamp: Option<Text<'a>>,
}

impl RawChange<'_> {
    /// Keeps a copy of the text that this was read from.
    fn keep(self, text: &str) -> serde_json::Result<Change> {
        let kept: Arc<str> = text.into();
        let row = |row: Option<RawRow<'_>>| row.map(|row| row.keep(text, &kept)).transpose();
        Ok(Change {
            kind: self.kind,
            record: row(self.record)?,
            old_record: row(self.old_record)?,
            errors: self.errors.unwrap_or_default(),
            schema: Name::keep(text, self.schema)?,
            table: Name::keep(text, self.table)?,
            commit_timestamp: self
                .commit_timestamp
                .map(|time| Name::keep(text, time))
                .transpose()?,
            columns: self
                .columns
                .map(|columns| Span::find(text, columns.get()))
                .transpose()?,
            text: kept,
        })
    }
}

#[derive(Debug)]
struct RawRow<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl RawRow<'_> {
    fn keep(self, text: &str, kept: &Arc<str>) -> serde_json::Result<Row> {
        let cell = |(name, value): (Text<'_>, &RawValue)| {
            Ok((Name::keep(text, name)?, Span::find(text, value.get())?))
        };
        Ok(Row {
            text: kept.clone(),
            cells: self
                .0
                .into_iter()
                .map(cell)
                .collect::<serde_json::Result<_>>()?,
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawRow<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<'a>(PhantomData<&'a str>);
        impl<'de: 'a, 'a> de::Visitor<'de> for Visitor<'a> {
            type Value = RawRow<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawRow<'a>, A::Error> {
                let mut cells = Vec::with_capacity(FEW);
                while let Some(cell) = map.next_entry()? {
                    cells.push(cell);
                }
                Ok(RawRow(cells))
            }
        }
        deserializer.deserialize_map(Visitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_change_keeps_digits_and_tells_missing_from_null() {
        let message = ChangeMessage::read(
            r#"{"ids":[7,7],"data":{"schema":"public","table":"crypto_prices","type":"UPDATE",
            "commit_timestamp":"2026-11-22T11:53:55.362Z","columns":[{"name":"price","type":"numeric"}],
            "record":{"price":67890.123456789012345678901234567890,"symbol":null},
            "old_record":{"id":"x"},"errors":null}}"#,
        )
        .unwrap();
        assert_eq!(message.ids.as_slice(), [7, 7]);
        let change = message.change;
        assert_eq!(
            (change.schema(), change.table()),
            ("public", "crypto_prices")
        );
        assert_eq!(change.commit_timestamp(), Some("2026-11-22T11:53:55.362Z"));
        assert_eq!(change.columns().unwrap()[0].type_, "numeric");
        assert_eq!(
            change.old_record.unwrap().get("id").unwrap().as_str(),
            r#""x""#
        );
        let record = change.record.unwrap();
        assert_eq!(
            record.get("price").unwrap().as_str(),
            "67890.123456789012345678901234567890"
        );
        assert!(record.get("symbol").unwrap().is_null());
        assert_eq!(record.get("volume_24h"), None);
        assert!(change.errors.is_empty());
    }

    #[test]
    fn names_with_escapes_are_undone_and_the_last_of_a_name_counts() {
        let change = Change::read(
            r#"{"schema":"pub\u006cic","table":"a \"b\"","type":"INSERT",
            "record":{"\u00e9":1,"é":2,"x":{"y":[1, 2]}},"columns":null}"#,
        )
        .unwrap();
        assert_eq!((change.schema(), change.table()), ("public", "a \"b\""));
        assert_eq!(change.commit_timestamp(), None);
        assert!(change.columns().unwrap().is_empty());
        let record = change.record.unwrap();
        assert_eq!(record.get("é").unwrap().as_str(), "2");
        assert_eq!(record.get("x").unwrap().as_str(), r#"{"y":[1, 2]}"#);
        assert_eq!(record.len(), 3);
    }

    #[test]
    fn what_is_no_change_is_refused() {
        for text in [
            "null",
            "[]",
            r#"{"schema":"public","table":"t"}"#,
            r#"{"schema":"public","table":"t","type":"TRUNCATE"}"#,
            r#"{"schema":"public","table":"t","type":"INSERT","record":[1]}"#,
            r#"{"schema":"public","table":7,"type":"INSERT"}"#,
        ] {
            assert!(Change::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn more_columns_than_are_few_are_all_kept() {
        let columns: Vec<String> = (0..100).map(|n| format!(r#""c{n}":{n}"#)).collect();
        let text = format!(
            r#"{{"schema":"public","table":"t","type":"INSERT","record":{{{}}}}}"#,
            columns.join(",")
        );
        let record = Change::read(&text).unwrap().record.unwrap();
        assert_eq!(record.len(), 100);
        for (n, (name, value)) in record.iter().enumerate() {
            assert_eq!((name, value.as_str()), (&*format!("c{n}"), &*n.to_string()));
        }
    }
}
