//! Entrances of the fuzz targets.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::http::Reply;
use crate::{Service, auth, body};

/// Reads an answer of Auth, as a success and as a failure.
pub fn answer(status: u16, headers: &[(&'static str, Option<&str>)], body: &[u8]) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
            map.insert(HeaderName::from_static(name), value);
        }
    }
    let reply = Reply {
        status,
        headers: map,
        body: body.to_vec(),
    };
    if let Ok(session) = auth::session(&reply) {
        let told = format!("{session:?}");
        let token = session.access_token.expose();
        assert!(token.len() < 16 || !told.contains(token), "a token is told");
    }
    for service in [Service::Auth, Service::Rest] {
        let error = body::failure(service, &reply);
        let _ = (error.class(), error.to_string());
    }
}
