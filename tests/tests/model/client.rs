//! A client: a computer with the app on it, and its network.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tempfile::TempDir;
use tidings_contract::{self as api, ApiError, Call, Connection, ErrorCode};
use tidings_engine::{App, AppOptions, MemorySecrets, Network, Secrets, SecretsError};
use tidings_model::{Clock, Timestamp};
use tidings_realtime::{Bytes, ConnectError, Connector};
use tidings_serve::Desk;
use tidings_testkit::FaultProxy;
use tokio::time::Instant;
use url::Url;

use crate::run::Over;
use crate::server::CODE;

/// The runtime's time as a wall clock that is so many seconds off.
pub struct ModelClock {
    begin: Instant,
    off: AtomicI64,
}

/// When every program begins.
const BEGIN: Timestamp = Timestamp::from_millis(1_795_341_600_000);

impl ModelClock {
    pub fn new(begin: Instant, off: i64) -> Arc<Self> {
        let off = AtomicI64::new(off);
        Arc::new(Self { begin, off })
    }

    /// Returns how far off it was.
    pub fn set(&self, off: i64) -> i64 {
        self.off.swap(off, Ordering::SeqCst)
    }
}

impl Clock for ModelClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.begin.elapsed().as_micros()).unwrap();
        let off = self.off.load(Ordering::SeqCst) * 1_000_000;
        Timestamp::from_micros(BEGIN.as_micros() + passed + off)
    }
}

/// Keeps secrets like the system's key store, for as long as the computer exists.
#[derive(Default)]
struct KeyStore(MemorySecrets);

impl Secrets for KeyStore {
    fn get(&self, name: &str) -> Result<Option<zeroize::Zeroizing<String>>, SecretsError> {
        self.0.get(name)
    }

    fn set(&self, name: &str, value: &str) -> Result<(), SecretsError> {
        self.0.set(name, value)
    }

    fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.0.delete(name)
    }

    fn durable(&self) -> bool {
        true
    }
}

/// The network of one run of the program; a program that was killed connects no more.
struct Wire {
    proxy: Arc<FaultProxy>,
    alive: Arc<AtomicBool>,
}

impl Connector for Wire {
    fn connect<'a>(&'a self, _: &'a Url) -> BoxFuture<'a, Result<Box<dyn Bytes>, ConnectError>> {
        async {
            if !self.alive.load(Ordering::SeqCst) {
                return Err(ConnectError::Network("the program has ended".to_owned()));
            }
            let stream: Box<dyn Bytes> = Box::new(self.proxy.connect());
            Ok(stream)
        }
        .boxed()
    }
}

pub struct Client {
    data: TempDir,
    secrets: Arc<KeyStore>,
    pub clock: Arc<ModelClock>,
    pub proxy: Arc<FaultProxy>,
    over: Over,
    /// Id and address of whose client it is.
    pub user: String,
    pub email: String,
    app: Option<App>,
    alive: Arc<AtomicBool>,
    workspace: String,
    /// When it was last struck, until it is seen in touch again.
    struck: Option<Instant>,
    /// Its network has no lasting fault.
    pub connected: bool,
}

/// A connection that is gone is noticed within this time, unless the network keeps it quiet.
const NOTICED: Duration = Duration::from_secs(5);

impl Client {
    /// A computer with nothing on it.
    pub fn new(
        data: TempDir,
        clock: Arc<ModelClock>,
        proxy: FaultProxy,
        over: Over,
        (user, email): (&str, &str),
    ) -> Self {
        Self {
            data,
            secrets: Arc::default(),
            clock,
            proxy: Arc::new(proxy),
            over,
            user: user.to_owned(),
            email: email.to_owned(),
            app: None,
            alive: Arc::default(),
            workspace: String::new(),
            struck: None,
            connected: true,
        }
    }

    /// Starts the program, unless it runs.
    pub async fn start(&mut self) -> Result<(), String> {
        if self.app.is_some() {
            return Ok(());
        }
        self.alive = Arc::new(AtomicBool::new(true));
        let network = if self.over == Over::Memory {
            Network::Streams(Arc::new(Wire {
                proxy: self.proxy.clone(),
                alive: self.alive.clone(),
            }))
        } else {
            Network::System
        };
        let app = App::start(AppOptions {
            data_dir: self.data.path().to_path_buf(),
            downloads: None,
            secrets: self.secrets.clone(),
            host: Arc::new(Desk::new()),
            network,
            clock: self.clock.clone(),
            version: "test".to_owned(),
            default_url: None,
            default_key: None,
            pace: self.over.pace(),
        });
        self.app = Some(
            app.await
                .map_err(|error| format!("it does not start: {error}"))?,
        );
        Ok(())
    }

    /// Signs in for the first time.
    pub async fn join(&mut self, url: &str, key: &str) -> Result<(), String> {
        self.start().await?;
        let (url, key) = (url.to_owned(), key.to_owned());
        let failed = |error: ApiError| format!("it cannot sign in: {error:?}");
        let added = api::AddWorkspace {
            url,
            key,
            name: None,
        };
        self.workspace = self.call(added).await.map_err(failed)?.id;
        self.sign_in().await.map_err(failed)
    }

    /// Signs in as whose client it is.
    pub async fn sign_in(&self) -> Result<(), ApiError> {
        self.enter_code(&self.email).await
    }

    /// Has a code sent to an address, and signs in with it.
    pub async fn enter_code(&self, email: &str) -> Result<(), ApiError> {
        let asked = api::RequestCode {
            email: email.to_owned(),
        };
        self.call(asked).await?;
        let verified = api::VerifyCode {
            email: email.to_owned(),
            code: CODE.to_owned(),
            purpose: api::CodePurpose::SignIn,
        };
        self.call(verified).await.map(drop)
    }

    /// Ends the program in order.
    pub async fn stop(&mut self) {
        if let Some(app) = self.app.take() {
            app.stop().await;
            self.in_trouble();
        }
    }

    /// Ends the program without a goodbye.
    pub async fn kill(&mut self) {
        if let Some(app) = self.app.take() {
            self.alive.store(false, Ordering::SeqCst);
            self.proxy.cut();
            app.abandon().await;
            self.in_trouble();
        }
    }

    pub fn runs(&self) -> bool {
        self.app.is_some()
    }

    pub async fn network_changed(&self) {
        if let Some(app) = &self.app {
            app.network_changed().await;
        }
    }

    /// Refused when the program does not run.
    pub async fn call<C: Call>(&self, args: C) -> Result<C::Reply, ApiError> {
        let Some(app) = &self.app else {
            return Err(ApiError::new(ErrorCode::NotFound, "it does not run"));
        };
        let reply = app.call(args.into()).await?;
        Ok(serde_json::from_str(reply.get()).unwrap())
    }

    pub async fn is_signed_in(&self) -> bool {
        let snapshot = self.call(api::GetSnapshot {}).await;
        snapshot.is_ok_and(|snapshot| {
            snapshot
                .active
                .is_some_and(|active| matches!(active.sign_in, api::SignInState::SignedIn { .. }))
        })
    }

    pub async fn is_live(&self) -> bool {
        let snapshot = self.call(api::GetSnapshot {}).await;
        snapshot.is_ok_and(|snapshot| {
            snapshot
                .active
                .is_some_and(|active| active.connection == Connection::Live)
        })
    }

    /// From now on it may miss something.
    pub fn in_trouble(&mut self) {
        self.struck = Some(Instant::now());
    }

    /// Looks whether it is in touch again.
    pub async fn look(&mut self) {
        let noticed = self.struck.is_some_and(|at| at.elapsed() >= NOTICED);
        if noticed && self.connected && self.is_live().await {
            self.struck = None;
        }
    }

    /// Whether nothing is wrong with it: in touch, and nothing has struck it since.
    pub async fn is_well(&self) -> bool {
        self.connected && self.struck.is_none() && self.is_live().await
    }

    /// The file that it keeps everything in, and its key.
    pub fn cache(&self) -> (PathBuf, String) {
        let folder = self.data.path().join("workspaces").join(&self.workspace);
        let name = format!("workspace/{}/cache-key", self.workspace);
        let key = self.secrets.get(&name).unwrap().unwrap();
        (folder.join("cache.db"), key.to_string())
    }
}
