//! Client of Supabase Auth, PostgREST and Storage. It knows the protocols and nothing of chat.
//!
//! [`Project`] is an address and a key that is safe to hold in a desktop program,
//! [`Http`] the one HTTP client, [`Auth`] the calls of the Auth service,
//! [`TokenManager`] the one owner of a session, [`Rest`] the calls of PostgREST,
//! [`Broadcasts`] those of Realtime that need no socket, [`Objects`] those of Storage, [`Loopback`] the way back from a sign-in in
//! the browser.
//! Every failure is an [`Error`] with one [`Class`]: the caller decides by class,
//! and shows the message.

mod auth;
mod backoff;
mod body;
mod broadcast;
mod codes;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod http;
mod key;
mod loopback;
mod mfa;
mod oauth;
mod objects;
mod project;
mod query;
mod rest;
mod secret;
mod store;
mod token;
mod transport;
mod user;
mod words;

pub use auth::{Auth, Health, Scope, Session, Settings, SignUp};
pub use backoff::BackOff;
pub use broadcast::{BroadcastMessage, Broadcasts};
pub use codes::Purpose;
pub use error::{ApiError, Class, Error, Service};
pub use http::{Http, Timeouts};
pub use key::{KeyError, ProjectKey};
pub use loopback::{Loopback, Pages, Returned};
pub use mfa::{Assurance, Enrolment, Factor, Factors};
pub use oauth::ProviderFlow;
pub use objects::{ObjectPath, Objects, PathError};
pub use project::{Project, UrlError};
pub use query::{Filter, Op, Query};
pub use rest::{Insert, Rest, Rows};
pub use secret::Secret;
pub use store::{MemoryStore, SessionStore, StoreError, StoredSession, Turn, UntoldSignOut};
pub use token::{AuthState, TokenManager};
pub use transport::{Bytes, Connecting, Connector};
pub use user::User;
