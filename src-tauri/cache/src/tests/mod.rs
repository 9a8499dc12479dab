//! The cache as a whole, on real files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod alerts;
#[cfg(unix)]
mod bad_disk;
mod damage;
mod download;
mod export;
mod files;
mod forms;
mod held;
mod history;
mod ingest;
mod members;
mod migrations;
mod narrowed;
mod order;
mod outbox;
mod pages;
mod plans;
#[cfg(unix)]
mod power;
mod price_gaps;
mod price_levels;
mod retention;
mod revisions;
mod search;
mod search_index;
mod storage;
mod tails;
mod unread;
mod untold;
mod voice;

use tempfile::TempDir;
use tidings_model::{
    Json, Message, MessageId, MessageKind, MessageStatus, Role, Session, SessionId, SessionStatus,
    Timestamp, UserId,
};

use crate::{Cache, CacheKey, Incoming, NewMessage, ReadStamp, Source};

/// A cache in a directory of its own.
pub(super) struct Desk {
    pub cache: Cache,
    pub key: CacheKey,
    pub dir: TempDir,
}

impl Desk {
    /// Alice's new cache, with nothing in it.
    pub async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let key = CacheKey::generate();
        let (cache, report) = Cache::open(&dir.path().join("cache.db"), &key).unwrap();
        assert!(report.created);
        cache.set_account(alice(), at(0)).await.unwrap();
        Self { cache, key, dir }
    }

    /// Alice's cache with a session called "trip" that the server knows.
    pub async fn with_trip() -> Self {
        let desk = Self::new().await;
        let row = session("trip", 1).into();
        let source = desk.read();
        desk.cache
            .ingest(vec![Incoming::Session { row, source }])
            .await
            .unwrap();
        desk
    }

    /// The program ended and was started again.
    pub async fn reopen(self) -> Self {
        self.cache.close().await;
        let (cache, report) = Cache::open(&self.dir.path().join("cache.db"), &self.key).unwrap();
        assert_eq!(report, crate::OpenReport::default());
        Self { cache, ..self }
    }

    pub fn read_stamp(&self) -> ReadStamp {
        ReadStamp {
            began: self.cache.stamp(),
            ended: self.cache.stamp(),
        }
    }

    /// A read that begins and ends now.
    pub fn read(&self) -> Source {
        Source::Rest(self.read_stamp())
    }

    /// An INSERT frame that arrives now.
    pub fn inserted(&self, commit: i64) -> Source {
        Source::Live {
            commit: at(commit),
            arrived: self.cache.stamp(),
            inserted: true,
        }
    }

    /// An UPDATE or DELETE frame that arrives now.
    pub fn changed(&self, commit: i64) -> Source {
        Source::Live {
            commit: at(commit),
            arrived: self.cache.stamp(),
            inserted: false,
        }
    }

    /// What a conversation shows.
    pub async fn shown(&self, session: &str) -> Vec<String> {
        let page = crate::Page {
            anchor: crate::Anchor::Latest,
            limit: 100,
        };
        let page = self.cache.messages(sid(session), page).await.unwrap();
        page.rows
            .into_iter()
            .map(|row| row.message.content)
            .collect()
    }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + second * 1_000_000)
}

pub(super) fn alice() -> UserId {
    UserId::new("alice").unwrap()
}

pub(super) fn sid(id: &str) -> SessionId {
    SessionId::new(id).unwrap()
}

/// The n-th message id.
pub(super) fn mid(number: u128) -> MessageId {
    MessageId::from_uuid(uuid::Uuid::from_u128(number))
}

/// A message by Bob in the session "trip", written at second `number`.
pub(super) fn message(number: u32, content: &str) -> Message {
    Message {
        id: mid(number.into()),
        session_id: sid("trip"),
        user_id: Some(UserId::new("bob").unwrap()),
        content: content.to_owned(),
        role: Role::User,
        metadata: Json::empty(),
        created_at: at(number.into()),
        updated_at: at(number.into()),
        status: MessageStatus::Delivered,
        kind: MessageKind::Text,
    }
}

pub(super) fn session(id: &str, second: i64) -> Session {
    Session {
        id: sid(id),
        user_id: Some(alice()),
        title: Some(format!("Title of {id}")),
        status: SessionStatus::Active,
        last_activity: at(second),
        created_at: at(second),
        updated_at: at(second),
        metadata: Json::empty(),
    }
}

/// A message that Alice writes in "trip".
pub(super) fn note(content: &str) -> NewMessage {
    NewMessage {
        session: sid("trip"),
        user_id: alice(),
        content: content.to_owned(),
        kind: MessageKind::Text,
        metadata: Json::empty(),
    }
}
