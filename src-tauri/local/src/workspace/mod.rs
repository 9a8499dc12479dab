//! What makes a server the app's local workspace: one user without a form, welcoming
//! sessions, an assistant, and a simulated price feed.

pub(crate) mod archive;
mod assistant;
mod commands;
mod feed;
mod figures;
mod seed;
mod welcome;
mod words;

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, json};

use crate::auth::session::Issuer;
use crate::auth::user::User;
use crate::auth::{Claims, Role, Session};
use crate::options::LocaleNow;
use crate::state::AppState;
use crate::store::{Parts, StoreError, WriteTx};

/// Which parts of the local workspace run. All off by default: a bare server
/// with the four tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WorkspaceOptions {
    /// Whether the first start writes the welcoming sessions.
    pub welcome: bool,
    /// Whether user messages are answered.
    pub assistant: bool,
    /// Whether prices are simulated; the seed of their random walk.
    pub simulated_prices: Option<u64>,
    /// Which optional parts the project has.
    pub parts: Parts,
}

impl WorkspaceOptions {
    /// Everything on; prices walk differently with each seed.
    pub const fn full(price_seed: u64) -> Self {
        Self {
            welcome: true,
            assistant: true,
            simulated_prices: Some(price_seed),
            parts: Parts::ALL,
        }
    }
}

/// Prepares the rows and starts the tasks. To be called before the server listens.
pub(crate) async fn start(
    state: &AppState,
    options: WorkspaceOptions,
    locale: LocaleNow,
) -> Result<(), StoreError> {
    let language = locale.get().language;
    state
        .store()
        .write(move |tx| {
            assistant::install(tx.connection(), options.assistant)?;
            if options.welcome {
                let user = local_user(tx)?;
                seed::write(tx, &user.id, language)?;
            }
            Ok::<_, StoreError>(())
        })
        .await?;
    if let Some(seed) = options.simulated_prices {
        let feed = feed::Feed::new(seed);
        let feed = state
            .store()
            .write(move |tx| {
                let mut feed = feed;
                feed.resume(tx)?;
                Ok::<_, StoreError>(feed)
            })
            .await?;
        tokio::spawn(feed.run(state.clone()));
    }
    if options.assistant {
        let simulated = options.simulated_prices.is_some();
        tokio::spawn(assistant::run(state.clone(), simulated, locale));
    }
    Ok(())
}

/// Signs the workspace's one user in, who is created when missing.
pub(crate) async fn sign_in(state: &AppState) -> Result<Session, StoreError> {
    let issuer = Issuer::of(state);
    state
        .store()
        .write(move |tx| {
            let mut user = local_user(tx)?;
            issuer.open(tx, &mut user, "password")
        })
        .await
}

/// Who the workspace's own parts act as.
fn service() -> Claims {
    Claims::of_role(Role::ServiceRole)
}

fn local_user(tx: &WriteTx<'_>) -> Result<User, StoreError> {
    let connection = tx.connection();
    if let Some(id) = remembered(connection, "local_user")?
        && let Some(user) = User::by_id(connection, &id)?
    {
        return Ok(user);
    }
    let data = Map::from_iter([("name".to_owned(), json!("You"))]);
    let mut user = User::new(Some("you@tidings.local".to_owned()), None, data, tx.now());
    user.confirmed_at = Some(tx.now());
    user.save(connection)?;
    remember(connection, "local_user", &user.id)?;
    Ok(user)
}

fn remembered(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .query_row(
            "SELECT value FROM workspace_state WHERE name = ?1",
            [name],
            |row| row.get(0),
        )
        .optional()
}

fn remember(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO workspace_state (name, value) VALUES (?1, ?2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![name, value],
    )?;
    Ok(())
}
