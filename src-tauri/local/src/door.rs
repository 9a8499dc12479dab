//! A way in for clients of the same process, without a port.

use std::io;

use axum::serve::Listener;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

/// Bytes that a connection holds in each direction before the writer waits.
const BUFFER: usize = 64 * 1024;
/// Connections that wait to be accepted.
const WAITING: usize = 64;

/// Connects to a server of the same process. Clones lead to the same one.
#[derive(Debug, Clone)]
pub struct Door(mpsc::Sender<DuplexStream>);

/// Where connections through a [`Door`] arrive.
pub(crate) struct Arrivals(mpsc::Receiver<DuplexStream>);

impl Door {
    pub(crate) fn new() -> (Self, Arrivals) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), Arrivals(receiver))
    }

    /// A new connection: HTTP, and WebSockets by upgrade. Refused once the server has stopped.
    pub async fn connect(&self) -> io::Result<DuplexStream> {
        let (here, there) = tokio::io::duplex(BUFFER);
        match self.0.send(there).await {
            Ok(()) => Ok(here),
            Err(_) => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }
}

impl Listener for Arrivals {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.0.recv().await {
            Some(stream) => (stream, ()),
            // Every door is gone: nobody will come.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(())
    }
}
