//! The way out of a lock whose passphrase is lost: everything goes from this computer.

use std::time::Duration;

use tidings_cache::CacheKey;
use tidings_contract as api;

use super::App;
use super::open::{self, CACHE_FILE, CACHE_KEY};
use crate::config::{Config, WorkspaceConfig, WorkspacePlace};
use crate::error::{EngineError, Result};
use crate::secrets;

/// How long a project may take to hear that this device has signed out.
const GOODBYE: Duration = Duration::from_secs(5);

impl App {
    /// What would be removed.
    pub(super) async fn left_behind(&self) -> api::LeftBehind {
        let all = self.config(|config| config.workspaces.clone());
        let mut left = api::LeftBehind {
            workspaces: u32::try_from(all.len()).unwrap_or(u32::MAX),
            local: all.iter().any(|w| matches!(w.place, WorkspacePlace::Local)),
            unsent: 0,
            unread: 0,
        };
        for workspace in &all {
            match self.unsent(workspace).await {
                Some(unsent) => left.unsent = left.unsent.saturating_add(unsent),
                None => left.unread += 1,
            }
        }
        left
    }

    /// Changes of a workspace that were not sent; none where that cannot be read.
    async fn unsent(&self, workspace: &WorkspaceConfig) -> Option<u32> {
        let running = self.0.running.lock().await;
        let items = if let Some(opened) = running.workspaces.get(&workspace.id) {
            opened.workspace.core().unsent().await.ok()
        } else {
            let path = self.directory(workspace.id).join(CACHE_FILE);
            if !path.exists() {
                return Some(0);
            }
            let scoped = self.secrets(workspace.id);
            let key = secrets::blocking(move || scoped.get(CACHE_KEY))
                .await
                .ok()??;
            let key = CacheKey::from_hex(&key).ok()?;
            let (cache, _) = open::open_file(path, key).await.ok()?;
            let items = cache.outbox_list().await;
            cache.close().await;
            items.ok().map(|items| items.len())
        };
        u32::try_from(items?).ok()
    }

    /// Removes all workspaces, all settings and the passphrase, in this order: whatever ends the
    /// program meanwhile, what is left of the messages stays locked.
    pub(super) async fn start_over(&self) -> Result<api::Nothing> {
        let _turn = self.lock_turn().await;
        if !self.is_locked() {
            return Err(EngineError::Invalid(
                "Tidings is not locked. Workspaces are removed in the settings.".to_owned(),
            ));
        }
        let mut running = self.0.running.lock().await;
        let all = self.config(|config| config.workspaces.clone());
        for (_, opened) in running.workspaces.drain() {
            let core = opened.workspace.core().clone();
            let scope = api::SignOutScope::ThisDevice;
            let goodbye = api::SignOut { scope };
            // A project that does not hear it keeps a session that nobody has any more.
            let _ = tokio::time::timeout(GOODBYE, core.sign_out(&goodbye)).await;
            opened.close().await;
        }
        let mut refused = None;
        for workspace in &all {
            let forgotten = self.forget_secrets(workspace.id).await;
            refused = refused.or(forgotten.err());
        }
        let folder = self.0.options.data_dir.join("workspaces");
        match tokio::fs::remove_dir_all(&folder).await {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(EngineError::File {
                    path: folder,
                    source,
                });
            }
            _ => {}
        }
        self.0.sounds.forget_own();
        let mut settings = api::Settings::default();
        self.config_mut(|config| {
            settings.revision = config.settings.revision + 1;
            *config = Config::default();
            config.settings = settings.clone();
        })?;
        self.0.file.forget_damaged()?;
        self.0.settings.send_replace(settings);
        self.0.muted.send_replace(None);
        self.0.paused.send_replace(None);
        refused = refused.or(self.lock_is_over().await.err());
        self.tell_workspaces(&running);
        self.0.bus.emit(api::Event::Resync);
        if let Some(error) = refused {
            self.warn(&format!(
                "The messages are gone from this computer. The key store did not let go of all keys: {error}"
            ));
        }
        Ok(api::Nothing {})
    }
}
