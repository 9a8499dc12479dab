//! Serves the contract over a loopback WebSocket: one line of JSON tells where, then it runs
//! until it is interrupted.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use serde::Serialize;
use tidings_contract::{self as api, Call};
use tidings_engine::{
    App, AppOptions, EngineError, MemorySecrets, Network, Secrets, best_available,
};
use tidings_model::SystemClock;
use tidings_serve::{Desk, ServeError, Server};
use tracing_subscriber::EnvFilter;

/// Name of this program's entries in the key store.
const SERVICE: &str = "app.tidings.serve";
/// The UI as the checkout builds it.
const UI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/dist");

/// Serves the engine and the built UI to tests and scripts on this computer.
#[derive(Parser)]
#[command(name = "tidings-serve", version)]
struct Options {
    /// Directory of the configuration and the workspaces.
    #[arg(long)]
    data_dir: PathBuf,
    /// Loopback address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Opens the local workspace, and tells how to reach its server.
    #[arg(long, conflicts_with_all = ["url", "key"])]
    local: bool,
    /// Address of a Supabase project to open.
    #[arg(long, requires = "key")]
    url: Option<String>,
    /// Publishable key of that project.
    #[arg(long, requires = "url")]
    key: Option<String>,
    /// Where secrets are kept.
    #[arg(long, value_enum, default_value = "keyring")]
    secrets: Keeper,
    /// Socket of whoever keeps the secrets instead: what is kept outlives the program.
    #[cfg(unix)]
    #[arg(long, conflicts_with = "secrets")]
    secrets_socket: Option<PathBuf>,
    /// Directory of the built UI.
    #[arg(long, default_value = UI)]
    ui: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Keeper {
    /// The system's key store, or memory if it does not answer.
    Keyring,
    /// Memory, until the program ends: nothing is kept on disk then.
    Memory,
}

/// The line that tells where.
#[derive(Serialize)]
struct Ready<'a> {
    url: String,
    ws: String,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<tidings_local::Info>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Command(#[from] api::ApiError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("an answer of the engine could not be read: {0}")]
    Answer(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tidings-serve: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), Failure> {
    // Before the runtime starts: the key store's client makes one of its own.
    let secrets = secrets(&options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(options, secrets))
}

fn secrets(options: &Options) -> io::Result<Arc<dyn Secrets>> {
    #[cfg(unix)]
    if let Some(socket) = &options.secrets_socket {
        return Ok(Arc::new(tidings_serve::Keeper::connect(socket)?));
    }
    Ok(match options.secrets {
        Keeper::Keyring => best_available(SERVICE),
        Keeper::Memory => Arc::new(MemorySecrets::default()),
    })
}

async fn serve(options: Options, secrets: Arc<dyn Secrets>) -> Result<(), Failure> {
    let interrupted = interrupted()?;
    let desk = Arc::new(Desk::new());
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let app = App::start(AppOptions {
        data_dir: options.data_dir,
        downloads: None,
        secrets,
        host: desk.clone(),
        network: Network::default(),
        clock: Arc::new(SystemClock),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        default_url: variable("SUPABASE_URL"),
        default_key: variable("SUPABASE_PUBLISHABLE_KEY").or_else(|| variable("SUPABASE_ANON_KEY")),
        pace: tidings_engine::Pace::default(),
    })
    .await?;
    let mut local = None;
    if options.local {
        call(&app, api::StartLocal {}).await?;
        local = app.local_server().await;
    } else if let (Some(url), Some(key)) = (options.url, options.key) {
        open_project(&app, url, key).await?;
    }
    let server = Server::start(app.clone(), desk, options.listen, &options.ui).await?;
    let ready = Ready {
        url: server.url(),
        ws: server.ws(),
        token: server.token(),
        local,
    };
    let mut line = serde_json::to_vec(&ready)?;
    line.push(b'\n');
    io::stdout().write_all(&line)?;
    io::stdout().flush()?;
    interrupted.await;
    server.stop().await;
    app.stop().await;
    Ok(())
}

/// Brings a project to the front; one that was added in an earlier run is opened again.
async fn open_project(app: &App, url: String, key: String) -> Result<(), Failure> {
    let known = call(app, api::GetSnapshot {}).await?.workspaces;
    let plain = |url: &str| url.trim_end_matches('/').to_owned();
    match known
        .into_iter()
        .find(|workspace| !workspace.local && plain(&workspace.url) == plain(&url))
    {
        Some(workspace) => call(app, api::SelectWorkspace { id: workspace.id }).await?,
        None => {
            call(
                app,
                api::AddWorkspace {
                    url,
                    key,
                    name: None,
                },
            )
            .await?
        }
    };
    Ok(())
}

/// What the command line asks for is done behind the lock as well; nothing of it is shown.
async fn call<C: Call>(app: &App, args: C) -> Result<C::Reply, Failure> {
    let reply = app.carry_out(args.into()).await?;
    Ok(serde_json::from_str(reply.get())?)
}

/// Ends when the program is asked to end.
#[cfg(unix)]
fn interrupted() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends when the program is asked to end.
#[cfg(not(unix))]
fn interrupted() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
