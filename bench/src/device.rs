//! A computer with the engine on it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use tidings_cache::CacheKey;
use tidings_contract::{self as api, Call, Connection, Event, NotificationReport, SignUpOutcome};
use tidings_engine::{
    App, AppOptions, Host, Network, Notification, NotificationAbility, Pace, Secrets, SecretsError,
    Subscription,
};
use tidings_model::SystemClock;
use zeroize::Zeroizing;

/// Long enough for any event that is waited for.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// A computer: what is in its folder outlives the engine.
pub struct Device {
    folder: PathBuf,
    secrets: Arc<Kept>,
}

/// A running engine.
pub struct Client {
    app: App,
    pub events: Subscription,
}

impl Device {
    /// The computer whose files are in a folder.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            secrets: Arc::new(Kept::in_file(folder.join("secrets.json"))?),
            folder: folder.to_owned(),
        })
    }

    /// Starts the engine.
    pub async fn start(&self) -> Result<Client> {
        let app = App::start(AppOptions {
            data_dir: self.folder.clone(),
            downloads: None,
            secrets: self.secrets.clone(),
            host: Arc::new(Desk),
            network: Network::default(),
            clock: Arc::new(SystemClock),
            version: "bench".to_owned(),
            default_url: None,
            default_key: None,
            pace: Pace::default(),
        })
        .await?;
        let events = app.events();
        Ok(Client { app, events })
    }

    /// The file of the only workspace's cache, and its key.
    pub fn cache(&self) -> Result<(PathBuf, CacheKey)> {
        let mut folders = std::fs::read_dir(self.folder.join("workspaces"))?;
        let folder = folders.next().context("no workspace")??;
        let id = folder.file_name();
        let name = format!("workspace/{}/cache-key", id.to_string_lossy());
        let key = self.secrets.get(&name)?.context("no key")?;
        Ok((folder.path().join("cache.db"), CacheKey::from_hex(&key)?))
    }
}

impl Client {
    /// Carries a command out.
    pub async fn call<C: Call>(&self, args: C) -> Result<C::Reply> {
        Ok(serde_json::from_str(self.ask(args).await?.get())?)
    }

    /// Carries a command out, and gives its reply as a page would get it.
    pub async fn ask<C: Call>(&self, args: C) -> Result<Box<RawValue>> {
        match self.app.call(args.into()).await {
            Ok(reply) => Ok(reply),
            Err(error) => bail!("{}: {error:?}", C::NAME),
        }
    }

    /// Adds a project, makes an account there, and waits until it is live. Returns the user's id.
    pub async fn join(&mut self, url: &str, key: &str, name: &str) -> Result<String> {
        self.call(api::AddWorkspace {
            url: url.to_owned(),
            key: key.to_owned(),
            name: None,
        })
        .await?;
        let outcome = self
            .call(api::SignUp {
                email: format!("{name}@example.com"),
                password: format!("{name} has a long password"),
            })
            .await?;
        let SignUpOutcome::SignedIn { account } = outcome else {
            bail!("the account waits for a mail");
        };
        self.live().await?;
        Ok(account.user_id)
    }

    /// Waits until it is live.
    pub async fn live(&mut self) -> Result<()> {
        let snapshot = self.call(api::GetSnapshot {}).await?;
        let now = snapshot.active.map(|active| active.connection);
        if now.is_some_and(|now| now == Connection::Live) {
            return Ok(());
        }
        self.event(|event| match event {
            Event::Connection { connection } => (*connection == Connection::Live).then_some(()),
            _ => None,
        })
        .await
    }

    /// Waits for an event.
    pub async fn event<T>(&mut self, pick: impl Fn(&Event) -> Option<T>) -> Result<T> {
        let events = &mut self.events;
        let found = async {
            while let Some(told) = events.next().await {
                if let Some(found) = pick(&told.event) {
                    return Ok(found);
                }
            }
            bail!("the engine ended")
        };
        match tokio::time::timeout(DEADLINE, found).await {
            Ok(found) => found,
            Err(_) => {
                let state = self.call(api::GetDiagnostics {}).await?;
                bail!("an event did not come; {state:#?}")
            }
        }
    }

    /// Ends the engine in order.
    pub async fn stop(self) {
        self.app.stop().await;
    }
}

/// A desktop that shows everything and says nothing.
struct Desk;

impl Host for Desk {
    fn notify(&self, _: Notification) -> BoxFuture<'static, NotificationReport> {
        let report = NotificationReport {
            shown: true,
            reason: None,
        };
        Box::pin(std::future::ready(report))
    }

    fn notifications(&self) -> BoxFuture<'static, NotificationAbility> {
        // Nobody asks.
        Box::pin(std::future::pending())
    }

    fn open_notification_settings(&self) -> Result<(), String> {
        Ok(())
    }

    fn autostart(&self) -> Option<bool> {
        None
    }

    fn set_autostart(&self, _: bool) -> Result<(), String> {
        Ok(())
    }

    fn open_link(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn focused(&self) -> bool {
        true
    }

    fn visible(&self) -> bool {
        true
    }

    fn has_tray(&self) -> bool {
        false
    }
}

/// Secrets in a file, so that a process of its own can open the same caches. They protect
/// messages that are made up.
struct Kept {
    file: PathBuf,
    kept: Mutex<HashMap<String, String>>,
}

impl Kept {
    fn in_file(file: PathBuf) -> Result<Self> {
        let kept = match std::fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text)?,
            Err(_) => HashMap::new(),
        };
        Ok(Self {
            file,
            kept: Mutex::new(kept),
        })
    }

    fn change(
        &self,
        change: impl FnOnce(&mut HashMap<String, String>),
    ) -> Result<(), SecretsError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut kept);
        let text = serde_json::to_vec(&*kept).map_err(|error| SecretsError(error.to_string()))?;
        std::fs::write(&self.file, text).map_err(|error| SecretsError(error.to_string()))
    }
}

impl Secrets for Kept {
    fn get(&self, name: &str) -> Result<Option<Zeroizing<String>>, SecretsError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.get(name).cloned().map(Zeroizing::new))
    }

    fn set(&self, name: &str, value: &str) -> Result<(), SecretsError> {
        self.change(|kept| {
            kept.insert(name.to_owned(), value.to_owned());
        })
    }

    fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.change(|kept| {
            kept.remove(name);
        })
    }

    fn durable(&self) -> bool {
        true
    }
}
