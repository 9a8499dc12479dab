//! What stands before every route: the Host check, CORS, and answers for paths that do
//! not exist.

use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tidings_model::Timestamp;

use crate::auth::Claims;
use crate::state::AppState;

const ALLOWED_METHODS: &str = "GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS";
const ALLOWED_HEADERS: &str = "apikey, authorization, content-type, prefer, range, range-unit, \
    accept, accept-profile, content-profile, x-client-info, x-supabase-api-version, x-retry-count, \
    cache-control, x-upsert, x-metadata";
const EXPOSED_HEADERS: &str = "Content-Range, Content-Location, Location, Date, \
    Preference-Applied, x-sb-error-code, x-supabase-api-version";

/// Refuses a Host that is no loopback name, answers preflights, and lets every origin in:
/// what keeps a foreign page out is the key, and, when it has bent a name of its own to
/// the loopback address, the Host check.
pub(crate) async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if !host_is_loopback(request.headers(), request.uri().host()) {
        return (
            StatusCode::FORBIDDEN,
            Json(json!({"message": "This server answers to loopback names only"})),
        )
            .into_response();
    }
    let preflight = request.method() == Method::OPTIONS;
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    if let Some(date) = date(state.clock().now()) {
        headers.insert(header::DATE, date);
    }
    set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(
        headers,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        EXPOSED_HEADERS,
    );
    if preflight {
        set(
            headers,
            header::ACCESS_CONTROL_ALLOW_METHODS,
            ALLOWED_METHODS,
        );
        set(
            headers,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            ALLOWED_HEADERS,
        );
        set(headers, header::ACCESS_CONTROL_MAX_AGE, "3600");
    }
    response
}

/// Who a request comes from, as far as the gateway can tell.
pub(crate) struct Caller {
    /// What its key stands for.
    pub key: Claims,
    /// The token it carries; a key that was repeated there does not count as one.
    pub bearer: Option<String>,
}

/// Why a request does not get past the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyRefused {
    /// It shows no key.
    Missing,
    /// Its key is none of this server's.
    Unknown,
}

impl IntoResponse for KeyRefused {
    fn into_response(self) -> Response {
        let (message, hint) = match self {
            Self::Missing => (
                "No API key found in request",
                "No `apikey` request header or url param was found.",
            ),
            Self::Unknown => ("Invalid API key", "Double check your API key."),
        };
        (
            StatusCode::UNAUTHORIZED,
            Json(json!({"message": message, "hint": hint})),
        )
            .into_response()
    }
}

/// Reads the key (header or query) and the bearer, refusing requests without a known key.
pub(crate) fn caller(
    state: &AppState,
    headers: &HeaderMap,
    query: &str,
) -> Result<Caller, KeyRefused> {
    let from_query = || {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "apikey")
            .map(|(_, value)| value.into_owned())
    };
    let given = headers
        .get("apikey")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
        .or_else(from_query);
    let given = given.ok_or(KeyRefused::Missing)?;
    let key = state.keys().claims_of(&given).ok_or(KeyRefused::Unknown)?;
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme
                .eq_ignore_ascii_case("bearer")
                .then(|| token.trim().to_owned())
        })
        .filter(|token| !(token.starts_with("sb_") && *token == given));
    Ok(Caller { key, bearer })
}

/// No route of any part has this path.
pub(crate) async fn not_found() -> Response {
    (
        StatusCode::NOT_FOUND,
        Json(json!({"message": "no Route matched with those values"})),
    )
        .into_response()
}

/// The time by the server's own clock, by which clients measure theirs.
fn date(now: Timestamp) -> Option<HeaderValue> {
    let millis = u64::try_from(now.as_millis()).ok()?;
    let at = UNIX_EPOCH.checked_add(Duration::from_millis(millis))?;
    HeaderValue::from_str(&httpdate::fmt_http_date(at)).ok()
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

fn host_is_loopback(headers: &HeaderMap, target: Option<&str>) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let Ok(host) = host.to_str() else {
        return false;
    };
    is_loopback(host) && target.is_none_or(is_loopback)
}

/// Whether `authority` (a name or address, maybe with a port) is a loopback one.
fn is_loopback(authority: &str) -> bool {
    let name = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(address, _)| address),
        None => authority
            .split_once(':')
            .map_or(authority, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_loopback_names_pass() {
        for host in [
            "localhost",
            "LOCALHOST:54321",
            "127.0.0.1:1",
            "127.8.9.1",
            "[::1]:80",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example:80",
            "10.0.0.1",
            "[::2]",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
