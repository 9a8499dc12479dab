//! What waits for one client. Overflow rule: a client that is so far behind that its outbox
//! is full is cut off. Losing the socket makes it catch up; a dropped frame would not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::ws::{Message as WsMessage, WebSocket};
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;

/// Frames written between two flushes.
const BATCH: usize = 64;

/// The sending side of one client's queue.
#[derive(Debug, Clone)]
pub(super) struct Outbox {
    frames: mpsc::Sender<WsMessage>,
    queued: Arc<AtomicUsize>,
    max_bytes: usize,
    cut: CancellationToken,
}

/// Both ends of one client's queue.
#[derive(Debug)]
pub(super) struct Link {
    pub outbox: Outbox,
    /// Cancelled when the connection is to be dropped as it is.
    pub cut: CancellationToken,
    frames: mpsc::Receiver<WsMessage>,
}

impl Link {
    pub fn new(max_frames: usize, max_bytes: usize) -> Self {
        let (sender, frames) = mpsc::channel(max_frames.max(1));
        let cut = CancellationToken::new();
        let outbox = Outbox {
            frames: sender,
            queued: Arc::default(),
            max_bytes,
            cut: cut.clone(),
        };
        Self {
            outbox,
            cut,
            frames,
        }
    }

    /// Takes the link apart: the task that writes, and what the reading task needs.
    pub fn split(self) -> (Writer, Outbox, CancellationToken) {
        let writer = Writer {
            frames: self.frames,
            queued: Arc::clone(&self.outbox.queued),
            cut: self.cut.clone(),
        };
        (writer, self.outbox, self.cut)
    }
}

impl Outbox {
    /// Queues one frame, or cuts the client off.
    pub fn push(&self, frame: WsMessage) {
        let bytes = size(&frame);
        let before = self.queued.fetch_add(bytes, Ordering::Relaxed);
        let full = before > 0 && before + bytes > self.max_bytes;
        if full || self.frames.try_send(frame).is_err() {
            self.cut();
        }
    }

    /// Drops the connection without a close frame.
    pub fn cut(&self) {
        self.cut.cancel();
    }
}

/// Writes what is queued.
#[derive(Debug)]
pub(super) struct Writer {
    frames: mpsc::Receiver<WsMessage>,
    queued: Arc<AtomicUsize>,
    cut: CancellationToken,
}

impl Writer {
    /// Writes until every sender is gone, the client is cut off, or it takes too long.
    pub async fn run(mut self, mut sink: SplitSink<WebSocket, WsMessage>, hub: Arc<Hub>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let count = tokio::select! {
                biased;
                () = self.cut.cancelled() => return,
                count = self.frames.recv_many(&mut batch, BATCH) => count,
            };
            if count == 0 {
                return;
            }
            tokio::select! {
                biased;
                () = self.cut.cancelled() => return,
                () = hub.faults.thawed() => {}
            }
            let bytes: usize = batch.iter().map(size).sum();
            let write = async {
                for frame in batch.drain(..) {
                    sink.feed(frame).await?;
                }
                sink.flush().await
            };
            let written = tokio::select! {
                biased;
                () = self.cut.cancelled() => return,
                written = tokio::time::timeout(hub.behaviour.write_timeout, write) => written,
            };
            if !matches!(written, Ok(Ok(()))) {
                self.cut.cancel();
                return;
            }
            self.queued.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

fn size(frame: &WsMessage) -> usize {
    match frame {
        WsMessage::Text(text) => text.as_str().len(),
        WsMessage::Binary(bytes) | WsMessage::Ping(bytes) | WsMessage::Pong(bytes) => bytes.len(),
        WsMessage::Close(_) => 2,
    }
}
