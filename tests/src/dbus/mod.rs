//! The message bus, and the desktop's services on it as the test plays them.

mod notifications;
mod plain;
mod tray;

use std::env;

use anyhow::{Context, Result};
use tidings_testkit::{Program, Running};
use zbus::connection::Builder;

pub use notifications::{Answer, Closed, Notice, Notifications};
pub use tray::{MenuItem, Tray, TrayItem};

/// A message bus.
#[derive(Debug)]
pub struct Bus {
    address: String,
    _daemon: Option<Running>,
}

impl Bus {
    /// The session's bus, as the app finds it.
    pub fn session() -> Result<Self> {
        let address = env::var("DBUS_SESSION_BUS_ADDRESS")
            .context("no session bus: run under dbus-run-session")?;
        Ok(Self {
            address,
            _daemon: None,
        })
    }

    /// A bus of the test's own, gone when dropped. Names on it are free whatever runs besides.
    pub async fn private() -> Result<Self> {
        let mut daemon = Program::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address"])
            .start()?;
        let address = daemon.line().await?;
        Ok(Self {
            address,
            _daemon: Some(daemon),
        })
    }

    /// Its address, for `DBUS_SESSION_BUS_ADDRESS`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Connects a client.
    pub async fn connect(&self) -> Result<zbus::Connection> {
        let connection = self.builder().build().await;
        connection.with_context(|| format!("no bus at {}", self.address))
    }

    fn builder(&self) -> Builder<'_> {
        Builder::address(self.address.as_str())
    }
}
