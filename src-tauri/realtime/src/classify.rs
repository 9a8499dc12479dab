//! What the server's reasons mean: one class each.

use std::time::Duration;

use crate::event::Cause;

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Stop, and tell the user. Another token, or the user's wish, tries again.
    Terminal,
    /// The row-change bindings are refused: tell the user, and join again after minutes, since a
    /// table that is missing for a while looks the same.
    Bindings,
    /// Fetch a fresh token, then join again.
    Token,
    /// Nobody is signed in any more: stop until a token is there.
    SignedOut,
    /// Join again after a back-off; show "reconnecting".
    Retry,
    /// A limit: join again after a long back-off, and tell.
    Slow,
}

/// Why a channel is not live.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ChannelError {
    /// What to do about it.
    pub class: ErrorClass,
    /// The server's code name, such as `Unauthorized`, where it sent one.
    pub code: Option<String>,
    /// The server's words.
    pub message: String,
}

impl ChannelError {
    /// An error that this client states itself.
    pub(crate) fn own(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            code: None,
            message: message.into(),
        }
    }

    /// Classifies a reason of the form `CodeName: text`, or just a text.
    pub fn from_reason(reason: &str) -> Self {
        let (code, message) = match reason.split_once(':') {
            Some((code, text)) if is_code(code) => (Some(code), text.trim_start()),
            _ if is_code(reason) && CODES.iter().any(|(known, _)| *known == reason) => {
                (Some(reason), reason)
            }
            _ => (None, reason),
        };
        let class = code
            .and_then(|code| lookup(CODES, |known| known == code))
            .or_else(|| lookup(TEXTS, |known| reason.contains(known)))
            .unwrap_or(ErrorClass::Retry);
        Self {
            class,
            code: code.map(str::to_owned),
            message: message.to_owned(),
        }
    }

    /// Classifies the `system` error of a change subscription. In the classes that are not
    /// [`ErrorClass::Bindings`] the server tries again by itself.
    pub fn from_subscription(message: &str) -> Self {
        let mut error = Self::from_reason(message);
        if BAD_BINDINGS.iter().any(|start| message.starts_with(start)) {
            error.class = ErrorClass::Bindings;
        }
        error
    }

    /// Whether the whole socket should stay away for a while.
    pub(crate) fn concerns_socket(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some(
                "ConnectionRateLimitReached"
                    | "ClientJoinRateLimitReached"
                    | "JoinsRateLimitReached"
            )
        )
    }

    /// Whether another token may cure it.
    pub(crate) fn concerns_token(&self) -> bool {
        matches!(self.class, ErrorClass::Token | ErrorClass::SignedOut)
            || matches!(
                self.code.as_deref(),
                Some("Unauthorized" | "JwtSignatureError" | "MalformedJWT" | "JwtSignerError")
            )
            || self.message.contains("permission")
            || self.message == ":signature_error"
            || self.message.contains("is not a valid JWT")
    }
}

/// How the server refused the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// 401 or 403: the key is not accepted, or the project admits nobody at present.
    Key,
    /// 404: there is no such project at this address.
    NoProject,
    /// Anything else that is not an upgrade: no Realtime server answers here.
    NotRealtime,
}

/// A refused handshake. To be told to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind.
    pub kind: RefusalKind,
    /// The HTTP status.
    pub status: u16,
    /// The server's words; empty where it sent none.
    pub message: String,
}

/// Why an attempt to connect failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The server answered, and did not upgrade.
    #[error("{}", answered(*.status, .message))]
    Http {
        /// The HTTP status.
        status: u16,
        /// What the body says: its `error` or `message`, or nothing.
        message: String,
        /// The header of that name, where it is a number of seconds.
        retry_after: Option<Duration>,
    },
    /// Name resolution, TCP, TLS or the network failed.
    #[error("{0}")]
    Network(String),
    /// Names are looked up, and there is none like this.
    #[error("{0}")]
    NoHost(String),
    /// The address cannot be connected to at all.
    #[error("{0}")]
    Address(String),
}

/// The status that stands for a paused project.
const PAUSED: u16 = 540;

fn answered(status: u16, message: &str) -> String {
    if status == PAUSED {
        return "the project is paused; it can be restored in the Supabase dashboard".to_owned();
    }
    format!("the server answered HTTP {status}: {message}")
}

/// What follows from a failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Retry,
    Slow { at_least: Option<Duration> },
    Refused(Refusal),
}

impl ConnectError {
    /// A name that is not there is something else than a network without anybody to ask. Windows
    /// does not tell the two apart.
    pub(crate) fn of_lookup(error: &std::io::Error) -> Self {
        let said = error.to_string();
        if cfg!(unix) && said.contains("not known") {
            Self::NoHost(said)
        } else {
            Self::Network(said)
        }
    }

    pub(crate) const fn cause(&self) -> Cause {
        match self {
            Self::Http { status: PAUSED, .. } => Cause::Paused,
            Self::NoHost(_) => Cause::NoHost,
            _ => Cause::Unknown,
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Network(_) | Self::NoHost(_) => Verdict::Retry,
            Self::Address(message) => Verdict::Refused(Refusal {
                kind: RefusalKind::NotRealtime,
                status: 0,
                message: message.clone(),
            }),
            Self::Http {
                status,
                message,
                retry_after,
            } => {
                let kind = match status {
                    429 => {
                        return Verdict::Slow {
                            at_least: *retry_after,
                        };
                    }
                    408 | 500..=599 => return Verdict::Retry,
                    401 | 403 => RefusalKind::Key,
                    404 => RefusalKind::NoProject,
                    _ => RefusalKind::NotRealtime,
                };
                Verdict::Refused(Refusal {
                    kind,
                    status: *status,
                    message: message.clone(),
                })
            }
        }
    }
}

/// The part of the server's words that is in the tables here: it holds nothing of anybody's.
pub(crate) fn known_words(reason: &str) -> Option<&'static str> {
    let code = reason.split_once(':').map_or(reason, |(code, _)| code);
    let known = |(words, _): &(&'static str, ErrorClass)| *words;
    CODES
        .iter()
        .map(known)
        .find(|known| *known == code)
        .or_else(|| TEXTS.iter().map(known).find(|known| reason.contains(known)))
        .or_else(|| {
            BAD_BINDINGS
                .iter()
                .copied()
                .find(|start| reason.starts_with(start))
        })
}

/// A code name: one word in camel case.
fn is_code(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
}

fn lookup(
    table: &[(&'static str, ErrorClass)],
    matches: impl Fn(&str) -> bool,
) -> Option<ErrorClass> {
    table
        .iter()
        .find(|(known, _)| matches(known))
        .map(|(_, class)| *class)
}

const CODES: &[(&str, ErrorClass)] = &[
    ("Unauthorized", ErrorClass::Terminal),
    ("PrivateOnly", ErrorClass::Terminal),
    ("RealtimeDisabledForTenant", ErrorClass::Terminal),
    ("RealtimeDisabledForConfiguration", ErrorClass::Terminal),
    ("TenantNotFound", ErrorClass::Terminal),
    ("MissingAPIKey", ErrorClass::Terminal),
    ("TopicNameRequired", ErrorClass::Terminal),
    ("ChannelRateLimitReached", ErrorClass::Terminal),
    ("JwtSignatureError", ErrorClass::Terminal),
    ("MalformedJWT", ErrorClass::Terminal),
    ("JwtSignerError", ErrorClass::Terminal),
    ("RlsPolicyError", ErrorClass::Terminal),
    ("UnableToReplayMessages", ErrorClass::Terminal),
    ("InvalidJWTToken", ErrorClass::Token),
    ("ConnectionRateLimitReached", ErrorClass::Slow),
    ("ClientJoinRateLimitReached", ErrorClass::Slow),
    ("JoinsRateLimitReached", ErrorClass::Slow),
    ("MessagePerSecondRateLimitReached", ErrorClass::Slow),
    ("PresenceRateLimitReached", ErrorClass::Slow),
    ("ClientPresenceRateLimitReached", ErrorClass::Slow),
    ("RealtimeRestarting", ErrorClass::Retry),
    ("InitializingProjectConnection", ErrorClass::Retry),
    ("UnableToConnectToProject", ErrorClass::Retry),
    ("DatabaseLackOfConnections", ErrorClass::Retry),
    ("IncreaseConnectionPool", ErrorClass::Retry),
    ("DatabaseConnectionRateLimitReached", ErrorClass::Retry),
    ("TimeoutOnRpcCall", ErrorClass::Retry),
    ("ErrorOnRpcCall", ErrorClass::Retry),
    ("QueryCanceled", ErrorClass::Retry),
    ("MissingPartition", ErrorClass::Retry),
    ("MusterJoinError", ErrorClass::Retry),
    ("UnableToSetPolicies", ErrorClass::Retry),
    ("UnknownErrorOnChannel", ErrorClass::Retry),
];

/// Reasons without a code name, as the server words them.
const TEXTS: &[(&str, ErrorClass)] = &[
    ("Token has expired", ErrorClass::Token),
    ("Fields `role` and `exp` are required", ErrorClass::Token),
    ("is not a valid JWT", ErrorClass::Terminal),
    (":signature_error", ErrorClass::Terminal),
    ("do not have permission", ErrorClass::Terminal),
    ("no longer have permission", ErrorClass::Terminal),
    ("Too many messages per second", ErrorClass::Slow),
    ("Too many joins per second", ErrorClass::Slow),
    ("Too many connected users", ErrorClass::Slow),
    ("presence rate limit exceeded", ErrorClass::Slow),
    (TRACK_TOO_BIG, ErrorClass::Slow),
];

/// The tracked presence is too big: tracking it again would end the channel again.
pub(crate) const TRACK_TOO_BIG: &str = "Track message size exceeded";

const BAD_BINDINGS: &[&str] = &[
    "Error parsing",
    "Unable to subscribe to changes with given parameters",
    "No subscription params provided",
    "RealtimeDisabledForConfiguration",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn class(reason: &str) -> ErrorClass {
        ChannelError::from_reason(reason).class
    }

    #[test]
    fn reasons_have_one_class_each() {
        use ErrorClass::{Retry, Slow, Terminal, Token};
        for (reason, expected) in [
            (
                "MalformedJWT: The token provided is not a valid JWT",
                Terminal,
            ),
            (
                "JwtSignatureError: Failed to validate JWT signature",
                Terminal,
            ),
            ("InvalidJWTToken: Token has expired 77 seconds ago", Token),
            (
                "InvalidJWTToken: Fields `role` and `exp` are required in JWT",
                Token,
            ),
            ("Token has expired 0 seconds ago", Token),
            ("The token provided is not a valid JWT", Terminal),
            ("TopicNameRequired: You must provide a topic name", Terminal),
            ("UnknownErrorOnChannel: expected a map, got: \"x\"", Retry),
            (
                "Unauthorized: You do not have permissions to read from this Channel topic",
                Terminal,
            ),
            (
                "You do not have permissions to read from this Channel topic: priv:1",
                Terminal,
            ),
            ("Client presence rate limit exceeded", Slow),
            ("Too many messages per second", Slow),
            (
                "ClientJoinRateLimitReached: Too many joins per second",
                Slow,
            ),
            ("ChannelRateLimitReached: Too many channels", Terminal),
            ("RealtimeRestarting", Retry),
            ("unmatched topic", Retry),
            ("", Retry),
            ("something never seen", Retry),
        ] {
            assert_eq!(class(reason), expected, "{reason}");
        }
    }

    #[test]
    fn the_code_is_split_from_the_words() {
        let error = ChannelError::from_reason("PrivateOnly: This project only allows private");
        assert_eq!(error.code.as_deref(), Some("PrivateOnly"));
        assert_eq!(error.message, "This project only allows private");
        assert_eq!(ChannelError::from_reason("no code: here").code, None);
    }

    #[test]
    fn bad_bindings_are_told_apart_from_other_subscription_errors() {
        let class = |message| ChannelError::from_subscription(message).class;
        assert_eq!(
            class("Error parsing `filter` params: [\"x\"]"),
            ErrorClass::Bindings
        );
        assert_eq!(
            class("Unable to subscribe to changes with given parameters. An exception happened"),
            ErrorClass::Bindings
        );
        assert_eq!(class("Subscribing to PostgreSQL failed"), ErrorClass::Retry);
    }

    #[test]
    fn a_paused_project_is_told_from_a_name_that_is_gone_and_from_a_network_that_is_away() {
        let of_lookup = |said: &str| ConnectError::of_lookup(&std::io::Error::other(said)).cause();
        let paused = ConnectError::Http {
            status: 540,
            message: String::new(),
            retry_after: None,
        };
        assert_eq!(paused.cause(), Cause::Paused);
        assert_eq!(paused.verdict(), Verdict::Retry);
        let temporary =
            "failed to lookup address information: Temporary failure in name resolution";
        assert_eq!(of_lookup(temporary), Cause::Unknown);
        if cfg!(unix) {
            for gone in [
                "Name or service not known",
                "nodename nor servname provided, or not known",
            ] {
                assert_eq!(of_lookup(gone), Cause::NoHost, "{gone}");
            }
        }
    }

    #[test]
    fn refused_handshakes_are_told_apart() {
        let http = |status| ConnectError::Http {
            status,
            message: String::new(),
            retry_after: None,
        };
        let kind = |status| match http(status).verdict() {
            Verdict::Refused(refusal) => Some(refusal.kind),
            Verdict::Retry | Verdict::Slow { .. } => None,
        };
        assert_eq!(kind(401), Some(RefusalKind::Key));
        assert_eq!(kind(403), Some(RefusalKind::Key));
        assert_eq!(kind(404), Some(RefusalKind::NoProject));
        assert_eq!(kind(200), Some(RefusalKind::NotRealtime));
        assert_eq!(http(429).verdict(), Verdict::Slow { at_least: None });
        assert_eq!(http(503).verdict(), Verdict::Retry);
        assert_eq!(
            ConnectError::Network("reset".into()).verdict(),
            Verdict::Retry
        );
    }
}
