//! How the program reaches projects.

use std::io;
use std::sync::Arc;

use tidings_realtime::{ConnectError, Connector, TcpConnector};
use tidings_supabase::{Connecting, Error, Http, Timeouts};
use url::Url;

/// What carries requests and sockets.
#[derive(Clone, Default)]
pub enum Network {
    /// The system's: TCP, TLS, proxies.
    #[default]
    System,
    /// Whatever byte streams it makes, for both and without TLS: a server in the same process,
    /// say.
    Streams(Arc<dyn Connector>),
}

impl Network {
    pub(crate) fn http(&self) -> Result<Http, Error> {
        match self {
            Self::System => Http::new(),
            Self::Streams(connector) => {
                let connector = Arc::new(ForHttp(connector.clone()));
                Ok(Http::over(connector, Timeouts::default()))
            }
        }
    }

    pub(crate) fn sockets(&self) -> Arc<dyn Connector> {
        match self {
            Self::System => Arc::new(TcpConnector),
            Self::Streams(connector) => connector.clone(),
        }
    }
}

/// The socket's connector, for requests.
struct ForHttp(Arc<dyn Connector>);

impl tidings_supabase::Connector for ForHttp {
    fn connect<'a>(&'a self, url: &'a Url) -> Connecting<'a> {
        Box::pin(async move {
            match self.0.connect(url).await {
                Ok(bytes) => {
                    let bytes: Box<dyn tidings_supabase::Bytes> = Box::new(bytes);
                    Ok(bytes)
                }
                Err(ConnectError::Network(error)) => Err(io::Error::other(error)),
                Err(error) => Err(io::Error::other(format!("{error:?}"))),
            }
        })
    }
}
