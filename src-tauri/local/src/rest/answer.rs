//! Answers: media types, ranges, headers.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;

use super::error::RestError;
use super::project::Projection;
use crate::auth::Role;
use crate::store::Row;

/// How rows are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// One object rather than an array.
    pub single: bool,
    /// Members that are NULL are left out.
    pub stripped: bool,
}

impl Form {
    /// The first media type of `Accept` that is offered.
    pub fn accepted(headers: &HeaderMap) -> Result<Self, RestError> {
        let accept = headers
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("*/*");
        for wanted in accept.split(',') {
            let mut parts = wanted.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let stripped = parts.any(|parameter| parameter == "nulls=stripped");
            match media.as_str() {
                "application/json" | "application/*" | "*/*" | "" => {
                    return Ok(Self {
                        single: false,
                        stripped: false,
                    });
                }
                "application/vnd.pgrst.array" | "application/vnd.pgrst.array+json" => {
                    return Ok(Self {
                        single: false,
                        stripped,
                    });
                }
                "application/vnd.pgrst.object" | "application/vnd.pgrst.object+json" => {
                    return Ok(Self {
                        single: true,
                        stripped,
                    });
                }
                _ => {}
            }
        }
        Err(RestError::media_type(accept))
    }

    const fn media_type(self) -> &'static str {
        match (self.single, self.stripped) {
            (false, false) => "application/json; charset=utf-8",
            (false, true) => "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8",
            (true, false) => "application/vnd.pgrst.object+json; charset=utf-8",
            (true, true) => "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8",
        }
    }

    /// The body for `rows`.
    pub fn body(
        self,
        projection: &Projection,
        rows: &[Row],
        role: &Role,
    ) -> Result<String, RestError> {
        let refused = |refusal| RestError::from_postgres(refusal, role);
        let mut out = String::with_capacity(rows.len() * 256 + 2);
        if self.single {
            let [row] = rows else {
                return Err(RestError::not_single(rows.len()));
            };
            projection
                .write(row, self.stripped, &mut out)
                .map_err(refused)?;
            return Ok(out);
        }
        out.push('[');
        for (index, row) in rows.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            projection
                .write(row, self.stripped, &mut out)
                .map_err(refused)?;
        }
        out.push(']');
        Ok(out)
    }
}

/// An answer under construction.
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Option<String>,
}

impl Answer {
    /// With this status and nothing else.
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: None,
        }
    }

    /// With a header, left out when the value cannot be one.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// With `Preference-Applied` when a preference was.
    pub fn applied(self, applied: Option<&str>) -> Self {
        match applied {
            Some(text) => self.header(HeaderName::from_static("preference-applied"), text),
            None => self,
        }
    }

    /// With rows.
    pub fn rows(mut self, form: Form, body: String) -> Self {
        self.headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(form.media_type()),
        );
        self.headers.insert(
            HeaderName::from_static("content-profile"),
            HeaderValue::from_static("public"),
        );
        self.body = Some(body);
        self
    }

    /// The response.
    pub fn finish(self) -> Response {
        let mut response = Response::new(self.body.map_or_else(Body::empty, Body::from));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// `first-last/total`, with `*` for what is not there or not known.
pub fn content_range(first: usize, rows: usize, total: Option<usize>) -> String {
    let total_text = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
    if rows == 0 || total == Some(0) {
        format!("*/{total_text}")
    } else {
        format!("{first}-{}/{total_text}", first + rows - 1)
    }
}
