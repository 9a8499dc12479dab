//! PostgREST for the tables.

mod answer;
mod body;
mod error;
mod grammar;
mod parse;
mod prefer;
mod project;
mod query;
mod rpc;
mod select;
mod sql;
mod write;

use std::collections::BTreeMap;

use axum::extract::{DefaultBodyLimit, Path, RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Router, middleware};
use bytes::Bytes;
use serde_json::value::RawValue;

use crate::auth::{Claims, Role};
use crate::gateway::{self, Caller};
use crate::hooks;
use crate::state::AppState;
use crate::store::PgError;
use crate::store::schema::{Grants, SCHEMA, Table};
use error::RestError;

/// The longest body; a bulk insert of a thousand long messages fits.
const BODY: usize = 64 << 20;
/// How long a token is still taken after its end, in seconds.
const LEEWAY: i64 = 30;

/// A request for one table by someone known.
struct Request {
    table: &'static Table,
    claims: Claims,
    headers: HeaderMap,
    query: String,
}

pub(crate) fn routes(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/rest/v1/", any(root))
        .route("/rest/v1/rpc/{name}", any(function))
        .route("/rest/v1/{table}", any(table))
        .route(
            "/rest/v1/{table}/{*path}",
            any(|| async { RestError::path() }),
        )
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn_with_state(state.clone(), hooks::limit))
}

async fn table(
    State(state): State<AppState>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = query.unwrap_or_default();
    let claims = match identify(&state, &headers, &query) {
        Ok(claims) => claims,
        Err(refused) => return *refused,
    };
    answer(&state, claims, &name, query, &method, headers, body)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn answer(
    state: &AppState,
    claims: Claims,
    name: &str,
    query: String,
    method: &Method,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, RestError> {
    let read = matches!(*method, Method::GET | Method::HEAD);
    let profile = if read {
        "accept-profile"
    } else {
        "content-profile"
    };
    if let Some(given) = headers.get(profile)
        && given != SCHEMA
    {
        return Err(RestError::schema(&String::from_utf8_lossy(
            given.as_bytes(),
        )));
    }
    let parts = state.store().parts();
    let missing = state.behaviour().missing.iter().any(|table| table == name);
    let table = parts
        .table(name)
        .filter(|_| !missing)
        .ok_or_else(|| RestError::table(name, &parts.tables()))?;
    if !read && !granted(table, &claims.role, method) {
        let refusal = PgError::permission_denied(table.name);
        return Err(RestError::from_postgres(refusal, &claims.role));
    }
    let bound = state.behaviour().row_security || !table.is_basic();
    let request = Request {
        table,
        claims: if bound {
            claims
        } else {
            Claims::of_role(Role::ServiceRole)
        },
        headers,
        query,
    };
    match *method {
        Method::GET => select::get(state, &request, false).await,
        Method::HEAD => select::get(state, &request, true).await,
        Method::POST => write::post(state, &request, body).await,
        Method::PATCH => write::patch(state, &request, body).await,
        Method::DELETE => write::delete(state, &request).await,
        ref other => Err(RestError::method(other.as_str())),
    }
}

/// Whether a verb is granted at all; which columns an update may set is asked when they are known.
fn granted(table: &Table, role: &Role, method: &Method) -> bool {
    match table.grants {
        Grants::All => true,
        Grants::Read => false,
        Grants::Few(_) if *role == Role::ServiceRole => true,
        Grants::Few(columns) => match *method {
            Method::DELETE => true,
            Method::PATCH => !columns.is_empty(),
            _ => false,
        },
    }
}

async fn function(
    State(state): State<AppState>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = query.unwrap_or_default();
    let claims = match identify(&state, &headers, &query) {
        Ok(claims) => claims,
        Err(refused) => return *refused,
    };
    let arguments: BTreeMap<String, Box<RawValue>> = if method == Method::POST {
        serde_json::from_slice(&body).unwrap_or_default()
    } else {
        url::form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name != "apikey")
            .filter_map(|(name, value)| {
                let text = serde_json::value::to_raw_value(&value).ok()?;
                Some((name.into_owned(), text))
            })
            .collect()
    };
    rpc::call(&state, &claims, &name, &method, &arguments)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

/// What there is, in the least that an OpenAPI reader takes.
async fn root(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = identify(&state, &headers, query.as_deref().unwrap_or_default()) {
        return *refused;
    }
    let tables = state.store().parts().tables();
    let definitions: serde_json::Map<String, serde_json::Value> = tables
        .iter()
        .map(|table| {
            let properties: serde_json::Map<String, serde_json::Value> = table
                .columns
                .iter()
                .map(|column| {
                    let format = serde_json::json!({"format": column.kind.sql_name()});
                    (column.name.to_owned(), format)
                })
                .collect();
            (
                table.name.to_owned(),
                serde_json::json!({"properties": properties}),
            )
        })
        .collect();
    let paths: serde_json::Map<String, serde_json::Value> = tables
        .iter()
        .map(|table| (format!("/{}", table.name), serde_json::json!({})))
        .collect();
    axum::Json(serde_json::json!({
        "swagger": "2.0",
        "info": {"title": "Tidings local workspace", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "definitions": definitions,
    }))
    .into_response()
}

/// Who asks: the key lets a request in, the bearer's token decides the role.
fn identify(state: &AppState, headers: &HeaderMap, query: &str) -> Result<Claims, Box<Response>> {
    let Caller { key, bearer } =
        gateway::caller(state, headers, query).map_err(IntoResponse::into_response)?;
    let claims = match bearer {
        Some(token) => {
            let now = state.clock().now();
            crate::auth::token::decode(state.keys().jwt_secret(), &token, now, LEEWAY)
                .map_err(|error| RestError::from(error).into_response())?
        }
        None => key,
    };
    if let Role::Other(name) = &claims.role {
        let refusal = PgError::new("22023", format!("role \"{name}\" does not exist"));
        return Err(RestError::from_postgres(refusal, &claims.role)
            .into_response()
            .into());
    }
    if claims.role == Role::Anon && !state.behaviour().anonymous {
        return Err(RestError::anonymous().into_response().into());
    }
    Ok(claims)
}
