//! Rows as the JSON that `select` asks for.

use tidings_model::Timestamp;

use super::error::RestError;
use super::grammar::{Field, SelectItem};
use super::sql;
use crate::auth::Role;
use crate::store::schema::{Kind, Table};
use crate::store::{PgError, Row, Value, json};

/// The columns of an answer.
pub struct Projection(Vec<Output>);

struct Output {
    name: String,
    source: usize,
    path: Vec<String>,
    as_text: bool,
    cast: Option<Kind>,
}

impl Projection {
    /// Checks what `select` asks for against `table`.
    pub fn new(table: &Table, items: &[SelectItem]) -> Result<Self, RestError> {
        let mut outputs = Vec::new();
        for item in items {
            match item {
                SelectItem::All => {
                    outputs.extend(table.columns.iter().enumerate().map(|(source, column)| {
                        Output {
                            name: column.name.to_owned(),
                            source,
                            path: Vec::new(),
                            as_text: false,
                            cast: None,
                        }
                    }));
                }
                SelectItem::Field { alias, field, cast } => {
                    outputs.push(output(table, alias.as_deref(), field, cast.as_deref())?);
                }
                SelectItem::Embedded(relation) => {
                    return Err(RestError::relationship(table.name, relation));
                }
                SelectItem::Aggregate => return Err(RestError::aggregate()),
            }
        }
        Ok(Self(outputs))
    }

    /// Appends `row` as an object, members that are NULL left out when `stripped`.
    pub fn write(&self, row: &Row, stripped: bool, out: &mut String) -> Result<(), PgError> {
        out.push('{');
        let mut first = true;
        for output in &self.0 {
            let value = output.value(row)?;
            let value = value.as_ref().unwrap_or(&row.values[output.source]);
            if stripped && value.is_null() {
                continue;
            }
            if !first {
                out.push(',');
            }
            first = false;
            json::push_string(out, &output.name);
            out.push(':');
            value.write_json(out);
        }
        out.push('}');
        Ok(())
    }
}

impl Output {
    /// The value when it is not the column's own.
    fn value(&self, row: &Row) -> Result<Option<Value>, PgError> {
        let held = &row.values[self.source];
        let reached = if self.path.is_empty() {
            None
        } else {
            let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
            let found = match held {
                Value::Json(text) => json::lookup(text, &path),
                _ => None,
            };
            Some(match found {
                None => Value::Null,
                Some(text) if self.as_text => json::as_text(text).map_or(Value::Null, Value::Text),
                Some(text) => Value::Json(text.to_owned()),
            })
        };
        let Some(cast) = self.cast else {
            return Ok(reached);
        };
        let Some(text) = reached.as_ref().unwrap_or(held).to_text() else {
            return Ok(Some(Value::Null));
        };
        // No relative time can come out of a stored value, so "now" needs no clock here.
        Value::from_text(cast, &text, Timestamp::default()).map(Some)
    }
}

fn output(
    table: &Table,
    alias: Option<&str>,
    field: &Field,
    cast: Option<&str>,
) -> Result<Output, RestError> {
    sql::check(table, field)?;
    let source = table
        .position(&field.column)
        .ok_or_else(|| RestError::unknown_column(table, &field.column))?;
    // A path is named after its last name; a position has none of its own.
    let own = field
        .path
        .iter()
        .rev()
        .find(|step| step.parse::<i64>().is_err())
        .unwrap_or(&field.column);
    Ok(Output {
        name: alias.unwrap_or(own).to_owned(),
        source,
        path: field.path.clone(),
        as_text: field.as_text,
        cast: cast.map(kind_named).transpose()?,
    })
}

fn kind_named(name: &str) -> Result<Kind, RestError> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "text" | "varchar" | "character varying" => Kind::Text,
        "uuid" => Kind::Uuid,
        "json" | "jsonb" => Kind::Json,
        "timestamptz" | "timestamp with time zone" => Kind::Time,
        "bool" | "boolean" => Kind::Bool,
        "numeric" | "decimal" => Kind::Numeric,
        "bigint" | "int8" => Kind::BigInt,
        _ => {
            let refusal = PgError::new("42704", format!("type \"{name}\" does not exist"));
            return Err(RestError::from_postgres(refusal, &Role::Authenticated));
        }
    })
}
