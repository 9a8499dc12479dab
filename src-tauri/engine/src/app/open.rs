//! Opening a workspace: its secrets, its cache, its session, its tasks.

use std::path::PathBuf;
use std::sync::Arc;

use tidings_cache::{Cache, CacheKey, OpenReport};
use tidings_contract as api;
use tidings_local::LocaleNow;
use tidings_model::{SessionId, WorkspaceId};
use tidings_supabase::{Auth, AuthState, Project, ProjectKey, Rest, TokenManager};

use super::{App, Opened, Running, local};
use crate::config::{WorkspaceConfig, WorkspacePlace};
use crate::error::{EngineError, Result};
use crate::secrets::{self, Scoped};
use crate::workspace::{Parts, SECRETS, SecretStore, Workspace, tuning};

pub(super) const CACHE_KEY: &str = "cache-key";
pub(super) const CACHE_FILE: &str = "cache.db";

impl App {
    /// Opens a workspace and brings it to the front. One that is open comes to the front.
    pub(super) async fn open(&self, id: WorkspaceId) -> Result<api::WorkspaceInfo> {
        let config = self.workspace_config(id)?;
        let mut running = self.0.running.lock().await;
        if let std::collections::hash_map::Entry::Vacant(e) = running.workspaces.entry(id) {
            let opened = self.open_new(&config).await?;
            e.insert(opened);
        }
        self.config_kept_or_not(|config| config.active = Some(id));
        for (other, opened) in &running.workspaces {
            opened.workspace.set_front(*other == id);
        }
        self.tell_workspaces(&running);
        Ok(Self::info(&config, &running))
    }

    /// Opens the projects again, after a change of what they are opened with.
    pub(super) async fn reopen_projects(&self) {
        let mut running = self.0.running.lock().await;
        let projects = running.workspaces.iter();
        let (in_memory, on_disk): (Vec<_>, Vec<_>) = projects
            .filter(|(_, opened)| opened.server.is_none())
            .map(|(id, opened)| (*id, opened.secrets_in_memory))
            .partition(|(_, in_memory)| *in_memory);
        if !in_memory.is_empty() {
            self.warn("What was changed counts from the next start: closing this workspace now would lose what is only in memory.");
        }
        let active = self.config(|config| config.active);
        for (id, _) in on_disk {
            if let Some(opened) = running.workspaces.remove(&id) {
                opened.close().await;
            }
            let opened = match self.workspace_config(id) {
                Ok(config) => self.open_new(&config).await,
                Err(error) => Err(error),
            };
            match opened {
                Ok(opened) => {
                    opened.workspace.set_front(active == Some(id));
                    running.workspaces.insert(id, opened);
                }
                Err(error) => self.warn(&format!(
                    "A workspace could not be opened again: {error}. Nothing of it is lost; select it to try again."
                )),
            }
        }
        self.tell_workspaces(&running);
        self.0.bus.emit(api::Event::Resync);
    }

    async fn open_new(&self, config: &WorkspaceConfig) -> Result<Opened> {
        let asked = self.ask_for_passphrase().await;
        asked.map_err(EngineError::Locked)?;
        let scoped = self.secrets(config.id);
        let (cache, secrets_in_memory) = self.open_cache(config.id, &scoped).await?;
        let (server, project) = match &config.place {
            WorkspacePlace::Local => {
                let directory = self.directory(config.id);
                let settings = self.0.settings.subscribe();
                let locale = LocaleNow::new(move || settings.borrow().wording.into());
                let clock = self.0.options.clock.clone();
                let started = local::start(&directory, &scoped, clock, locale).await?;
                (Some(started.server), started.project)
            }
            WorkspacePlace::Project { url, key } => {
                let key = ProjectKey::parse(key).map_err(|e| EngineError::Key(e.to_string()))?;
                let project =
                    Project::new(url, key).map_err(|e| EngineError::Invalid(e.to_string()))?;
                (None, project)
            }
        };
        let auth = Auth::new(self.0.http.clone(), project.clone());
        let tokens = TokenManager::open(
            auth,
            Arc::new(SecretStore::new(scoped, &self.directory(config.id))),
        )
        .await?;
        if let Some(server) = &server {
            local::sign_in(server, &tokens).await?;
        }
        let settings = self.0.settings.subscribe();
        let schema = match &config.place {
            // The embedded server has the one schema.
            WorkspacePlace::Local => "public".to_owned(),
            WorkspacePlace::Project { .. } => settings.borrow().schema.clone(),
        };
        let rest = Rest::new(self.0.http.clone(), project.clone())
            .with_tokens(tokens.clone())
            .with_schema(schema.clone());
        let key = tidings_realtime::Secret::new(project.key().expose());
        let mut realtime = tidings_realtime::Config::new(project.url().clone(), key);
        realtime.refused_bindings.floor = self.0.options.pace.refused_changes;
        realtime.tune(&tuning(&self.0.settings.borrow().realtime));
        let parts = Parts {
            workspace: config.id,
            cache,
            rest,
            tokens: tokens.clone(),
            realtime,
            connector: self.0.options.network.sockets(),
            clock: self.0.options.clock.clone(),
            host: self.0.host.clone(),
            bus: self.0.bus.clone(),
            settings,
            muted: self.0.muted.subscribe(),
            paused: self.0.paused.subscribe(),
            used: self.0.used.subscribe(),
            sounds: self.0.sounds.clone(),
            local: server.is_some(),
            schema,
            pace: self.0.options.pace,
        };
        let last = config
            .last_session
            .clone()
            .and_then(|id| SessionId::new(id).ok());
        let (app, id) = (self.clone(), config.id);
        let opened = move |session: Option<SessionId>| {
            app.change_workspace(id, |workspace| {
                workspace.last_session = session.map(|id| id.to_string());
            });
        };
        let workspace = Workspace::start(parts, last, Box::new(opened)).await?;
        self.remember_account(config.id, &tokens);
        Ok(Opened {
            workspace,
            server,
            url: project.url().to_string(),
            secrets_in_memory,
        })
    }

    /// Keeps who is signed in with the workspace's name, to show it before anything is opened.
    fn remember_account(&self, id: WorkspaceId, tokens: &TokenManager) {
        let app = self.clone();
        let mut state = tokens.state();
        tokio::spawn(async move {
            loop {
                if let AuthState::SignedIn { user_id, email, .. } =
                    state.borrow_and_update().clone()
                {
                    app.change_workspace(id, |workspace| {
                        workspace.email = email;
                        workspace.user_id = Some(user_id);
                    });
                }
                if state.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    /// Opens the encrypted cache; in memory, with a warning, when its key cannot be kept.
    async fn open_cache(&self, id: WorkspaceId, scoped: &Scoped) -> Result<(Cache, bool)> {
        let path = self.directory(id).join(CACHE_FILE);
        let exists = path.exists();
        if !scoped.durable() && !exists {
            self.warn("No key store answers, so messages and sign-in are kept in memory only, until Tidings ends.");
            return Ok((Cache::in_memory()?, true));
        }
        let key = match cache_key(scoped.clone(), exists).await? {
            CacheKeyFound::Key(key) => key,
            missing => {
                self.warn(&missing.sentence(scoped.durable()));
                return Ok((Cache::in_memory()?, true));
            }
        };
        let (cache, report) = open_file(path, key).await?;
        if let Some(sentence) = lost(&report) {
            self.warn(&sentence);
        }
        Ok((cache, false))
    }

    pub(super) fn warn(&self, message: &str) {
        tracing::warn!("{message}");
        self.0.bus.emit(api::Event::Notice {
            level: api::NoticeLevel::Warning,
            message: message.to_owned(),
        });
    }

    /// Closes a workspace and removes all of it from this computer.
    pub(super) async fn remove(&self, id: WorkspaceId) -> Result<()> {
        self.workspace_config(id)?;
        let mut running = self.0.running.lock().await;
        if let Some(opened) = running.workspaces.remove(&id) {
            opened.close().await;
        }
        let directory = self.directory(id);
        self.forget_secrets(id).await?;
        match tokio::fs::remove_dir_all(&directory).await {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "a workspace's directory was not removed"),
        }
        self.config_mut(|config| {
            config.workspaces.retain(|workspace| workspace.id != id);
            if config.active == Some(id) {
                config.active = None;
            }
        })?;
        self.tell_workspaces(&running);
        Ok(())
    }

    /// Has the key store forget a workspace.
    pub(super) async fn forget_secrets(&self, id: WorkspaceId) -> Result<()> {
        let scoped = self.secrets(id);
        let forgotten = secrets::blocking(move || {
            let names = [CACHE_KEY].into_iter().chain(SECRETS);
            for name in names.chain(local::SECRETS) {
                scoped.delete(name)?;
            }
            Ok(())
        });
        Ok(forgotten.await?)
    }

    /// The open workspace in front.
    pub(super) fn front<'a>(&self, running: &'a Running) -> Result<(WorkspaceId, &'a Opened)> {
        let id = self
            .config(|config| config.active)
            .ok_or(EngineError::NoWorkspace)?;
        let opened = running
            .workspaces
            .get(&id)
            .ok_or(EngineError::NoWorkspace)?;
        Ok((id, opened))
    }
}

/// What the key store has for a cache.
enum CacheKeyFound {
    Key(CacheKey),
    /// There is a cache, and no key for it. A new one would not open it either.
    Lost,
    /// Something else stands in its place.
    Unreadable,
}

impl CacheKeyFound {
    /// Why there is no key, what is safe, and what to do.
    fn sentence(&self, durable: bool) -> String {
        let (why, mend) = match (self, durable) {
            (_, false) => (
                "No key store answers, so what is kept on this computer cannot be opened",
                "unlock the key store and start Tidings again",
            ),
            (Self::Unreadable, true) => (
                "What the key store has for this workspace is no key",
                "put the key back, or remove the workspace from this computer to start afresh",
            ),
            (_, true) => (
                "The key of what is kept on this computer is not in the key store any more",
                "put the key back, or remove the workspace from this computer to start afresh",
            ),
        };
        format!(
            "{why}. It stays as it is; {mend}. Until then messages are kept in memory only, and \
             read from the project."
        )
    }
}

async fn cache_key(scoped: Scoped, exists: bool) -> Result<CacheKeyFound> {
    let kept = secrets::blocking(move || match scoped.get(CACHE_KEY)? {
        Some(key) => Ok(Some(key)),
        None if exists => Ok(None),
        None => {
            let key = CacheKey::generate().to_hex();
            scoped.set(CACHE_KEY, &key)?;
            Ok(Some(key))
        }
    });
    Ok(match kept.await.map_err(EngineError::Locked)? {
        Some(hex) => match CacheKey::from_hex(&hex) {
            Ok(key) => CacheKeyFound::Key(key),
            Err(_) => CacheKeyFound::Unreadable,
        },
        None => CacheKeyFound::Lost,
    })
}

/// What an opening says that the user must know.
fn lost(report: &OpenReport) -> Option<String> {
    let unsent = match (report.salvaged, report.salvage_incomplete) {
        (0, false) => "Nothing unsent was in it.".to_owned(),
        (saved, false) => format!("All {saved} unsent changes were saved from it."),
        (saved, true) => format!(
            "{saved} unsent changes were saved from it; others that had not been sent may be lost."
        ),
    };
    match &report.set_aside {
        Some(aside) => Some(format!(
            "What was kept on this computer was damaged, and is read again from the project. \
             {unsent} The damaged file is {}.",
            aside.display()
        )),
        None if report.salvage_incomplete => Some(
            "What was kept on this computer is gone, and is read again from the project. Messages \
             that had not been sent are lost."
                .to_owned(),
        ),
        None => None,
    }
}

pub(super) async fn open_file(path: PathBuf, key: CacheKey) -> Result<(Cache, OpenReport)> {
    let opening = tokio::task::spawn_blocking(move || {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        Cache::open(&path, &key)
    });
    Ok(opening
        .await
        .map_err(|error| EngineError::Task(error.to_string()))??)
}
