//! What a client needs to know, with defaults that need no thought.

use std::fmt;
use std::time::Duration;

use url::Url;
use zeroize::Zeroize;

use crate::frame::Vsn;

/// A key or token. `Debug` does not show it, and its memory is wiped when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the wire alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The project's publishable (or legacy anonymous) key.
pub type ApiKey = Secret;

/// How long to wait between attempts: full jitter, `random(0, min(cap, base · 2ⁿ))`.
#[derive(Debug, Clone, Copy)]
pub struct BackoffConfig {
    /// Upper bound of the first wait.
    pub base: Duration,
    /// Upper bound of every wait.
    pub cap: Duration,
    /// The counter starts again only after this long in health.
    pub healthy_after: Duration,
}

impl Default for BackoffConfig {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            healthy_after: Duration::from_secs(30),
        }
    }
}

/// A slow pace of attempts, full jitter above a floor: `random(floor, min(cap, 4 · floor · 2ⁿ))`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowRetry {
    /// Lower bound of every wait.
    pub floor: Duration,
    /// Upper bound of every wait.
    pub cap: Duration,
}

impl Default for SlowRetry {
    fn default() -> Self {
        Self {
            floor: Duration::from_secs(30),
            cap: Duration::from_mins(10),
        }
    }
}

/// What of the settings may change while a client runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// Time between heartbeats, under the 60 s after which the server closes a silent socket.
    pub heartbeat: Duration,
    /// Upper bound of the first wait between attempts.
    pub first_wait: Duration,
    /// Upper bound of every wait between attempts.
    pub longest_wait: Duration,
    /// Broadcasts and presence calls a second.
    pub events_per_second: u32,
}

/// Settings of a client. [`Config::new`] fills in everything but the project and its key.
#[derive(Debug, Clone)]
pub struct Config {
    /// The project's URL, such as `https://abc.supabase.co`.
    pub url: Url,
    /// Address of the socket, where it is not `/realtime/v1/websocket` under `url`.
    pub endpoint: Option<Url>,
    /// The project's key.
    pub apikey: ApiKey,
    /// Serializer to ask for.
    pub vsn: Vsn,
    /// Time between heartbeats. The server closes a socket after 60 s without a frame.
    pub heartbeat: Duration,
    /// A socket on which nothing arrives for this long after a heartbeat is dead.
    pub heartbeat_timeout: Duration,
    /// Added to `heartbeat_timeout` while a join is pending: a failing join holds up every
    /// answer of the socket for 5 s.
    pub join_slack: Duration,
    /// The deadline of [`Client::probe`](crate::Client::probe).
    pub probe_timeout: Duration,
    /// Time for TCP, TLS and handshake together. A refusal takes the server 2 s.
    pub connect_timeout: Duration,
    /// Time for the token to be read before a join.
    pub token_timeout: Duration,
    /// Time for the answer to a join. A refusal takes the server 5 s.
    pub join_timeout: Duration,
    /// Time from the answer to a join until row changes flow; then the channel joins again.
    pub subscribe_timeout: Duration,
    /// Time for the answer to anything else.
    pub push_timeout: Duration,
    /// Waits between attempts to connect, and to join.
    pub backoff: BackoffConfig,
    /// The first attempt after close code 1001, 1006 or 1012 waits `random(0, this)`: the
    /// clients of a restarted server must not come back all at once. Their further channels join
    /// up to a fifth of this one after the other: the limit of joins counts those of all clients.
    pub first_retry_spread: Duration,
    /// After such a close what was tracked is tracked again within `random(0, this)`: presence
    /// has the lowest of the project's limits (protocol.md 1.12).
    pub presence_spread: Duration,
    /// After a rate limit: `random(this, 2 · this)`.
    pub long_backoff: Duration,
    /// After refused row-change bindings the channel joins again after at least `floor`, and at
    /// most a bound that doubles up to `cap`.
    pub refused_bindings: SlowRetry,
    /// A refused handshake is tried again this rarely, silently (limits and suspensions look
    /// like a wrong key on some servers). `None`: never.
    pub refused_retry: Option<Duration>,
    /// Broadcasts and presence calls a second, over all channels; a second's worth goes at once,
    /// and what is over it waits.
    pub events_per_second: u32,
    /// Events that may wait for their reader; then the socket waits too, as long as the reader
    /// reads, and after that it sees [`Event::Lagged`](crate::Event::Lagged).
    pub event_capacity: usize,
    /// Frames that may wait, for their turn or for the socket; one more broadcast is refused.
    pub send_capacity: usize,
    /// Seed of the jitter; `None` takes one from the system.
    pub seed: Option<u64>,
}

impl Config {
    /// The settings for a project.
    pub fn new(url: Url, apikey: ApiKey) -> Self {
        Self {
            url,
            endpoint: None,
            apikey,
            vsn: Vsn::V2,
            heartbeat: Duration::from_secs(25),
            heartbeat_timeout: Duration::from_secs(10),
            join_slack: Duration::from_secs(6),
            probe_timeout: Duration::from_secs(4),
            connect_timeout: Duration::from_secs(20),
            token_timeout: Duration::from_secs(30),
            join_timeout: Duration::from_secs(15),
            subscribe_timeout: Duration::from_mins(1),
            push_timeout: Duration::from_secs(10),
            backoff: BackoffConfig::default(),
            first_retry_spread: Duration::from_secs(10),
            presence_spread: Duration::from_secs(30),
            long_backoff: Duration::from_secs(30),
            refused_bindings: SlowRetry::default(),
            refused_retry: Some(Duration::from_mins(5)),
            events_per_second: 10,
            event_capacity: 1024,
            send_capacity: 256,
            seed: None,
        }
    }

    /// Takes over what may change while a client runs.
    pub fn tune(&mut self, tuning: &Tuning) {
        self.heartbeat = tuning.heartbeat;
        self.backoff.base = tuning.first_wait;
        self.backoff.cap = tuning.longest_wait;
        self.events_per_second = tuning.events_per_second;
    }

    /// Address of the socket, with `vsn`, and the key where it cannot go into a header.
    pub fn socket_url(&self, key_in_query: bool) -> Url {
        let mut url = self.endpoint.clone().unwrap_or_else(|| {
            let mut url = self.url.clone();
            let path = format!("{}/realtime/v1/websocket", url.path().trim_end_matches('/'));
            url.set_path(&path);
            url.set_query(None);
            url.set_fragment(None);
            url
        });
        let scheme = match url.scheme() {
            "https" => Some("wss"),
            "http" => Some("ws"),
            _ => None,
        };
        if let Some(scheme) = scheme {
            // Cannot fail: both are special schemes with a host.
            let _ = url.set_scheme(scheme);
        }
        {
            let mut query = url.query_pairs_mut();
            if key_in_query {
                query.append_pair("apikey", self.apikey.expose());
            }
            query.append_pair("vsn", self.vsn.as_str());
        }
        url
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn config(url: &str) -> Config {
        Config::new(url.parse().unwrap(), Secret::new("sb_publishable_x"))
    }

    #[test]
    fn the_socket_url_follows_from_the_project_url() {
        let url = |text: &str, in_query| config(text).socket_url(in_query).to_string();
        assert_eq!(
            url("https://abc.supabase.co", false),
            "wss://abc.supabase.co/realtime/v1/websocket?vsn=2.0.0"
        );
        assert_eq!(
            url("http://127.0.0.1:54321/prefix/", true),
            "ws://127.0.0.1:54321/prefix/realtime/v1/websocket?apikey=sb_publishable_x&vsn=2.0.0"
        );
    }

    #[test]
    fn the_endpoint_overrides_the_path() {
        let mut config = config("https://abc.supabase.co");
        config.endpoint = Some("ws://localhost:4000/socket/websocket".parse().unwrap());
        config.vsn = Vsn::V1;
        assert_eq!(
            config.socket_url(false).as_str(),
            "ws://localhost:4000/socket/websocket?vsn=1.0.0"
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = format!("{:?}", config("https://abc.supabase.co"));
        assert!(!text.contains("sb_publishable_x"), "{text}");
    }
}
