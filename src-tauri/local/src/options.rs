//! What a caller decides before the server starts.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidings_model::{Clock, Locale, SystemClock};

use crate::auth::token;
use crate::realtime::RealtimeBehaviour;
use crate::workspace::WorkspaceOptions;

/// A text that `Debug` never prints.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The 32-byte key of an encrypted database file (SQLCipher, used as it is, underived).
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseKey([u8; 32]);

impl DatabaseKey {
    /// Wraps 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The form that `PRAGMA key` takes: `x'…64 hex digits…'`.
    pub(crate) fn pragma(&self) -> String {
        use fmt::Write;
        let mut text = String::with_capacity(67);
        text.push_str("x'");
        for byte in self.0 {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\'');
        text
    }
}

impl fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseKey(…)")
    }
}

/// The secrets that identify a server. Whoever starts the server keeps them: the
/// library writes none of them anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// `sb_publishable_…`: the client's key.
    pub publishable_key: Secret,
    /// The key that bypasses row level security: `sb_secret_…` or a JWT signed with
    /// `jwt_secret` whose role is `service_role`.
    pub service_role_key: Secret,
    /// The HS256 secret of all tokens, at least 32 characters.
    pub jwt_secret: Secret,
}

impl Secrets {
    /// New random secrets; the service key is a legacy `service_role` JWT, which every
    /// client and every part of the server understands.
    pub fn generate() -> Self {
        Self::derive(
            Secret::new(token::random_text(48)),
            Secret::new(format!("sb_publishable_{}", token::random_text(32))),
        )
    }

    /// From a token secret and a publishable key; the service key follows from the former.
    pub fn derive(jwt_secret: Secret, publishable_key: Secret) -> Self {
        let service_role_key = Secret::new(token::legacy_key(jwt_secret.reveal(), "service_role"));
        Self {
            publishable_key,
            service_role_key,
            jwt_secret,
        }
    }
}

/// Where the rows live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In memory; gone when the server stops.
    Memory,
    /// In `local.db` inside this directory, which is created when missing.
    Directory(PathBuf),
}

/// Switchable behaviours of Auth.
#[derive(Debug, Clone)]
pub struct AuthBehaviour {
    /// How long an access token lives.
    pub token_lifetime: Duration,
    /// How long a used refresh token is still answered with the active one.
    pub reuse_interval: Duration,
    /// Whether new users may sign up.
    pub signup: bool,
    /// Whether `/signup` answers with a bare user that must be confirmed first.
    pub confirm_email: bool,
    /// The code that `/verify` accepts after `/otp`, `/recover` or an unconfirmed
    /// sign-up, and `PUT /user` after `/reauthenticate`. The server sends no mail, so without a code these are refused.
    pub fixed_code: Option<String>,
    /// Whether a session that began over a day ago needs a code of `/reauthenticate` to change
    /// the password. Codes take a `fixed_code`.
    pub secure_password_change: bool,
    /// What stands in for the providers behind `/authorize`; without it all are refused.
    pub stub_provider: Option<StubProvider>,
    /// Addresses besides loopback IP literals that a browser may be sent back to, without
    /// query and fragment.
    pub redirects: Vec<String>,
}

/// Stands in for identity providers: each has one user, `<name>@stub.local`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StubProvider {
    /// The providers' names, letters and digits only.
    pub names: Vec<String>,
    /// What their user says to being signed in.
    pub consent: Consent,
}

/// What a stub provider's user says to being signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Yes, without being asked.
    Granted,
    /// No, without being asked.
    Denied,
    /// A page in the browser asks.
    Asked,
}

impl Default for AuthBehaviour {
    fn default() -> Self {
        Self {
            token_lifetime: Duration::from_hours(1),
            reuse_interval: Duration::from_secs(10),
            signup: true,
            confirm_email: false,
            fixed_code: None,
            secure_password_change: false,
            stub_provider: None,
            redirects: Vec::new(),
        }
    }
}

/// Behaviours that tests and the stand-alone program can switch.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// Of Auth.
    pub auth: AuthBehaviour,
    /// Of Realtime.
    pub realtime: RealtimeBehaviour,
    /// The most rows one REST answer holds; 1,000 on hosted projects.
    pub max_rows: usize,
    /// Whether requests without a user are served as `anon` (else `PGRST302`).
    pub anonymous: bool,
    /// Whether row level security is on. Without it everybody who has the key reads and writes all
    /// rows of the four tables over REST.
    pub row_security: bool,
    /// Tables that REST does not know, as of a project that was set up in part.
    pub missing: Vec<String>,
    /// Whether the `/_test/` routes exist (service key only): clock, token lifetime,
    /// ending sessions, Realtime faults.
    pub test_hooks: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            auth: AuthBehaviour::default(),
            realtime: RealtimeBehaviour::default(),
            max_rows: 1000,
            anonymous: true,
            row_security: true,
            missing: Vec::new(),
            test_hooks: false,
        }
    }
}

/// What the server is started with.
#[derive(Clone)]
pub struct Options {
    /// Where the rows live.
    pub location: Location,
    /// The address to listen on; must be loopback. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The caller's secrets; `None` makes new ones, told by [`crate::LocalServer::info`].
    pub secrets: Option<Secrets>,
    /// The key of the database file; `None` leaves it unencrypted.
    pub database_key: Option<DatabaseKey>,
    /// Switchable behaviours.
    pub behaviour: Behaviour,
    /// Which parts of the app's local workspace run.
    pub workspace: WorkspaceOptions,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells how the reader writes, whenever the workspace's assistant says something.
    pub locale: LocaleNow,
}

/// How the reader writes, each time it is asked.
#[derive(Clone)]
pub struct LocaleNow(Arc<dyn Fn() -> Locale + Send + Sync>);

impl LocaleNow {
    /// Asks `now` each time.
    pub fn new(now: impl Fn() -> Locale + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// As of now.
    pub fn get(&self) -> Locale {
        (self.0)()
    }
}

impl Default for LocaleNow {
    fn default() -> Self {
        Self::new(Locale::default)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("location", &self.location)
            .field("listen", &self.listen)
            .field("secrets", &self.secrets)
            .field("database_key", &self.database_key)
            .field("behaviour", &self.behaviour)
            .field("workspace", &self.workspace)
            .finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            location: Location::Memory,
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            secrets: None,
            database_key: None,
            behaviour: Behaviour::default(),
            workspace: WorkspaceOptions::default(),
            clock: Arc::new(SystemClock),
            locale: LocaleNow::default(),
        }
    }
}
