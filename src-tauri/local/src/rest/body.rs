//! Bodies of writes.

use std::collections::BTreeSet;

use axum::http::header::{self, HeaderMap};
use bytes::Bytes;
use serde_json::value::RawValue;
use tidings_model::Timestamp;

use super::error::RestError;
use crate::auth::Role;
use crate::store::json::Members;
use crate::store::schema::Table;
use crate::store::{Row, Value};

/// The rows of an insert, and which columns (positions) the request sets.
pub struct NewRows {
    /// Whole rows, what was absent filled in.
    pub rows: Vec<Row>,
    /// The columns that an upsert sets.
    pub columns: Vec<usize>,
}

/// Reads the body of an insert: one object or an array of them.
///
/// Columns outside of `columns` (or of the objects' keys) get their default; a column
/// inside that an object lacks is NULL, or the default when `missing_default`.
pub fn insert(
    table: &'static Table,
    headers: &HeaderMap,
    body: &Bytes,
    columns: Option<&[String]>,
    missing_default: bool,
    now: Timestamp,
) -> Result<NewRows, RestError> {
    let text = text(headers, body)?;
    let objects: Vec<Members<'_>> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|_| invalid())?
    } else {
        vec![serde_json::from_str(text).map_err(|_| invalid())?]
    };
    let set = if let Some(names) = columns {
        positions(table, names.iter().map(String::as_str))?
    } else {
        let keys = |Members(members): &Members<'_>| -> BTreeSet<String> {
            members.iter().map(|(name, _)| name.to_string()).collect()
        };
        let first = objects.first().map(keys).unwrap_or_default();
        if objects.iter().any(|object| keys(object) != first) {
            return Err(RestError::body("All object keys must match"));
        }
        positions(table, first.iter().map(String::as_str))?
    };
    let rows = objects
        .iter()
        .map(|object| row(table, object, &set, missing_default, now))
        .collect::<Result<_, _>>()?;
    Ok(NewRows { rows, columns: set })
}

/// Reads the body of an update: one object.
pub fn update(
    table: &'static Table,
    headers: &HeaderMap,
    body: &Bytes,
    columns: Option<&[String]>,
    now: Timestamp,
) -> Result<Vec<(usize, Value)>, RestError> {
    let text = text(headers, body)?;
    let object: Members<'_> = if text.trim_start().starts_with('[') {
        let objects: Vec<Members<'_>> = serde_json::from_str(text).map_err(|_| invalid())?;
        objects.into_iter().next().unwrap_or(Members(Vec::new()))
    } else {
        serde_json::from_str(text).map_err(|_| invalid())?
    };
    let set = match columns {
        Some(names) => positions(table, names.iter().map(String::as_str))?,
        None => positions(table, object.0.iter().map(|(name, _)| &**name))?,
    };
    set.into_iter()
        .map(|at| {
            let column = &table.columns[at];
            let value = match member(&object, column.name) {
                Some(raw) => Value::from_json(column.kind, raw, now)
                    .map_err(|refusal| RestError::from_postgres(refusal, &Role::Authenticated))?,
                None => Value::Null,
            };
            Ok((at, value))
        })
        .collect()
}

fn row(
    table: &'static Table,
    object: &Members<'_>,
    set: &[usize],
    missing_default: bool,
    now: Timestamp,
) -> Result<Row, RestError> {
    let values = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            if !set.contains(&at) {
                return Ok(Value::default_of(column, now));
            }
            match member(object, column.name) {
                Some(raw) => Value::from_json(column.kind, raw, now)
                    .map_err(|refusal| RestError::from_postgres(refusal, &Role::Authenticated)),
                None if missing_default => Ok(Value::default_of(column, now)),
                None => Ok(Value::Null),
            }
        })
        .collect::<Result<_, _>>()?;
    Ok(Row { table, values })
}

/// The last of equal names counts, as in `jsonb`.
fn member<'a>(Members(members): &Members<'a>, name: &str) -> Option<&'a RawValue> {
    members
        .iter()
        .rev()
        .find(|(key, _)| key == name)
        .map(|(_, value)| *value)
}

fn positions<'a>(
    table: &Table,
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<usize>, RestError> {
    let mut out = Vec::new();
    for name in names {
        let at = table
            .position(name)
            .ok_or_else(|| RestError::unknown_write_column(table, name))?;
        if !out.contains(&at) {
            out.push(at);
        }
    }
    Ok(out)
}

fn text<'a>(headers: &HeaderMap, body: &'a Bytes) -> Result<&'a str, RestError> {
    let media = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map_or("application/json", str::trim);
    if !media.eq_ignore_ascii_case("application/json") {
        return Err(RestError::body(&format!(
            "Content-Type not acceptable: {media}"
        )));
    }
    std::str::from_utf8(body).map_err(|_| invalid())
}

fn invalid() -> RestError {
    RestError::body("Empty or invalid json")
}
