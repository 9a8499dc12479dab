//! Broadcasts over HTTP, for those who have no socket or have not joined (section 1.7).

use reqwest::Method;
use serde::Serialize;

use crate::http::Request;
use crate::{Error, Rest, Service};

/// Sends broadcasts without a socket, as the user of the [`Rest`] it is made from.
///
/// The server answers 202 also for what it drops: a private message that the user may not send,
/// and one that is too big. A success says that it was taken, and not that it was delivered.
#[derive(Debug, Clone)]
pub struct Broadcasts(Rest);

/// One broadcast.
#[derive(Debug, Clone, Serialize)]
pub struct BroadcastMessage<'a, T> {
    /// Name of the channel, without the `realtime:` prefix.
    pub topic: &'a str,
    /// Name of the event.
    pub event: &'a str,
    /// A JSON object.
    pub payload: &'a T,
    /// Whether it is for the private channel of that name.
    pub private: bool,
}

#[derive(Serialize)]
struct Batch<'a, T> {
    messages: &'a [BroadcastMessage<'a, T>],
}

impl Broadcasts {
    /// Speaks for the user, and to the project, of `rest`.
    pub fn new(rest: Rest) -> Self {
        Self(rest)
    }

    /// Sends messages, in this order; a refusal concerns all of them.
    pub async fn send<T: Serialize + Sync>(
        &self,
        messages: &[BroadcastMessage<'_, T>],
    ) -> Result<(), Error> {
        for message in messages {
            // The server would take it, and nobody would hear it.
            if message.topic.starts_with("realtime:") {
                let reason = "a channel is named without its prefix here";
                return Err(Error::InvalidRequest(reason.to_owned()));
            }
        }
        let project = self.0.project();
        let url = project.endpoint(&["realtime", "v1", "api", "broadcast"]);
        self.0
            .call(Service::Realtime, || {
                Request::new(project, Method::POST, url.clone()).json(&Batch { messages })
            })
            .await?;
        Ok(())
    }
}
