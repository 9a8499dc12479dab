//! The local workspace's server, inside this process, with its secrets in the key store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use tidings_local::{
    DatabaseKey, LocalServer, LocaleNow, Location, Options, Secrets, WorkspaceOptions,
};
use tidings_model::Clock;
use tidings_supabase::{
    Assurance, AuthState, Project, ProjectKey, Secret, Session, TokenManager, User,
};

use crate::error::{EngineError, Result};
use crate::secrets::{self, Scoped};

const SERVER: &str = "local-server";
/// Names of the secrets that belong to a local workspace.
pub(super) const SECRETS: [&str; 1] = [SERVER];
/// A running server, and how to reach it.
pub(super) struct Started {
    pub server: LocalServer,
    pub project: Project,
}

/// Everything secret about one local workspace, kept as one entry.
#[derive(Serialize, Deserialize)]
struct Kept {
    server: Secrets,
    database_key: [u8; 32],
}

impl Kept {
    fn fresh() -> Self {
        Self {
            server: Secrets::generate(),
            database_key: rand::rng().random(),
        }
    }
}

/// Starts the server of a workspace on a free loopback port.
pub(super) async fn start(
    directory: &Path,
    scoped: &Scoped,
    clock: Arc<dyn Clock>,
    locale: LocaleNow,
) -> Result<Started> {
    let durable = scoped.durable();
    let reader = scoped.clone();
    // New secrets would not open what is there, and would take the place of those that do.
    let exists = durable && directory.join(tidings_local::DATABASE_FILE).exists();
    let kept = secrets::blocking(move || {
        if let Some(text) = reader.get(SERVER)? {
            Ok(serde_json::from_str::<Kept>(&text).ok())
        } else if exists {
            Ok(None)
        } else {
            let kept = Kept::fresh();
            let text = serde_json::to_string(&kept).map_err(|error| {
                secrets::SecretsError(format!("new secrets could not be written: {error}"))
            })?;
            reader.set(SERVER, &text)?;
            Ok(Some(kept))
        }
    })
    .await?
    .ok_or(EngineError::LostKey)?;
    let location = if durable {
        Location::Directory(directory.to_path_buf())
    } else {
        Location::Memory
    };
    let options = Options {
        location,
        secrets: Some(kept.server),
        database_key: Some(DatabaseKey::new(kept.database_key)),
        workspace: WorkspaceOptions::full(rand::rng().random()),
        clock,
        locale,
        ..Options::default()
    };
    let server = LocalServer::start(options)
        .await
        .map_err(|error| EngineError::Local(error.to_string()))?;
    let info = server.info();
    let key = ProjectKey::parse(info.publishable_key.reveal())
        .map_err(|error| EngineError::Local(error.to_string()))?;
    let project =
        Project::new(&info.url, key).map_err(|error| EngineError::Local(error.to_string()))?;
    Ok(Started { server, project })
}

/// Becomes the one user, without a form. A session that is kept is taken up again.
pub(super) async fn sign_in(server: &LocalServer, tokens: &TokenManager) -> Result<()> {
    let kept = matches!(*tokens.state().borrow(), AuthState::SignedIn { .. });
    if kept && tokens.verify().await.is_ok() {
        return Ok(());
    }
    let failed = |error: String| EngineError::Local(error);
    let session = server
        .sign_in()
        .await
        .map_err(|error| failed(error.to_string()))?;
    let user: User =
        serde_json::from_value(session.user).map_err(|error| failed(error.to_string()))?;
    tokens
        .adopt(Session {
            access_token: Secret::new(session.access_token.reveal()),
            refresh_token: Secret::new(session.refresh_token.reveal()),
            expires_in: Duration::from_secs(session.expires_in),
            user,
            // The one user of the embedded server signs in without a form.
            assurance: Assurance::Complete,
            skew_seconds: None,
        })
        .await?;
    Ok(())
}
