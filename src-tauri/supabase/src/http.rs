//! One HTTP client, with deadlines and limits, without redirects.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::{Method, Request as Raw};
use tokio::time::timeout;
use url::Url;

use crate::transport::{Connector, Streams, Transport, Web};
use crate::{Error, Project};

/// Deadlines of one request.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// To open a connection.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
    /// From start to end.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(20),
            total: Duration::from_mins(1),
        }
    }
}

/// The HTTP client that everything shares. A clone is the same client.
#[derive(Debug, Clone)]
pub struct Http {
    transport: Transport,
    timeouts: Timeouts,
}

/// An answer over this size is refused while it is read.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// Longer addresses are refused by servers and proxies.
const MAX_URL: usize = 8_000;

impl Http {
    /// A client with the usual deadlines.
    pub fn new() -> Result<Self, Error> {
        Self::with(Timeouts::default())
    }

    /// A client with other deadlines.
    pub fn with(timeouts: Timeouts) -> Result<Self, Error> {
        let transport = Transport::Web(Web::new(timeouts.connect)?);
        Ok(Self {
            transport,
            timeouts,
        })
    }

    /// A client over whatever byte streams `connector` makes, each for one request.
    pub fn over(connector: Arc<dyn Connector>, timeouts: Timeouts) -> Self {
        Self {
            transport: Transport::Streams(Streams::new(connector)),
            timeouts,
        }
    }

    /// Sends a request and reads the whole answer, whatever its status.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Reply, Error> {
        if request.url.as_str().len() > MAX_URL {
            return Err(Error::RequestTooLong);
        }
        let mut raw = Raw::new(request.method, request.url);
        let headers = raw.headers_mut();
        *headers = request.headers;
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("tidings/", env!("CARGO_PKG_VERSION"))),
        );
        if let Some(body) = request.body {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
            *raw.body_mut() = Some(body.into());
        }
        let Limits { bytes, total } = request.limits.unwrap_or(Limits {
            bytes: MAX_ANSWER,
            total: self.timeouts.total,
        });
        within(total, self.exchange(raw, bytes)).await
    }

    async fn exchange(&self, request: Raw, most: usize) -> Result<Reply, Error> {
        let Timeouts { connect, idle, .. } = self.timeouts;
        let mut answer = within(connect + idle, self.transport.send(request)).await?;
        let told = answer.headers.get("content-length");
        let told = told.and_then(|told| told.to_str().ok()?.parse::<usize>().ok());
        if told.is_some_and(|told| told > most) {
            return Err(Error::AnswerTooLarge);
        }
        let mut body = Vec::new();
        while let Some(piece) = within(idle, answer.piece()).await? {
            if body.len() + piece.len() > most {
                return Err(Error::AnswerTooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Reply {
            status: answer.status,
            headers: answer.headers,
            body,
        })
    }
}

/// What is not done by the deadline may have been carried out all the same.
async fn within<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    timeout(deadline, work).await.unwrap_or_else(|_| {
        Err(Error::Network {
            timed_out: true,
            message: format!("no answer within {} s", deadline.as_secs_f32()),
        })
    })
}

/// A request to one project.
pub(crate) struct Request<'a> {
    project: &'a Project,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    limits: Option<Limits>,
}

/// Limits of one answer, in place of those of the client.
#[derive(Debug, Clone, Copy)]
struct Limits {
    bytes: usize,
    total: Duration,
}

impl<'a> Request<'a> {
    /// A request that carries the project's key.
    pub(crate) fn new(project: &'a Project, method: Method, url: Url) -> Self {
        let request = Self {
            project,
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            limits: None,
        };
        request.secret("apikey", project.key().expose())
    }

    /// Adds a header whose value this crate writes itself.
    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        self
    }

    /// Adds a header whose value comes from outside.
    pub(crate) fn named(mut self, name: &'static str, value: &str) -> Result<Self, Error> {
        let value =
            HeaderValue::from_str(value).map_err(|e| Error::InvalidRequest(e.to_string()))?;
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// Takes an answer of up to `bytes`, for as long as `total`.
    pub(crate) fn at_most(mut self, bytes: usize, total: Duration) -> Self {
        self.limits = Some(Limits { bytes, total });
        self
    }

    /// Adds a pair to the address's query.
    pub(crate) fn query(&mut self, name: &str, value: &str) {
        self.url.query_pairs_mut().append_pair(name, value);
    }

    /// Speaks for a user; without one, a key that is a token speaks for itself.
    pub(crate) fn bearer(self, token: Option<&str>) -> Self {
        let key = self.project.key();
        match token.or(key.is_legacy().then(|| key.expose())) {
            Some(token) => self.secret("authorization", &format!("Bearer {token}")),
            None => self,
        }
    }

    /// Adds a JSON body.
    pub(crate) fn json(mut self, body: &impl serde::Serialize) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(body).map_err(|e| Error::InvalidRequest(e.to_string()))?;
        self.body = Some(bytes);
        Ok(self)
    }

    /// Keys and tokens are visible ASCII: checked when a key is parsed, given by the server
    /// for a token. Anything else is left out, and the server refuses the request.
    fn secret(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name)?.to_str().ok().map(str::to_owned)
    }

    /// The server's clock, to the second.
    pub(crate) fn date(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.headers.get("date")?.to_str().ok()?).ok()
    }

    /// `Retry-After` in seconds, or as a date, measured against the server's own clock.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.header("retry-after")?;
        if let Ok(seconds) = value.trim().parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let until = httpdate::parse_http_date(value.trim()).ok()?;
        let now = self.date().unwrap_or_else(SystemTime::now);
        Some(until.duration_since(now).unwrap_or_default())
    }

    /// Reads a success. A page where JSON was promised is not Supabase.
    pub(crate) fn read<'de, T: serde::Deserialize<'de>>(&'de self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let html = self
                .header("content-type")
                .is_some_and(|kind| kind.contains("html"))
                || self.body.trim_ascii_start().starts_with(b"<");
            if html {
                Error::NotSupabase {
                    status: self.status,
                }
            } else {
                Error::InvalidAnswer(error.to_string())
            }
        })
    }
}

#[cfg(test)]
impl Reply {
    /// An answer as a test writes it.
    pub(crate) fn scripted(
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &str,
    ) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        Self {
            status,
            headers,
            body: body.as_bytes().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date_by_the_servers_clock() {
        let date = "Sun, 22 Nov 2026 10:00:00 GMT";
        let seconds = Reply::scripted(429, &[("retry-after", "7")], "");
        assert_eq!(seconds.retry_after(), Some(Duration::from_secs(7)));
        let later = [
            ("date", date),
            ("retry-after", "Sun, 22 Nov 2026 10:01:30 GMT"),
        ];
        assert_eq!(
            Reply::scripted(503, &later, "").retry_after(),
            Some(Duration::from_secs(90))
        );
        let past = [
            ("date", date),
            ("retry-after", "Sun, 22 Nov 2026 09:00:00 GMT"),
        ];
        assert_eq!(
            Reply::scripted(503, &past, "").retry_after(),
            Some(Duration::ZERO)
        );
        let nonsense = Reply::scripted(503, &[("retry-after", "soon")], "");
        assert_eq!(nonsense.retry_after(), None);
    }

    #[test]
    fn a_page_where_json_was_promised_is_not_supabase() {
        let page = Reply::scripted(200, &[], "  <html></html>");
        assert_eq!(
            page.read::<Vec<u8>>(),
            Err(Error::NotSupabase { status: 200 })
        );
        let broken = Reply::scripted(200, &[], "[1, 2");
        assert!(matches!(
            broken.read::<Vec<u8>>(),
            Err(Error::InvalidAnswer(_))
        ));
    }
}
