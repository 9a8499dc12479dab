//! POST, PATCH and DELETE.

use axum::http::StatusCode;
use axum::http::header;
use axum::response::Response;
use bytes::Bytes;

use super::answer::{Answer, Form, content_range};
use super::body;
use super::error::RestError;
use super::prefer::{Applies, Preferences, Resolution, Return};
use super::project::Projection;
use super::query::Query;
use super::{Request, sql};
use crate::auth::Role;
use crate::state::AppState;
use crate::store::mutate::{self, OnConflict, Scope};
use crate::store::schema::{Grants, Table};
use crate::store::{PgError, Row, StoreError, Value};

/// A failure inside the transaction, which is rolled back for it.
enum Failure {
    Store(StoreError),
    Refused(RestError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<RestError> for Failure {
    fn from(error: RestError) -> Self {
        Self::Refused(error)
    }
}

impl Failure {
    fn told(self, role: &Role) -> RestError {
        match self {
            Self::Store(error) => RestError::from_store(error, role),
            Self::Refused(error) => error,
        }
    }
}

/// Inserts, with or without regard to rows that are already there.
pub async fn post(state: &AppState, request: &Request, body: Bytes) -> Result<Response, RestError> {
    let form = Form::accepted(&request.headers)?;
    let preferences = Preferences::read(&request.headers)?;
    let query = Query::read(&request.query)?;
    let table = request.table;
    let projection = Projection::new(table, &query.select)?;
    let given = body::insert(
        table,
        &request.headers,
        &body,
        query.columns.as_deref(),
        preferences.missing_default == Some(true),
        state.clock().now(),
    )?;
    let conflict = on_conflict(table, &query, preferences.resolution, given.columns)?;
    let returning = matches!(
        preferences.returning,
        Some(Return::Representation | Return::HeadersOnly)
    );
    let role = request.claims.role.clone();
    let claims = request.claims.clone();
    let rows = given.rows;
    let whole = preferences.returning == Some(Return::Representation);
    let (inserted, body) = state
        .store()
        .write(move |tx| {
            let inserted = mutate::insert(tx, &claims, rows, &conflict, returning)?;
            let body = told(whole, form, &projection, &inserted.rows, &claims.role)?;
            Ok::<_, Failure>((inserted, body))
        })
        .await
        .map_err(|failure| failure.told(&role))?;
    let all_known = inserted.new == 0 && preferences.resolution == Some(Resolution::Merge);
    let total = preferences.count.map(|_| inserted.rows.len());
    let mut answer = Answer::new(if all_known {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    })
    .header(header::CONTENT_RANGE, &content_range(0, 0, total))
    .applied(preferences.applied(Applies::Insert).as_deref());
    if preferences.returning == Some(Return::HeadersOnly)
        && let [row] = &inserted.rows[..]
    {
        answer = answer.header(header::LOCATION, &location(row));
    }
    Ok(finish(answer, form, body))
}

/// Updates what the filters select.
pub async fn patch(
    state: &AppState,
    request: &Request,
    body: Bytes,
) -> Result<Response, RestError> {
    let form = Form::accepted(&request.headers)?;
    let preferences = Preferences::read(&request.headers)?;
    let query = Query::read(&request.query)?;
    let table = request.table;
    let projection = Projection::new(table, &query.select)?;
    let now = state.clock().now();
    let sets = body::update(
        table,
        &request.headers,
        &body,
        query.columns.as_deref(),
        now,
    )?;
    if let Grants::Few(columns) = table.grants
        && request.claims.role != Role::ServiceRole
        && sets
            .iter()
            .any(|(at, _)| !columns.contains(&table.columns[*at].name))
    {
        let refusal = PgError::permission_denied(table.name);
        return Err(RestError::from_postgres(refusal, &request.claims.role));
    }
    let condition = sql::conditions(table, &query.conditions, now)?;
    let whole = preferences.returning == Some(Return::Representation);
    let most = preferences.limit();
    let role = request.claims.role.clone();
    let claims = request.claims.clone();
    let (count, body) = state
        .store()
        .write(move |tx| {
            let scope = Scope {
                claims: &claims,
                table,
                sql: &condition.text,
                parameters: &condition.parameters,
            };
            // Nothing to set touches no row.
            let rows = if sets.is_empty() {
                Vec::new()
            } else {
                mutate::update(tx, &scope, &sets)?
            };
            within(most, rows.len())?;
            let body = told(whole, form, &projection, &rows, &claims.role)?;
            Ok::<_, Failure>((rows.len(), body))
        })
        .await
        .map_err(|failure| failure.told(&role))?;
    let total = preferences.count.map(|_| count);
    let answer = Answer::new(if whole {
        StatusCode::OK
    } else {
        StatusCode::NO_CONTENT
    })
    .header(header::CONTENT_RANGE, &content_range(0, count, total))
    .applied(preferences.applied(Applies::Update).as_deref());
    Ok(finish(answer, form, body))
}

/// Deletes what the filters select.
pub async fn delete(state: &AppState, request: &Request) -> Result<Response, RestError> {
    let form = Form::accepted(&request.headers)?;
    let preferences = Preferences::read(&request.headers)?;
    let query = Query::read(&request.query)?;
    let table = request.table;
    let projection = Projection::new(table, &query.select)?;
    let condition = sql::conditions(table, &query.conditions, state.clock().now())?;
    let whole = preferences.returning == Some(Return::Representation);
    let most = preferences.limit();
    let role = request.claims.role.clone();
    let claims = request.claims.clone();
    let (count, body) = state
        .store()
        .write(move |tx| {
            let scope = Scope {
                claims: &claims,
                table,
                sql: &condition.text,
                parameters: &condition.parameters,
            };
            let rows = mutate::delete(tx, &scope)?;
            within(most, rows.len())?;
            let body = told(whole, form, &projection, &rows, &claims.role)?;
            Ok::<_, Failure>((rows.len(), body))
        })
        .await
        .map_err(|failure| failure.told(&role))?;
    let total = preferences.count.map(|_| count);
    let answer = Answer::new(if whole {
        StatusCode::OK
    } else {
        StatusCode::NO_CONTENT
    })
    .header(header::CONTENT_RANGE, &content_range(0, 0, total))
    .applied(preferences.applied(Applies::Delete).as_deref());
    Ok(finish(answer, form, body))
}

fn told(
    whole: bool,
    form: Form,
    projection: &Projection,
    rows: &[Row],
    role: &Role,
) -> Result<Option<String>, RestError> {
    if whole {
        form.body(projection, rows, role).map(Some)
    } else {
        Ok(None)
    }
}

fn finish(answer: Answer, form: Form, body: Option<String>) -> Response {
    match body {
        Some(body) => answer.rows(form, body),
        None => answer,
    }
    .finish()
}

fn within(most: Option<usize>, rows: usize) -> Result<(), RestError> {
    match most {
        Some(most) if rows > most => Err(RestError::max_affected(rows)),
        _ => Ok(()),
    }
}

fn on_conflict(
    table: &Table,
    query: &Query,
    resolution: Option<Resolution>,
    columns: Vec<usize>,
) -> Result<OnConflict, RestError> {
    let Some(resolution) = resolution else {
        return Ok(OnConflict::Refuse);
    };
    if let Some(names) = &query.on_conflict {
        for name in names {
            if table.column(name).is_none() {
                return Err(RestError::from_postgres(
                    PgError::new("42703", format!("column \"{name}\" does not exist")),
                    &Role::Authenticated,
                ));
            }
        }
        if *names != [table.key().name] {
            let refusal = PgError::new(
                "42P10",
                "there is no unique or exclusion constraint matching the ON CONFLICT specification"
                    .to_owned(),
            );
            return Err(RestError::from_postgres(refusal, &Role::Authenticated));
        }
    }
    Ok(match resolution {
        Resolution::Ignore => OnConflict::Ignore,
        Resolution::Merge => OnConflict::Merge(columns),
    })
}

/// `/table?key=eq.value`
fn location(row: &Row) -> String {
    let value: String = match row.key() {
        Value::Text(text) => url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        other => other.to_text().unwrap_or_default(),
    };
    format!("/{}?{}=eq.{value}", row.table.name, row.table.key().name)
}
