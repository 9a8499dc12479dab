//! Reading rows back.

use rusqlite::{Connection, OptionalExtension, Params};

use super::schema::Table;
use super::value::{Row, Value};

/// `a, b, c`: the columns of `table` for a SELECT.
pub fn column_list(table: &Table) -> String {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    names.join(", ")
}

/// Reads a row that was selected with [`column_list`].
pub fn row(table: &'static Table, held: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let values = table
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            Value::from_sql(column.kind, held.get_ref(index)?).map_err(rusqlite::Error::from)
        })
        .collect::<rusqlite::Result<_>>()?;
    Ok(Row { table, values })
}

/// The rows that `SELECT <columns> FROM <table> <rest>` gives.
pub fn rows(
    connection: &Connection,
    table: &'static Table,
    rest: &str,
    parameters: impl Params,
) -> rusqlite::Result<Vec<Row>> {
    rows_from(connection, table, table.name, rest, parameters)
}

/// The same from a `source` that has the columns of `table`.
pub fn rows_from(
    connection: &Connection,
    table: &'static Table,
    source: &str,
    rest: &str,
    parameters: impl Params,
) -> rusqlite::Result<Vec<Row>> {
    let sql = format!("SELECT {} FROM {source} {rest}", column_list(table));
    connection
        .prepare_cached(&sql)?
        .query_map(parameters, |held| row(table, held))?
        .collect()
}

/// The row with this primary key.
pub fn find(
    connection: &Connection,
    table: &'static Table,
    key: &Value,
) -> rusqlite::Result<Option<Row>> {
    let sql = format!(
        "SELECT {} FROM {} WHERE {} = ?1",
        column_list(table),
        table.name,
        table.key().name
    );
    connection
        .prepare_cached(&sql)?
        .query_row([key], |held| row(table, held))
        .optional()
}
