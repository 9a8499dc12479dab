//! All workspaces of this device, and the settings.

mod check;
mod desktop;
mod dispatch;
mod downloads;
mod export;
mod frame_file;
mod import;
mod instance;
mod local;
mod lock;
mod mute;
mod open;
mod rules;
mod start_over;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tidings_contract as api;
use tidings_model::{Clock, Timestamp, WorkspaceId};
use tokio::sync::watch;

use crate::bus::{Bus, Subscription};
use crate::config::{Config, ConfigFile, WorkspaceConfig, WorkspacePlace};
use crate::error::{EngineError, Result};
use crate::host::Host;
use crate::lock::{Attempts, Guarded, Locked};
use crate::network::Network;
use crate::secrets::{Scoped, Secrets};
use crate::sounds::Sounds;
use crate::workspace::{Pace, Workspace};

/// What the program is given by whoever runs it.
pub struct AppOptions {
    /// Directory of the configuration and the workspaces.
    pub data_dir: PathBuf,
    /// Where files that the user asks for go; none: into the directory of the program.
    pub downloads: Option<PathBuf>,
    /// Where secrets are kept.
    pub secrets: Arc<dyn Secrets>,
    /// The desktop.
    pub host: Arc<dyn Host>,
    /// How projects are reached.
    pub network: Network,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Version of the program.
    pub version: String,
    /// Address for the connect form.
    pub default_url: Option<String>,
    /// Publishable key for the connect form.
    pub default_key: Option<String>,
    /// How often workspaces look for what was not told.
    pub pace: Pace,
}

/// The program without a face. Clones share it.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    options: AppOptions,
    bus: Bus,
    /// The desktop as workspaces have it.
    host: Arc<dyn Host>,
    lock: lock::Lock,
    file: ConfigFile,
    config: Mutex<Config>,
    settings: watch::Sender<api::Settings>,
    muted: watch::Sender<Option<Timestamp>>,
    paused: watch::Sender<Option<Timestamp>>,
    /// When somebody used the program last.
    used: watch::Sender<Timestamp>,
    sounds: Sounds,
    http: tidings_supabase::Http,
    running: tokio::sync::Mutex<Running>,
    upload: tokio::sync::Mutex<Option<import::Upload>>,
    rules_upload: tokio::sync::Mutex<Option<import::Upload>>,
    /// Until the program is stopped, no other one uses the directory.
    instance: Mutex<Option<instance::Instance>>,
}

/// The workspaces that are open. The lock around it makes opening and closing one at a time.
#[derive(Default)]
struct Running {
    workspaces: HashMap<WorkspaceId, Opened>,
}

struct Opened {
    workspace: Workspace,
    /// The embedded server, for the local workspace.
    server: Option<tidings_local::LocalServer>,
    url: String,
    secrets_in_memory: bool,
}

impl App {
    /// Reads the configuration and opens the workspace that was in front.
    pub async fn start(options: AppOptions) -> Result<Self> {
        let file = ConfigFile::in_directory(&options.data_dir)?;
        let instance = instance::Instance::of(&options.data_dir, instance::PATIENCE).await?;
        let (mut config, damaged) = file.read()?;
        config.settings.zoom = api::nearest_zoom(config.settings.zoom);
        config.settings.realtime = config.settings.realtime.nearest();
        config.settings.retention = config.settings.retention.sound();
        config.settings.price_keeping = config.settings.price_keeping.sound();
        config.settings.quiet = config.settings.quiet.sound();
        config.settings.lock_after = config.settings.lock_after.map(lock::sound);
        let now = options.clock.now();
        let muted = mute::kept(config.alerts_muted_until, now);
        let paused = mute::kept(config.notifications_paused_until, now);
        let locked = Locked::default();
        let lock = lock::Lock::at_start(&options, locked.clone(), &config.lock);
        let lock = lock.await;
        lock.remember(Attempts::kept(config.lock.attempts, now));
        let app = Self(Arc::new(Inner {
            bus: Bus::new(locked.clone()),
            host: Arc::new(Guarded::new(options.host.clone(), locked)),
            lock,
            file,
            settings: watch::Sender::new(config.settings.clone()),
            config: Mutex::new(config),
            muted: watch::Sender::new(muted),
            paused: watch::Sender::new(paused),
            used: watch::Sender::new(now),
            sounds: Sounds::in_directory(&options.data_dir),
            http: options.network.http()?,
            running: tokio::sync::Mutex::default(),
            upload: tokio::sync::Mutex::default(),
            rules_upload: tokio::sync::Mutex::default(),
            instance: Mutex::new(Some(instance)),
            options,
        }));
        mute::watch(&app);
        lock::watch(&app);
        if let Some(damaged) = damaged {
            let message = if damaged.copied {
                format!(
                    "The settings could not be read, so their copy was taken. The old file is {}.",
                    damaged.aside.display()
                )
            } else {
                format!(
                    "The settings could not be read and are back at their defaults. The old file is {}.",
                    damaged.aside.display()
                )
            };
            app.0.bus.emit(api::Event::Notice {
                level: api::NoticeLevel::Warning,
                message,
            });
        }
        app.open_last().await;
        Ok(app)
    }

    /// Opens the workspace that was in front.
    async fn open_last(&self) {
        let active = self.config(|config| config.active);
        if let Some(id) = active
            && let Err(error) = self.open(id).await
        {
            // It stays the one to open: the next start tries again.
            tracing::error!(%error, "the workspace could not be opened");
            self.0.bus.emit(api::Event::Notice {
                level: api::NoticeLevel::Error,
                message: format!("The workspace could not be opened: {error}"),
            });
        }
    }

    /// Listens to events from now on, for a window. Listen first, then ask for the snapshot.
    /// The first to listen is also told what was said while no window listened.
    pub fn events(&self) -> Subscription {
        self.0.bus.subscribe()
    }

    /// Listens to changes of the state from now on, for what shows no notices and no places.
    pub fn changes(&self) -> Subscription {
        self.0.bus.follow()
    }

    /// The network is another one: connections are put to the test, and what waits is tried.
    pub async fn network_changed(&self) {
        let running = self.0.running.lock().await;
        for opened in running.workspaces.values() {
            opened.workspace.core().network_changed();
        }
    }

    /// Shows a place in the window that listens.
    pub fn show(&self, place: api::Place) {
        self.0.bus.emit(api::Event::Show { place });
    }

    /// The settings, now and from now on.
    pub fn settings(&self) -> watch::Receiver<api::Settings> {
        self.0.settings.subscribe()
    }

    /// Address and keys of the embedded server of the workspace in front, its secrets
    /// included: for scripts and tests that act beside the program. No part of the contract.
    pub async fn local_server(&self) -> Option<tidings_local::Info> {
        let running = self.0.running.lock().await;
        let (_, opened) = self.front(&running).ok()?;
        opened.server.as_ref().map(tidings_local::LocalServer::info)
    }

    /// Ends everything in order: the outbox is on disk, sessions are kept.
    pub async fn stop(&self) {
        let mut running = self.0.running.lock().await;
        for (_, opened) in running.workspaces.drain() {
            opened.close().await;
        }
        let instance = self.0.instance.lock();
        instance.unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Ends as a crash of the program would: no goodbye, and what waits to be written is not
    /// written. When it returns nothing of the program is at work any more.
    pub async fn abandon(&self) {
        let mut running = self.0.running.lock().await;
        for (_, opened) in running.workspaces.drain() {
            opened.workspace.abandon().await;
        }
        let instance = self.0.instance.lock();
        instance.unwrap_or_else(PoisonError::into_inner).take();
    }

    fn config<T>(&self, read: impl FnOnce(&Config) -> T) -> T {
        read(&self.0.config.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the configuration and writes it; when it cannot be written nothing changes.
    fn config_mut(&self, change: impl FnOnce(&mut Config)) -> Result<()> {
        let mut config = self.0.config.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = config.clone();
        change(&mut next);
        if next != *config {
            self.0.file.write(&next)?;
            *config = next;
        }
        Ok(())
    }

    /// Changes what is good to know and no more: here it counts also when it cannot be written.
    fn config_kept_or_not(&self, change: impl FnOnce(&mut Config)) {
        let mut config = self.0.config.lock().unwrap_or_else(PoisonError::into_inner);
        let before = config.clone();
        change(&mut config);
        if *config != before
            && let Err(error) = self.0.file.write(&config)
        {
            tracing::error!(%error, "the configuration was not written");
        }
    }

    fn workspace_config(&self, id: WorkspaceId) -> Result<WorkspaceConfig> {
        self.config(|config| config.workspaces.iter().find(|w| w.id == id).cloned())
            .ok_or_else(|| EngineError::NotFound("There is no such workspace.".to_owned()))
    }

    fn change_workspace(&self, id: WorkspaceId, change: impl FnOnce(&mut WorkspaceConfig)) {
        self.config_kept_or_not(|config| {
            if let Some(workspace) = config.workspaces.iter_mut().find(|w| w.id == id) {
                change(workspace);
            }
        });
    }

    fn directory(&self, id: WorkspaceId) -> PathBuf {
        self.0
            .options
            .data_dir
            .join("workspaces")
            .join(id.to_string())
    }

    fn secrets(&self, id: WorkspaceId) -> Scoped {
        Scoped::new(self.0.options.secrets.clone(), id)
    }

    /// A workspace in the contract's words.
    fn info(workspace: &WorkspaceConfig, running: &Running) -> api::WorkspaceInfo {
        let (local, url) = match &workspace.place {
            WorkspacePlace::Local => {
                let opened = running.workspaces.get(&workspace.id);
                (
                    true,
                    opened.map(|opened| opened.url.clone()).unwrap_or_default(),
                )
            }
            WorkspacePlace::Project { url, .. } => (false, url.clone()),
        };
        api::WorkspaceInfo {
            id: workspace.id.to_string(),
            name: workspace.name.clone(),
            local,
            url,
            email: workspace.email.clone(),
        }
    }

    fn infos(&self, running: &Running) -> Vec<api::WorkspaceInfo> {
        let all = self.config(|config| config.workspaces.clone());
        all.iter()
            .map(|workspace| Self::info(workspace, running))
            .collect()
    }

    fn tell_workspaces(&self, running: &Running) {
        self.0.bus.emit(api::Event::Workspaces {
            workspaces: self.infos(running),
            // One that could not be opened is not in front.
            active: self.front(running).ok().map(|(id, _)| id.to_string()),
        });
    }
}

impl Opened {
    async fn close(self) {
        self.workspace.close().await;
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}
