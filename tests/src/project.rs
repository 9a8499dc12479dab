//! A project behind a network that fails on request.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a project that cannot be set up ends the test"
)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tidings_local::auth::totp;
use tidings_local::{
    AuthBehaviour, Behaviour, LocalServer, Location, Options, Parts, Secrets, WorkspaceOptions,
};
use tidings_model::{Clock as _, SystemClock, Timestamp};
use tidings_testkit::{Actor, FaultProxy};

use crate::peer::Peer;

/// A project with just the four tables, and the way to it.
pub struct Project {
    /// The server itself, with its faults and its clock.
    pub server: LocalServer,
    /// What clients under test connect through.
    pub proxy: FaultProxy,
}

impl Project {
    /// Starts it in memory, without rows.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Starts it with the sync part, in memory.
    pub async fn numbered() -> Self {
        Self::start_with(Options {
            workspace: parts(true),
            ..Options::default()
        })
        .await
    }

    /// Options of one that is kept in a directory, so that it can be started anew.
    pub fn kept_in(directory: &Path, sync: bool) -> Options {
        Options {
            location: Location::Directory(directory.to_path_buf()),
            secrets: Some(Secrets::generate()),
            workspace: parts(sync),
            ..Options::default()
        }
    }

    /// Ends the server and starts it again with the sync part or without it. Connections break.
    pub async fn restart(self, options: &Options, sync: bool) -> Self {
        let Self { server, proxy } = self;
        proxy.go_offline();
        server.stop().await;
        let options = Options {
            workspace: parts(sync),
            ..options.clone()
        };
        let server = LocalServer::start(options).await.unwrap();
        proxy.set_upstream(address(&server));
        proxy.heal();
        Self { server, proxy }
    }

    /// Notes from now on what is asked of REST, as `GET table?query`.
    pub fn watch(&self) -> Asked {
        let asked = Asked::default();
        let note = asked.clone();
        self.server
            .state()
            .hooks()
            .watch_rest(Some(Arc::new(move |method, uri| {
                let path = uri.path().trim_start_matches("/rest/v1/");
                note.lines().push(format!(
                    "{method} {path}?{}",
                    uri.query().unwrap_or_default()
                ));
                None
            })));
        asked
    }

    /// Starts one that confirms addresses, and whose mails all carry this code.
    pub async fn mailing(code: &str) -> Self {
        let auth = AuthBehaviour {
            confirm_email: true,
            fixed_code: Some(code.to_owned()),
            ..AuthBehaviour::default()
        };
        Self::start_with(Options {
            behaviour: Behaviour {
                auth,
                ..Behaviour::default()
            },
            ..Options::default()
        })
        .await
    }

    /// The code that an authenticator app with this key shows so many steps from now, by the
    /// server's clock.
    pub fn shown_code(&self, key: &str, steps: i64) -> String {
        let now = self.server.state().clock().now().as_micros();
        let at = Timestamp::from_micros(now + steps * totp::PERIOD * 1_000_000);
        totp::code(key, at).unwrap()
    }

    /// A code that such an app shows neither now nor soon.
    pub fn wrong_code(&self, key: &str) -> String {
        let good: Vec<_> = (-2..=2).map(|steps| self.shown_code(key, steps)).collect();
        let mut codes = (0..10).map(|digit| digit.to_string().repeat(6));
        codes.find(|code| !good.contains(code)).unwrap()
    }

    /// Starts it as the options say.
    pub async fn start_with(options: Options) -> Self {
        let server = LocalServer::start(options).await.unwrap();
        let proxy = FaultProxy::start(address(&server)).await.unwrap();
        Self { server, proxy }
    }

    /// The clients' key.
    pub fn key(&self) -> String {
        self.server.info().publishable_key.reveal().to_owned()
    }

    /// The service, beside the proxy.
    pub fn service(&self) -> Peer {
        let info = self.server.info();
        Peer::service(&info.url, info.service_role_key.reveal()).unwrap()
    }

    /// A second client of somebody who has an account, beside the proxy.
    pub async fn peer(&self, actor: &Actor) -> Peer {
        Peer::sign_in(&self.server.info().url, &self.key(), actor)
            .await
            .unwrap()
    }

    /// A second client of somebody new, beside the proxy.
    pub async fn newcomer(&self, actor: &Actor) -> Peer {
        Peer::sign_up(&self.server.info().url, &self.key(), actor)
            .await
            .unwrap()
    }

    /// Sets a symbol's price as the project's feed does: one row a symbol, written over.
    pub async fn price(&self, symbol: &str, price: &str) {
        let service = self.service();
        let now = SystemClock.now().to_string();
        let row = json!({"price": price, "last_updated": now});
        let query = format!("symbol=eq.{symbol}");
        if service
            .update("crypto_prices", &query, row.clone())
            .await
            .unwrap()
            .is_empty()
        {
            let mut row = row;
            row["symbol"] = json!(symbol);
            service.insert("crypto_prices", row).await.unwrap();
        }
    }

    /// The contents of a session's messages on the server, in the order they were stored.
    pub async fn stored(&self, session: &str) -> Vec<String> {
        let query = format!("session_id=eq.{session}&order=created_at,id&select=content");
        let rows = self
            .service()
            .select("chat_messages", &query)
            .await
            .unwrap();
        rows.iter()
            .map(|row| row["content"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// What was asked of REST.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    /// Requests for tables whose names begin so.
    pub fn of(&self, tables: &str) -> Vec<String> {
        let lines = self.lines();
        let of = |line: &&String| {
            line.split(' ')
                .nth(1)
                .is_some_and(|it| it.starts_with(tables))
        };
        lines.iter().filter(of).cloned().collect()
    }

    /// Forgets what was asked so far.
    pub fn forget(&self) {
        self.lines().clear();
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parts(sync: bool) -> WorkspaceOptions {
    WorkspaceOptions {
        parts: Parts {
            sync,
            ..Parts::NONE
        },
        ..WorkspaceOptions::default()
    }
}

fn address(server: &LocalServer) -> SocketAddr {
    let url = server.info().url;
    url.strip_prefix("http://").unwrap().parse().unwrap()
}
