//! The calls of PostgREST (base `/rest/v1`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rand::RngExt as _;
use reqwest::Method;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::backoff::Hold;
use crate::http::{Reply, Request};
use crate::{BackOff, Error, Filter, Http, Project, Query, Service, TokenManager, body};

/// Client of one project's tables, speaking for one user.
#[derive(Debug, Clone)]
pub struct Rest {
    http: Http,
    project: Project,
    tokens: Option<TokenManager>,
    schema: Option<String>,
    limits: Arc<Limits>,
}

/// What the services say of too many requests, for all who ask them through one [`Rest`].
#[derive(Debug)]
struct Limits {
    rest: Mutex<Hold>,
    realtime: Mutex<Hold>,
    storage: Mutex<Hold>,
}

/// A gateway's limit that names no time (HTTP 429, section 4.3 of the protocol notes).
const LIMIT: BackOff = BackOff {
    first: Duration::from_secs(2),
    longest: Duration::from_mins(1),
};

/// Rows as the server wrote them: exact numbers and times stay text until someone reads them.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// One JSON object each.
    pub rows: Vec<Box<RawValue>>,
    /// How many rows meet the filters in all, when that was asked for.
    pub total: Option<u64>,
    /// The server's clock at the answer, to the second.
    pub date: Option<SystemTime>,
}

/// The answer to an insert that may have been carried out before.
#[derive(Debug, Clone)]
pub enum Insert {
    /// The row as it now is, defaults filled in.
    Inserted(Box<RawValue>),
    /// A row with this id was there, and was left alone. Read it by its id.
    AlreadyThere,
}

/// How often a token that is not valid yet is shown again.
const EARLY_TRIES: u32 = 3;

impl Rest {
    /// Calls without a user: what anybody may see.
    pub fn new(http: Http, project: Project) -> Self {
        Self {
            http,
            project,
            tokens: None,
            schema: None,
            limits: Arc::new(Limits {
                rest: Mutex::new(Hold::new(LIMIT)),
                realtime: Mutex::new(Hold::new(LIMIT)),
                storage: Mutex::new(Hold::new(LIMIT)),
            }),
        }
    }

    /// Speaks for the user of this session, and for nobody while there is none.
    #[must_use]
    pub fn with_tokens(mut self, tokens: TokenManager) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Names the schema; without it the server's default is used (`public`).
    #[must_use]
    pub fn with_schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Reads rows. Row level security leaves out, silently, what may not be seen.
    pub async fn select(&self, table: &str, query: &Query) -> Result<Rows, Error> {
        let reply = self
            .call(Service::Rest, || {
                let request = self.request(Method::GET, table, &query.pairs())?;
                Ok(if query.counts() {
                    request.header("prefer", "count=exact")
                } else {
                    request
                })
            })
            .await?;
        rows(&reply)
    }

    /// Counts rows, exactly.
    pub async fn count(&self, table: &str, query: &Query) -> Result<u64, Error> {
        let reply = self
            .call(Service::Rest, || {
                let request = self.request(Method::HEAD, table, &query.pairs())?;
                Ok(request.header("prefer", "count=exact"))
            })
            .await?;
        total(&reply).ok_or_else(|| Error::InvalidAnswer("a count without a number".to_owned()))
    }

    /// Inserts one row unless its `id` is there already: safe to repeat after a lost answer.
    pub async fn insert_ignore_duplicates(
        &self,
        table: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<Insert, Error> {
        let prefer = "resolution=ignore-duplicates,return=representation";
        let mut rows = self
            .write(Method::POST, table, &on_conflict("id"), prefer, body)
            .await?;
        Ok(rows
            .rows
            .pop()
            .map_or(Insert::AlreadyThere, Insert::Inserted))
    }

    /// Inserts a row, or changes the given columns of the one whose `on_conflict` is the same.
    pub async fn upsert(
        &self,
        table: &str,
        on_conflict_column: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<Rows, Error> {
        let prefer = "resolution=merge-duplicates,return=representation";
        let pairs = on_conflict(on_conflict_column);
        self.write(Method::POST, table, &pairs, prefer, body).await
    }

    /// Inserts a row, and asks for nothing in return: rules about reading have no say.
    pub async fn insert(&self, table: &str, body: &(impl Serialize + Sync)) -> Result<(), Error> {
        self.call(Service::Rest, || {
            let request = self.request(Method::POST, table, &[])?;
            request.header("prefer", "return=minimal").json(body)
        })
        .await?;
        Ok(())
    }

    /// Changes the rows that meet the filter, and returns them as they now are. No rows means
    /// that there was none, or that none may be changed: the server does not tell which.
    pub async fn update(
        &self,
        table: &str,
        filter: &Filter,
        body: &(impl Serialize + Sync),
    ) -> Result<Rows, Error> {
        let pairs = bounded(filter)?;
        self.write(Method::PATCH, table, &pairs, "return=representation", body)
            .await
    }

    /// Deletes the rows that meet the filter, and returns them as they were. No rows means
    /// that there was none, or that none may be deleted: the server does not tell which.
    pub async fn delete(&self, table: &str, filter: &Filter) -> Result<Rows, Error> {
        let pairs = bounded(filter)?;
        let reply = self
            .call(Service::Rest, || {
                let request = self.request(Method::DELETE, table, &pairs)?;
                Ok(request.header("prefer", "return=representation"))
            })
            .await?;
        rows(&reply)
    }

    /// Calls a function of the database (`POST /rpc/<name>`) and returns its answer as written.
    pub async fn call_function(
        &self,
        name: &str,
        arguments: &(impl Serialize + Sync),
    ) -> Result<Box<RawValue>, Error> {
        let reply = self
            .call(Service::Rest, || {
                let path = ["rest", "v1", "rpc", name];
                self.request_at(Method::POST, &path, &[])?.json(arguments)
            })
            .await?;
        reply.read()
    }

    async fn write(
        &self,
        method: Method,
        table: &str,
        pairs: &[(String, String)],
        prefer: &'static str,
        body: &(impl Serialize + Sync),
    ) -> Result<Rows, Error> {
        let reply = self
            .call(Service::Rest, || {
                let request = self.request(method.clone(), table, pairs)?;
                request.header("prefer", prefer).json(body)
            })
            .await?;
        rows(&reply)
    }

    fn request(
        &self,
        method: Method,
        table: &str,
        pairs: &[(String, String)],
    ) -> Result<Request<'_>, Error> {
        self.request_at(method, &["rest", "v1", table], pairs)
    }

    fn request_at(
        &self,
        method: Method,
        path: &[&str],
        pairs: &[(String, String)],
    ) -> Result<Request<'_>, Error> {
        let profile = match method {
            Method::GET | Method::HEAD => "accept-profile",
            _ => "content-profile",
        };
        let url = self.project.endpoint(path);
        let mut request =
            Request::new(&self.project, method, url).header("accept", "application/json");
        for (name, value) in pairs {
            request.query(name, value);
        }
        match &self.schema {
            Some(schema) => request.named(profile, schema),
            None => Ok(request),
        }
    }

    /// The project that is asked.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// Sends, unless the service has asked for patience: then it fails at once, with the time
    /// that is left.
    pub(crate) async fn call<'a>(
        &'a self,
        service: Service,
        build: impl Fn() -> Result<Request<'a>, Error>,
    ) -> Result<Reply, Error> {
        let hold = match service {
            Service::Realtime => &self.limits.realtime,
            Service::Storage => &self.limits.storage,
            Service::Rest | Service::Auth => &self.limits.rest,
        };
        // Its fields are replaced with whole values: a panic leaves it usable.
        let hold = || hold.lock().unwrap_or_else(PoisonError::into_inner);
        hold().check()?;
        let answer = self.ask(service, build).await;
        match answer {
            // Of this service: renewing a token has limits of its own.
            Err(Error::Api(api)) if api.service == service && api.status == 429 => {
                Err(hold().refused(Error::Api(api)))
            }
            Err(error) if error.status().is_none() => Err(error),
            answer => {
                hold().answered();
                answer
            }
        }
    }

    /// Sends; renews a refused token once, and waits for one that is not valid yet.
    async fn ask<'a>(
        &'a self,
        service: Service,
        build: impl Fn() -> Result<Request<'a>, Error>,
    ) -> Result<Reply, Error> {
        let mut token = match &self.tokens {
            Some(tokens) => Some(tokens.access_token().await?),
            None => None,
        };
        let (mut early, mut renewed) = (0, false);
        loop {
            let reply = self.http.send(build()?.bearer(token.as_deref())).await?;
            if reply.is_success() {
                return Ok(reply);
            }
            let error = body::failure(service, &reply);
            let (Some(tokens), Some(refused)) = (&self.tokens, &token) else {
                return Err(error);
            };
            match Refusal::of(&error) {
                Refusal::TooEarly if early < EARLY_TRIES => {
                    early += 1;
                    let wait = rand::rng().random_range(1_000..2_000);
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                }
                Refusal::Token if !renewed => {
                    renewed = true;
                    token = Some(tokens.renew_refused(refused).await?);
                }
                _ => return Err(error),
            }
        }
    }
}

/// What a refusal says about the token.
enum Refusal {
    /// Expired, or signed by another key: a new one may do.
    Token,
    /// Issued in the server's future: its clock is behind the one of Auth.
    TooEarly,
    /// Nothing about the token.
    Other,
}

impl Refusal {
    fn of(error: &Error) -> Self {
        match error {
            Error::Api(api) => {
                if !body::refuses_token(api) {
                    Self::Other
                } else if api.message.contains("future") {
                    Self::TooEarly
                } else {
                    Self::Token
                }
            }
            _ => Self::Other,
        }
    }
}

fn on_conflict(column: &str) -> Vec<(String, String)> {
    vec![("on_conflict".to_owned(), column.to_owned())]
}

fn bounded(filter: &Filter) -> Result<Vec<(String, String)>, Error> {
    if !filter.restricts() {
        return Err(Error::MissingFilter);
    }
    let mut pairs = Vec::new();
    filter.pairs(&mut pairs);
    Ok(pairs)
}

fn rows(reply: &Reply) -> Result<Rows, Error> {
    Ok(Rows {
        rows: reply.read()?,
        total: total(reply),
        date: reply.date(),
    })
}

/// The number behind the slash of `0-49/3573`, or of `*/0`.
fn total(reply: &Reply) -> Option<u64> {
    reply
        .header("content-range")?
        .rsplit_once('/')?
        .1
        .parse()
        .ok()
}
