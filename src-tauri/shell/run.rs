//! Puts the parts together and runs until the user quits.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager as _, RunEvent, WindowEvent};
use tidings_contract::{ApiError, ErrorCode, Numbered, StartLocal, Theme};
use tidings_engine::{App, AppOptions, Network};
use tidings_model::SystemClock;
use tokio::sync::watch;

use crate::arguments::Arguments;
use crate::host::DesktopHost;
use crate::notify::{Acted, Notifier};
use crate::{commands, instance, logging, network, platform, telling, tray, window};

/// The program's name among those of the system: secrets are kept under it, and so are its data.
pub const SERVICE: &str = "app.tidings.desktop";
/// How long after the window the tray icon comes: what draws it would delay the first page.
const TRAY_AFTER: Duration = Duration::from_secs(1);

/// A program that was told to end is gone after this long.
const STOPPING: Duration = Duration::from_secs(10);

type Started = Option<Result<App, ApiError>>;

/// The engine, once it has started.
pub struct Engine {
    started: watch::Receiver<Started>,
    /// What tells the page events.
    telling: Mutex<Option<JoinHandle<()>>>,
    /// Whether the window is shown.
    shown: watch::Sender<bool>,
}

impl Engine {
    fn new(started: watch::Receiver<Started>, shown: bool) -> Self {
        Self {
            started,
            telling: Mutex::default(),
            shown: watch::Sender::new(shown),
        }
    }

    /// The window is shown or hidden from now on.
    pub fn note_shown(&self, shown: bool) {
        self.shown.send_replace(shown);
    }

    /// Tells the page every event from now on. A page that was loaded anew takes the place of
    /// the one before it.
    pub fn tell(&self, app: &App, page: Channel<Arc<Numbered>>) {
        let (events, shown) = (app.events(), self.shown.subscribe());
        let telling = tauri::async_runtime::spawn(telling::follow(events, shown, move |event| {
            page.send(event)
                .inspect_err(|error| tracing::warn!(%error, "the page is told no more events"))
                .is_ok()
        }));
        let mut current = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = current.replace(telling) {
            before.abort();
        }
    }

    /// Waits until the engine has started, or has failed to.
    pub async fn ready(&self) -> Result<App, ApiError> {
        let mut state = self.started.clone();
        let stopped = || ApiError::new(ErrorCode::Internal, "Tidings is ending.");
        let started = state
            .wait_for(Option::is_some)
            .await
            .map_err(|_| stopped())?;
        started.clone().unwrap_or_else(|| Err(stopped()))
    }

    /// How large everything is shown, in percent, once the settings are read.
    pub fn zoom(&self) -> Option<u32> {
        Some(self.now()?.settings().borrow().zoom)
    }

    fn now(&self) -> Option<App> {
        self.started
            .borrow()
            .as_ref()
            .and_then(|started| started.as_ref().ok().cloned())
    }
}

/// Runs the program until the user quits it.
pub fn run(arguments: Arguments) -> ExitCode {
    let (started, engine) = watch::channel(None);
    let focused = Arc::new(AtomicBool::new(false));
    let (notifier, acted) = Notifier::new();
    let seen = focused.clone();
    #[cfg(not(target_os = "linux"))]
    let autostart = platform::autostart_plugin(arguments.data_dir.as_deref());
    let instance = instance::plugin(arguments.data_dir.as_deref());
    let hidden = arguments.hidden && platform::has_tray();
    let setup = move |app: &mut tauri::App| -> Result<(), Box<dyn std::error::Error>> {
        let handle = app.handle().clone();
        let log = logging::start(&handle.path().app_log_dir()?);
        app.manage(log);
        let data_dir = match &arguments.data_dir {
            Some(directory) => directory.clone(),
            None => handle.path().app_data_dir()?,
        };
        let downloads = handle.path().download_dir().ok();
        window::open(&handle, !hidden)?;
        let shown = handle.state::<Engine>().shown.subscribe();
        let data = arguments.data_dir.clone();
        let host = DesktopHost::new(handle.clone(), notifier, seen, shown, data);
        let local = arguments.local;
        tauri::async_runtime::spawn(async move {
            let app = start(data_dir, downloads, host, local).await;
            if let Ok(app) = &app {
                // Before the page is answered: until then it draws nothing.
                let zoom = app.settings().borrow().zoom;
                window::set_zoom(&handle, zoom);
                tauri::async_runtime::spawn(follow_theme(handle.clone(), app.clone()));
                tauri::async_runtime::spawn(follow_zoom(handle.clone(), app.clone(), zoom));
                tauri::async_runtime::spawn(follow_actions(handle.clone(), app.clone(), acted));
                tauri::async_runtime::spawn(network::follow(app.clone()));
                let (handle, app) = (handle.clone(), app.clone());
                tauri::async_runtime::spawn(async move {
                    if !hidden {
                        tokio::time::sleep(TRAY_AFTER).await;
                    }
                    tray::follow(handle, app).await;
                });
            }
            started.send_replace(Some(app));
            end_on_signal(handle).await;
        });
        Ok(())
    };
    let builder = tauri::Builder::default();
    // Before all that a second start should not begin.
    let builder = match instance {
        Some(instance) => builder.plugin(instance),
        None => builder,
    };
    #[cfg(not(target_os = "linux"))]
    let builder = builder.plugin(autostart);
    let built = builder
        .plugin(tauri_plugin_opener::init())
        .plugin(
            tauri_plugin_window_state::Builder::new()
                .with_state_flags(
                    tauri_plugin_window_state::StateFlags::SIZE
                        | tauri_plugin_window_state::StateFlags::POSITION
                        | tauri_plugin_window_state::StateFlags::MAXIMIZED,
                )
                .build(),
        )
        .manage(Engine::new(engine, !hidden))
        .invoke_handler(tauri::generate_handler![
            commands::call,
            commands::subscribe
        ])
        .setup(setup)
        .build(tauri::generate_context!());
    let app = match built {
        Ok(app) => app,
        Err(error) => {
            #[cfg(target_os = "linux")]
            if found_nobody(&error) {
                platform::start_again();
            }
            eprintln!("Tidings could not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = app.run_return(move |handle, event| on_event(handle, &event, &focused));
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Whether the instance that this start should have handed over to went away without an answer.
/// Without a bus, say, another start would be of no use.
#[cfg(target_os = "linux")]
fn found_nobody(error: &tauri::Error) -> bool {
    matches!(error, tauri::Error::PluginInitialization(name, problem)
        if name == "single-instance" && problem.contains("forward arguments"))
}

async fn start(
    data_dir: PathBuf,
    downloads: Option<PathBuf>,
    host: DesktopHost,
    local: bool,
) -> Result<App, ApiError> {
    // The key store's client blocks, and starts a runtime of its own.
    let secrets = tokio::task::spawn_blocking(|| tidings_engine::best_available(SERVICE))
        .await
        .map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))?;
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let app = App::start(AppOptions {
        data_dir,
        downloads,
        secrets,
        host: Arc::new(host),
        network: Network::default(),
        clock: Arc::new(SystemClock),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        default_url: environment("SUPABASE_URL"),
        default_key: environment("SUPABASE_ANON_KEY")
            .or_else(|| environment("SUPABASE_PUBLISHABLE_KEY")),
        pace: tidings_engine::Pace::default(),
    })
    .await
    .map_err(ApiError::from)?;
    if local {
        app.carry_out(StartLocal {}.into()).await?;
    }
    Ok(app)
}

async fn follow_theme(handle: AppHandle, app: App) {
    let mut settings = app.settings();
    // What a window has from the start.
    let mut shown = Theme::System;
    loop {
        let theme = settings.borrow_and_update().theme;
        if theme != shown {
            window::set_theme(&handle, theme);
            shown = theme;
        }
        if settings.changed().await.is_err() {
            return;
        }
    }
}

/// `shown`: what the window has already.
async fn follow_zoom(handle: AppHandle, app: App, mut shown: u32) {
    let mut settings = app.settings();
    loop {
        let zoom = settings.borrow_and_update().zoom;
        if zoom != shown {
            window::set_zoom(&handle, zoom);
            shown = zoom;
        }
        if settings.changed().await.is_err() {
            return;
        }
    }
}

async fn follow_actions(
    handle: AppHandle,
    app: App,
    mut acted: tokio::sync::mpsc::UnboundedReceiver<Acted>,
) {
    while let Some(Acted { about, pressed }) = acted.recv().await {
        if pressed.shows_window() {
            window::show(&handle);
        }
        app.notification_action(about, pressed).await;
    }
}

fn on_event(handle: &AppHandle, event: &RunEvent, focused: &AtomicBool) {
    match event {
        RunEvent::WindowEvent {
            event: WindowEvent::Focused(now),
            ..
        } => {
            focused.store(*now, Ordering::SeqCst);
        }
        RunEvent::WindowEvent {
            event: WindowEvent::CloseRequested { api, .. },
            ..
        } => {
            api.prevent_close();
            close(handle);
        }
        // The program ends through `quit` alone, which lets the engine end first.
        RunEvent::ExitRequested {
            api, code: None, ..
        } => api.prevent_exit(),
        RunEvent::Exit => {
            if let Some(app) = handle.state::<Engine>().now() {
                let stopped = async { tokio::time::timeout(STOPPING, app.stop()).await };
                if tauri::async_runtime::block_on(stopped).is_err() {
                    tracing::error!("the engine did not end in time; what is on the disk is whole");
                }
            }
        }
        _ => {}
    }
}

/// Closing the window keeps the program in the tray, where there is one and the user wants it.
fn close(handle: &AppHandle) {
    let handle = handle.clone();
    tauri::async_runtime::spawn(async move {
        let wanted = handle
            .state::<Engine>()
            .now()
            .is_some_and(|app| app.settings().borrow().close_to_tray);
        let tray = wanted
            && tokio::task::spawn_blocking(platform::has_tray)
                .await
                .unwrap_or(false);
        if tray {
            window::hide(&handle);
            if let Some(app) = handle.state::<Engine>().now() {
                app.window_hidden().await;
            }
        } else {
            handle.exit(0);
        }
    });
}

/// Ends the program in order when the system asks it to.
async fn end_on_signal(handle: AppHandle) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut terminate), Ok(mut interrupt)) = (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
        ) else {
            return;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    handle.exit(0);
}
