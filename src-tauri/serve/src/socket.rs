//! One client: its commands in, answers and events out.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use serde_json::Value;
use tidings_contract::{ApiError, ErrorCode, Numbered};
use tidings_engine::{App, Subscription};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::desk::{Shared, Told};
use crate::frame::{self, Answer, Request};

/// Commands of one client that run at the same time; further frames wait on the wire.
const COMMANDS: usize = 32;
/// Answers that wait for a client to read; more, and its frames wait.
const ANSWERS: usize = 32;
/// A client that takes nothing for this long is let go.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct EventFrame<'a> {
    event: &'a Numbered,
}

/// Serves one client until it leaves, stops reading, or the server ends.
pub(crate) async fn run(socket: WebSocket, app: App, desk: Shared, stop: CancellationToken) {
    let outbound = Outbound {
        events: app.events(),
        told: desk.listen(),
    };
    let (sink, stream) = socket.split();
    let (answers, waiting) = mpsc::channel(ANSWERS);
    tokio::select! {
        () = outbound.write(sink, waiting, stop) => {}
        () = read(stream, app, desk, answers) => {}
    }
}

async fn read(
    mut stream: SplitStream<WebSocket>,
    app: App,
    desk: Shared,
    answers: mpsc::Sender<Answer>,
) {
    let running = Arc::new(Semaphore::new(COMMANDS));
    while let Some(Ok(message)) = stream.next().await {
        let (id, request) = match message {
            Message::Text(text) => frame::read(&text),
            Message::Binary(_) => {
                let error = ApiError::new(ErrorCode::Invalid, "Frames are texts.");
                (Value::Null, Err(error))
            }
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Close(_) => return,
        };
        let answer = match request {
            Ok(Request::Call(command)) => {
                // The semaphore is never closed.
                let Ok(permit) = running.clone().acquire_owned().await else {
                    return;
                };
                let (app, answers) = (app.clone(), answers.clone());
                // A command that has begun is carried out, also when its client is gone.
                tokio::spawn(async move {
                    let outcome = app.call(*command).await;
                    drop(permit);
                    let _ = answers.send(Answer::new(id, outcome)).await;
                });
                continue;
            }
            Ok(Request::Focused(focused)) => {
                desk.set_focused(focused);
                if id.is_null() {
                    continue;
                }
                Answer::of(id, &tidings_contract::Nothing {})
            }
            // They carry what people wrote, unlike those that are told while the lock is closed.
            Ok(Request::Notifications) if app.is_locked() => {
                let error = ApiError::new(ErrorCode::Locked, "Tidings is locked.");
                Answer::new(id, Err(error))
            }
            Ok(Request::Notifications) => Answer::of(id, &desk.shown()),
            Err(error) => Answer::new(id, Err(error)),
        };
        if answers.send(answer).await.is_err() {
            return;
        }
    }
}

/// What goes to one client.
struct Outbound {
    events: Subscription,
    told: tokio::sync::broadcast::Receiver<Told>,
}

impl Outbound {
    async fn write(
        mut self,
        mut sink: SplitSink<WebSocket, Message>,
        mut answers: mpsc::Receiver<Answer>,
        stop: CancellationToken,
    ) {
        loop {
            let text = tokio::select! {
                () = stop.cancelled() => break,
                answer = answers.recv() => match answer {
                    Some(answer) => serde_json::to_string(&answer),
                    None => break,
                },
                event = self.events.next() => match event {
                    Some(event) => serde_json::to_string(&EventFrame { event: &event }),
                    None => break,
                },
                told = self.told.recv() => match told {
                    Ok(told) => serde_json::to_string(&told),
                    // What was missed is among the notifications shown so far.
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => break,
                },
            };
            let Ok(text) = text.inspect_err(|error| tracing::error!(%error, "a frame was lost"))
            else {
                continue;
            };
            let sent = tokio::time::timeout(PATIENCE, sink.send(Message::text(text))).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
        let goodbye = CloseFrame {
            code: close_code::AWAY,
            reason: "the server ends".into(),
        };
        let _ = tokio::time::timeout(PATIENCE, sink.send(Message::Close(Some(goodbye)))).await;
    }
}
