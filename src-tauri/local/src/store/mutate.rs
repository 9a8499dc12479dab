//! INSERT, UPDATE and DELETE with PostgreSQL's rules: policies, then constraints, then
//! uniqueness, each row in turn, all or nothing.

use rusqlite::params_from_iter;

use super::error::{PgError, StoreError};
use super::policy::{self, Verb};
use super::read;
use super::schema::Table;
use super::triggers::{self, Verdict};
use super::value::{Row, Value};
use super::write::WriteTx;
use crate::auth::{Claims, Role};

/// What an insert does with a row whose key is already there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnConflict {
    /// Refuse with `23505`.
    Refuse,
    /// Leave the stored row alone.
    Ignore,
    /// Set these columns (positions) from the new row.
    Merge(Vec<usize>),
}

/// What became of the rows of an insert.
#[derive(Debug, Default)]
pub struct Inserted {
    /// The rows as stored, ignored ones left out.
    pub rows: Vec<Row>,
    /// How many of them are new.
    pub new: usize,
}

/// Which rows to change, on whose behalf.
pub struct Scope<'a> {
    /// On whose behalf.
    pub claims: &'a Claims,
    /// Which table.
    pub table: &'static Table,
    /// A condition over its rows.
    pub sql: &'a str,
    /// The condition's parameters.
    pub parameters: &'a [Value],
}

/// Inserts `rows` in order.
pub fn insert(
    tx: &mut WriteTx<'_>,
    claims: &Claims,
    rows: Vec<Row>,
    conflict: &OnConflict,
    returning: bool,
) -> Result<Inserted, StoreError> {
    let must_show = returning || *conflict != OnConflict::Refuse;
    let mut done = Inserted::default();
    let mut touched: Vec<Value> = Vec::new();
    for mut row in rows {
        let table = row.table;
        if triggers::before_insert(tx, claims, &mut row)? == Verdict::Skip {
            continue;
        }
        if !policy::admits(tx.connection(), claims, &row)?
            || (must_show && !policy::shows(tx.connection(), claims, &row)?)
        {
            return Err(PgError::row_security(table.name).into());
        }
        check(claims, &row)?;
        let Some(old) = tx.find(table, row.key())? else {
            touched.push(row.key().clone());
            triggers::check(tx, claims, None, &row)?;
            tx.insert(row.clone())?;
            triggers::after_insert(tx, &row)?;
            done.new += 1;
            done.rows.push(row);
            continue;
        };
        match conflict {
            OnConflict::Refuse => return Err(duplicate(claims, &row).into()),
            OnConflict::Ignore => {}
            OnConflict::Merge(columns) => {
                if touched.contains(row.key()) {
                    return Err(PgError::new(
                        "21000",
                        "ON CONFLICT DO UPDATE command cannot affect row a second time".to_owned(),
                    )
                    .into());
                }
                if !may_modify(tx, claims, &old)? || !policy::shows(tx.connection(), claims, &old)?
                {
                    return Err(PgError::row_security_using(table.name).into());
                }
                let mut new = old.clone();
                for at in columns {
                    new.values[*at] = row.values[*at].clone();
                }
                touched.push(new.key().clone());
                done.rows.extend(replace(tx, claims, &old, new)?);
            }
        }
    }
    Ok(done)
}

/// Sets columns of every row in `scope`; gives the rows as they are now.
pub fn update(
    tx: &mut WriteTx<'_>,
    scope: &Scope<'_>,
    sets: &[(usize, Value)],
) -> Result<Vec<Row>, StoreError> {
    let mut changed = Vec::new();
    for old in modifiable(tx, scope, Verb::Update)? {
        let mut new = old.clone();
        for (at, value) in sets {
            new.values[*at] = value.clone();
        }
        // The condition reads the table, so the select policies bind the new row as well.
        changed.extend(replace(tx, scope.claims, &old, new)?);
    }
    Ok(changed)
}

/// Deletes every row in `scope`; gives the rows as they were.
pub fn delete(tx: &mut WriteTx<'_>, scope: &Scope<'_>) -> Result<Vec<Row>, StoreError> {
    let rows = modifiable(tx, scope, Verb::Delete)?;
    for row in &rows {
        triggers::before_delete(tx, row)?;
        tx.delete(row.clone())?;
        triggers::after_delete(tx, row)?;
    }
    Ok(rows)
}

/// The row as it is now; none when a trigger left it as it was.
fn replace(
    tx: &mut WriteTx<'_>,
    claims: &Claims,
    old: &Row,
    mut new: Row,
) -> Result<Option<Row>, StoreError> {
    if triggers::before_update(tx, claims, old, &mut new)? == Verdict::Skip {
        return Ok(None);
    }
    if !policy::admits(tx.connection(), claims, &new)?
        || !policy::shows(tx.connection(), claims, &new)?
    {
        return Err(PgError::row_security(new.table.name).into());
    }
    check(claims, &new)?;
    if new.key() != old.key() && tx.find(new.table, new.key())?.is_some() {
        return Err(duplicate(claims, &new).into());
    }
    triggers::check(tx, claims, Some(old), &new)?;
    tx.update(old.clone(), new.clone())?;
    triggers::after_update(tx, old, &new)?;
    Ok(Some(new))
}

fn modifiable(tx: &WriteTx<'_>, scope: &Scope<'_>, verb: Verb) -> Result<Vec<Row>, StoreError> {
    let select = policy::select(scope.claims, scope.table);
    let modify = policy::modify(scope.claims, scope.table, verb);
    let rest = format!(
        "WHERE ({}) AND ({}) AND ({}) ORDER BY rowid",
        select.sql, modify.sql, scope.sql
    );
    let parameters = select
        .parameters
        .iter()
        .chain(&modify.parameters)
        .chain(scope.parameters.iter());
    Ok(read::rows(
        tx.connection(),
        scope.table,
        &rest,
        params_from_iter(parameters),
    )?)
}

fn may_modify(tx: &WriteTx<'_>, claims: &Claims, row: &Row) -> Result<bool, StoreError> {
    let modify = policy::modify(claims, row.table, Verb::Update);
    let rest = format!("WHERE ({}) AND {} = ?", modify.sql, row.table.key().name);
    let parameters = modify.parameters.iter().chain([row.key()]);
    Ok(!read::rows(
        tx.connection(),
        row.table,
        &rest,
        params_from_iter(parameters),
    )?
    .is_empty())
}

/// NOT NULL and CHECK.
/// Whether the values of a row are those that its columns take.
pub(crate) fn check(claims: &Claims, row: &Row) -> Result<(), PgError> {
    let table = row.table.name;
    for (column, value) in row.table.columns.iter().zip(&row.values) {
        if column.not_null && value.is_null() {
            let error = PgError::new(
                "23502",
                format!(
                    "null value in column \"{}\" of relation \"{table}\" violates not-null constraint",
                    column.name
                ),
            );
            return Err(with_row(claims, error, row));
        }
    }
    for (column, value) in row.table.columns.iter().zip(&row.values) {
        let Some(text) = value.as_str() else { continue };
        let listed = column.allowed.is_empty() || column.allowed.contains(&text);
        let fits = column.length.is_none_or(|(least, most)| {
            let length = text.chars().count();
            least <= length && length <= most
        });
        if !(listed && fits) {
            let error = PgError::new(
                "23514",
                format!(
                    "new row for relation \"{table}\" violates check constraint \"{table}_{}_check\"",
                    column.name
                ),
            );
            return Err(with_row(claims, error, row));
        }
    }
    Ok(())
}

/// Values are told only to those whom no policy binds, as PostgreSQL does.
fn with_row(claims: &Claims, error: PgError, row: &Row) -> PgError {
    if claims.role != Role::ServiceRole {
        return error;
    }
    let values: Vec<String> = row
        .values
        .iter()
        .map(|value| {
            let text = value.to_text().unwrap_or_else(|| "null".to_owned());
            if text.len() <= 64 {
                return text;
            }
            let cut = (0..=64)
                .rev()
                .find(|at| text.is_char_boundary(*at))
                .unwrap_or(0);
            format!("{}...", &text[..cut])
        })
        .collect();
    error.with_details(format!("Failing row contains ({}).", values.join(", ")))
}

fn duplicate(claims: &Claims, row: &Row) -> PgError {
    let error = PgError::new(
        "23505",
        format!(
            "duplicate key value violates unique constraint \"{}_pkey\"",
            row.table.name
        ),
    );
    if claims.role != Role::ServiceRole {
        return error;
    }
    let key = row.key().to_text().unwrap_or_default();
    error.with_details(format!(
        "Key ({})=({key}) already exists.",
        row.table.key().name
    ))
}
