//! GET and HEAD.

use axum::http::StatusCode;
use axum::http::header;
use axum::response::Response;
use rusqlite::{Connection, params_from_iter};

use super::Request;
use super::answer::{Answer, Form, content_range};
use super::error::RestError;
use super::prefer::{Applies, Preferences};
use super::project::Projection;
use super::query::Query;
use super::sql;
use crate::auth::Claims;
use crate::state::AppState;
use crate::store::schema::{Table, TableId};
use crate::store::{Row, StoreError, Value, members, policy, read, sync};

/// Answers a read of one table.
pub async fn get(state: &AppState, request: &Request, head: bool) -> Result<Response, RestError> {
    let form = Form::accepted(&request.headers)?;
    let preferences = Preferences::read(&request.headers)?;
    let range = request
        .headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let query = Query::read(&request.query)?.within(range.as_deref())?;
    let table = request.table;
    let projection = Projection::new(table, &query.select)?;
    let (rows, total) = fetch(state, request, &query, preferences.count.is_some()).await?;
    if let Some(total) = total
        && query.offset > total
    {
        return Err(RestError::range(format!(
            "An offset of {} was requested, but there are only {total} rows.",
            query.offset
        )));
    }
    let body = form.body(&projection, &rows, &request.claims.role)?;
    let status = match total {
        Some(total) if rows.len() < total => StatusCode::PARTIAL_CONTENT,
        _ => StatusCode::OK,
    };
    let location = if request.query.is_empty() {
        format!("/{}", table.name)
    } else {
        format!("/{}?{}", table.name, request.query)
    };
    let answer = Answer::new(status)
        .header(
            header::CONTENT_RANGE,
            &content_range(query.offset, rows.len(), total),
        )
        .header(header::CONTENT_LOCATION, &location)
        .applied(preferences.applied(Applies::Read).as_deref());
    Ok(answer
        .rows(form, if head { String::new() } else { body })
        .finish())
}

async fn fetch(
    state: &AppState,
    request: &Request,
    query: &Query,
    count: bool,
) -> Result<(Vec<Row>, Option<usize>), RestError> {
    let table = request.table;
    let wanted = sql::conditions(table, &query.conditions, state.clock().now())?;
    let order = sql::order_by(table, &query.order)?;
    let allowed = policy::select(&request.claims, table);
    let condition = format!("WHERE ({}) AND ({})", allowed.sql, wanted.text);
    let page = format!("{condition}{} LIMIT ? OFFSET ?", order.text);
    let mut parameters = allowed.parameters;
    parameters.extend(wanted.parameters);
    let most = state.behaviour().max_rows;
    let limit = query.limit.map_or(most, |limit| limit.min(most));
    let bound = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let claims = request.claims.clone();
    let paging = [bound(limit), bound(query.offset)];
    state
        .store()
        .read(move |connection| {
            // One snapshot, so that count and rows agree.
            let snapshot = connection.unchecked_transaction()?;
            let (source, given) = source(&snapshot, table, &claims)?;
            let filtered = given.iter().chain(&parameters);
            let total = if count {
                let text = format!("SELECT count(*) FROM {source} {condition}");
                let total: i64 = snapshot
                    .prepare_cached(&text)?
                    .query_row(params_from_iter(filtered.clone()), |row| row.get(0))?;
                usize::try_from(total).ok()
            } else {
                None
            };
            let all = filtered.chain(&order.parameters).chain(&paging);
            let rows = read::rows_from(&snapshot, table, &source, &page, params_from_iter(all))?;
            Ok::<_, StoreError>((rows, total))
        })
        .await
        .map_err(|error| RestError::from_store(error, &request.claims.role))
}

/// What stands behind FROM, and its parameters: the table, or what makes up a view.
fn source(
    connection: &Connection,
    table: &Table,
    claims: &Claims,
) -> rusqlite::Result<(String, Vec<Value>)> {
    let values = match table.id {
        TableId::Digest => sync::digest(connection, claims)?.to_vec(),
        TableId::MembersInfo => vec![Value::Int(members::VERSION)],
        _ => return Ok((table.name.to_owned(), Vec::new())),
    };
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| format!("? AS {}", column.name))
        .collect();
    Ok((format!("(SELECT {})", columns.join(", ")), values))
}
