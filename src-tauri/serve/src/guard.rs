//! What stands before every route: names and origins that are this server's own, and the
//! window's content security policy.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::uri::{Authority, Scheme, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// The window's configuration, which holds its policy.
const WINDOW: &str = include_str!("../../../tauri.conf.json");
const POLICY: &str = "/app/security/csp";
const CONNECT: &str = "connect-src";

/// What a request is held against.
#[derive(Debug)]
pub(crate) struct Guard {
    port: u16,
    policy: HeaderValue,
}

impl Guard {
    /// A guard for a server on that port; none when the window has no policy to take over.
    pub fn new(port: u16) -> Option<Self> {
        let window: Value = serde_json::from_str(WINDOW).ok()?;
        let policy = with_socket(window.pointer(POLICY)?.as_str()?, port);
        Some(Self {
            port,
            policy: HeaderValue::from_str(&policy).ok()?,
        })
    }

    /// A page of somebody else's may have bent its own name to the loopback address (Host),
    /// or may connect from where it is (Origin; scripts outside a browser send none).
    fn admits(&self, headers: &HeaderMap, target: &Uri) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return false;
        };
        let named = host
            .to_str()
            .ok()
            .and_then(|host| host.parse::<Authority>().ok());
        let own = named.is_some_and(|host| self.is_own(&host))
            && target.authority().is_none_or(|target| self.is_own(target));
        own && headers
            .get_all(header::ORIGIN)
            .iter()
            .all(|origin| self.is_own_origin(origin))
    }

    fn is_own_origin(&self, origin: &HeaderValue) -> bool {
        let origin = origin
            .to_str()
            .ok()
            .and_then(|origin| origin.parse::<Uri>().ok());
        origin.is_some_and(|origin| {
            origin.scheme() == Some(&Scheme::HTTP)
                && origin
                    .authority()
                    .is_some_and(|authority| self.is_own(authority))
        })
    }

    fn is_own(&self, authority: &Authority) -> bool {
        let name = authority.host().trim_matches(['[', ']']);
        let loopback = name.eq_ignore_ascii_case("localhost")
            || name
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        loopback && authority.port_u16().unwrap_or(80) == self.port
    }
}

/// Refuses foreign names and origins, and puts the policy on what is let through.
pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    if !guard.admits(request.headers(), request.uri()) {
        let message = "This server answers to its own page and to scripts on this computer.";
        return (StatusCode::FORBIDDEN, message).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, guard.policy.clone());
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The policy, with this server's own socket among what a page may connect to.
fn with_socket(policy: &str, port: u16) -> String {
    let directives = policy.split(';').map(str::trim).map(|directive| {
        if directive.starts_with(CONNECT) {
            format!("{directive} ws://127.0.0.1:{port} ws://localhost:{port}")
        } else {
            directive.to_owned()
        }
    });
    directives.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn admits(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        Guard::new(8000)
            .unwrap()
            .admits(&headers, &Uri::from_static("/ws"))
    }

    #[test]
    fn only_its_own_names_and_origins_pass() {
        for host in ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"] {
            assert!(admits(host, None), "{host}");
            assert!(admits(host, Some("http://localhost:8000")), "{host}");
        }
        for host in [
            "127.0.0.1:8001",
            "localhost",
            "evil.example:8000",
            "10.0.0.1:8000",
        ] {
            assert!(!admits(host, None), "{host}");
        }
        for origin in [
            "null",
            "https://localhost:8000",
            "http://localhost:9000",
            "http://evil.example",
        ] {
            assert!(!admits("localhost:8000", Some(origin)), "{origin}");
        }
        assert!(
            !Guard::new(8000)
                .unwrap()
                .admits(&HeaderMap::new(), &Uri::from_static("/"))
        );
    }

    #[test]
    fn the_windows_policy_gains_the_socket_alone() {
        let policy = with_socket(
            "default-src 'self'; connect-src 'self' ipc:; object-src 'none'",
            8,
        );
        assert_eq!(
            policy,
            "default-src 'self'; connect-src 'self' ipc: ws://127.0.0.1:8 ws://localhost:8; object-src 'none'"
        );
        let real = Guard::new(8).unwrap().policy;
        assert!(real.to_str().unwrap().contains("ws://127.0.0.1:8"));
    }
}
