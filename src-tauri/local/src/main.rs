//! Runs the local workspace server as a program of its own.
//!
//! Prints one line of JSON, `{"url","publishable_key","anon_key","service_role_key",
//! "jwt_secret"}`, and serves until it is interrupted. With `--data-dir` the secrets are
//! kept in `secrets.json` in that directory, readable by its owner only, so that a restart
//! keeps its keys; without it everything is in memory and new each time.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use tidings_local::realtime::{Plan, RealtimeBehaviour};
use tidings_local::{
    Behaviour, Consent, LocalServer, Location, Options, Parts, Secret, Secrets, StubProvider,
    WorkspaceOptions,
};

/// An embedded Supabase-compatible server over SQLite, on the loopback address only.
#[derive(Parser)]
#[command(name = "tidings-local", version)]
#[allow(clippy::struct_excessive_bools)] // Each is a switch of its own.
struct Arguments {
    /// Where rows and secrets are kept; in memory when absent.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// The loopback address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The secret of all tokens, at least 32 characters; overrides the kept one.
    #[arg(long, env = "TIDINGS_LOCAL_JWT_SECRET", hide_env_values = true)]
    jwt_secret: Option<String>,
    /// Run as the app's local workspace: welcoming sessions, assistant, simulated prices.
    #[arg(long)]
    workspace: bool,
    /// Answer user messages.
    #[arg(long)]
    assistant: bool,
    /// Simulate prices, the random walk beginning from this seed.
    #[arg(long, value_name = "SEED", num_args = 0..=1, default_missing_value = "1")]
    prices: Option<u64>,
    /// Optional parts of the project; with --workspace all of them. What a data directory holds of
    /// a part that is not named is removed.
    #[arg(long, value_enum, value_name = "PART", value_delimiter = ',')]
    parts: Vec<PartArgument>,
    /// Seconds an access token lives.
    #[arg(long, default_value_t = 3600)]
    token_lifetime: u64,
    /// Seconds in which a used refresh token is still answered.
    #[arg(long, default_value_t = 10)]
    reuse_interval: u64,
    /// Refuse new users.
    #[arg(long)]
    no_signup: bool,
    /// New users must confirm their address first (needs --fixed-code).
    #[arg(long)]
    confirm_email: bool,
    /// The one code that verification accepts; without it codes are refused.
    #[arg(long)]
    fixed_code: Option<String>,
    /// Sessions older than a day need a code to change the password (needs --fixed-code).
    #[arg(long)]
    secure_password_change: bool,
    /// Stand in for these identity providers behind /authorize.
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = provider_name)]
    stub_providers: Vec<String>,
    /// What their user says to being signed in.
    #[arg(long, value_enum, default_value_t = ConsentArgument::Granted)]
    stub_consent: ConsentArgument,
    /// An address besides loopback IP literals that browsers may be sent back to.
    #[arg(long, value_name = "URL")]
    redirect: Vec<String>,
    /// The most rows of one REST answer.
    #[arg(long, default_value_t = 1000)]
    max_rows: usize,
    /// Refuse requests without a user (PGRST302).
    #[arg(long)]
    no_anonymous: bool,
    /// Take as long, and limit as strictly, as hosted Realtime.
    #[arg(long)]
    hosted_realtime: bool,
    /// Offer /_test/ routes to the service key: clock, token lifetime, ending sessions.
    #[arg(long)]
    test_hooks: bool,
}

/// What a stub provider's user says.
#[derive(Clone, Copy, ValueEnum)]
enum ConsentArgument {
    /// Yes, without being asked.
    Granted,
    /// No, without being asked.
    Denied,
    /// A page in the browser asks.
    Asked,
}

/// An optional part of the project.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PartArgument {
    /// Revisions, heads and tombstones.
    Sync,
    /// Members, invitations and profiles.
    Members,
}

fn provider_name(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(text.to_owned())
    } else {
        Err("a provider's name has letters and digits only".to_owned())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tidings-local: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let mut secrets = match &arguments.data_dir {
        Some(directory) => kept_secrets(directory).map_err(|error| {
            format!(
                "the secrets in {} cannot be used: {error}",
                directory.display()
            )
        })?,
        None => Secrets::generate(),
    };
    if let Some(jwt_secret) = &arguments.jwt_secret {
        if jwt_secret.chars().count() < 32 {
            return Err("the token secret must have at least 32 characters".to_owned());
        }
        secrets = Secrets::derive(Secret::new(jwt_secret), secrets.publishable_key);
    }
    let interrupted = interruption().map_err(|error| format!("no signals: {error}"))?;
    let server = LocalServer::start(options(&arguments, secrets))
        .await
        .map_err(|error| error.to_string())?;
    let line = serde_json::to_string(&server.info()).map_err(|error| error.to_string())?;
    // Whoever started this may read one line and close the pipe.
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    interrupted.await;
    server.stop().await;
    Ok(())
}

fn options(arguments: &Arguments, secrets: Secrets) -> Options {
    let mut behaviour = Behaviour {
        max_rows: arguments.max_rows,
        anonymous: !arguments.no_anonymous,
        test_hooks: arguments.test_hooks,
        ..Behaviour::default()
    };
    if arguments.hosted_realtime {
        behaviour.realtime = RealtimeBehaviour::hosted(Plan::Free);
    }
    behaviour.auth.token_lifetime = Duration::from_secs(arguments.token_lifetime);
    behaviour.auth.reuse_interval = Duration::from_secs(arguments.reuse_interval);
    behaviour.auth.signup = !arguments.no_signup;
    behaviour.auth.confirm_email = arguments.confirm_email;
    behaviour.auth.fixed_code.clone_from(&arguments.fixed_code);
    behaviour.auth.secure_password_change = arguments.secure_password_change;
    behaviour.auth.stub_provider = (!arguments.stub_providers.is_empty()).then(|| StubProvider {
        names: arguments.stub_providers.clone(),
        consent: match arguments.stub_consent {
            ConsentArgument::Granted => Consent::Granted,
            ConsentArgument::Denied => Consent::Denied,
            ConsentArgument::Asked => Consent::Asked,
        },
    });
    behaviour.auth.redirects.clone_from(&arguments.redirect);
    let has = |part| arguments.workspace || arguments.parts.contains(&part);
    Options {
        location: arguments
            .data_dir
            .clone()
            .map_or(Location::Memory, Location::Directory),
        listen: arguments.listen,
        secrets: Some(secrets),
        behaviour,
        workspace: WorkspaceOptions {
            welcome: arguments.workspace,
            assistant: arguments.workspace || arguments.assistant,
            simulated_prices: arguments.prices.or(arguments.workspace.then_some(1)),
            parts: Parts {
                sync: has(PartArgument::Sync),
                members: has(PartArgument::Members),
            },
        },
        ..Options::default()
    }
}

/// Reads the secrets of a data directory, making them at the first start.
fn kept_secrets(directory: &Path) -> std::io::Result<Secrets> {
    std::fs::create_dir_all(directory)?;
    let file = directory.join("secrets.json");
    match std::fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(std::io::Error::other),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let secrets = Secrets::generate();
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut kept = options.open(&file)?;
            kept.write_all(&serde_json::to_vec(&secrets)?)?;
            kept.sync_all()?;
            Ok(secrets)
        }
        Err(error) => Err(error),
    }
}

/// Ends at the first interruption. Listens from the moment it is called, so that none is
/// missed between the printed line and the waiting.
#[cfg(unix)]
fn interruption() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends at the first interruption.
#[cfg(windows)]
fn interruption() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
