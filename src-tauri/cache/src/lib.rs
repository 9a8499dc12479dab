//! The encrypted offline cache.

#![allow(clippy::todo, clippy::unused_async, clippy::missing_panics_doc)]
#![allow(unused_variables)]

mod change;
mod error;
mod key;
mod types;

use std::path::Path;

use tidings_model::{Json, MessageId, Quote, RuleId, SessionId, Symbol, Timestamp, UserId};
use tokio::sync::broadcast;

pub use change::{Changes, Committed};
pub use error::{CacheError, Result};
pub use key::CacheKey;
pub use types::alerts::{Evaluation, Firing, FiringId, FiringMark, NewFiring, StoredRule};
pub use types::chat::{CachedMessage, OwnState, SessionSummary, Snippet, UNREAD_CAP};
pub use types::fact::{
    Column, Incoming, IngestReport, PartialMessage, PartialSession, ReadStamp, Reread, Source,
    Stamp,
};
pub use types::outbox::{
    Enqueued, FailReason, NewSession, Op, OutboxId, OutboxItem, OutboxState, SessionChange,
};
pub use types::page::{
    Anchor, Gap, MessageKey, MessagePage, NewMessage, Page, VerifiedRange, Window,
};
pub use types::prices::PricePoint;
pub use types::search::{SearchHit, SearchResults};
pub use types::status::{OpenReport, SessionStorage, StorageStats};

/// The cache of one workspace. Clones share it.
#[derive(Debug, Clone)]
pub struct Cache(());

impl Cache {
    /// Opens or creates the encrypted cache at `path`. Blocking; call it from `spawn_blocking`.
    pub fn open(path: &Path, key: &CacheKey) -> Result<(Self, OpenReport)> {
        todo!()
    }
    /// A cache that lives in memory only and is gone with its last clone.
    pub fn in_memory() -> Result<Self> {
        todo!()
    }
    /// Follows the commits. On `Lagged` the reader re-reads what it shows.
    pub fn subscribe(&self) -> broadcast::Receiver<Committed> {
        todo!()
    }
    /// The next number of this device's own order of events. Take one when a live frame arrives,
    /// one before a request is sent and one when its answer is there.
    pub fn stamp(&self) -> Stamp {
        todo!()
    }
    /// Ends the writer after what is queued; later calls get [`CacheError::Closed`].
    pub async fn close(&self) {
        todo!()
    }

    /// Whose workspace this is. The first call ever also sets from when on messages count as unread.
    pub async fn set_account(&self, user: UserId, now: Timestamp) -> Result<()> {
        todo!()
    }
    /// The account set last.
    pub fn account(&self) -> Option<UserId> {
        todo!()
    }

    /// Takes facts in, in one transaction. The one way in for rows and deletions.
    pub async fn ingest(&self, facts: Vec<Incoming>) -> Result<IngestReport> {
        todo!()
    }
    /// Takes in a range that was read whole.
    pub async fn apply_window(&self, window: Window) -> Result<IngestReport> {
        todo!()
    }
    /// Live changes stopped arriving: from here on something may be missed after every range.
    pub async fn live_stopped(&self) -> Result<()> {
        todo!()
    }
    /// The whole list of sessions was read (all pages, for the right account). A session missing
    /// from two such lists in a row becomes `no_access`; nothing is deleted. Returns those.
    pub async fn sessions_listed(
        &self,
        ids: Vec<SessionId>,
        read: ReadStamp,
    ) -> Result<Vec<SessionId>> {
        todo!()
    }
    /// Takes a session and everything of it off this computer; the server is not asked.
    pub async fn remove_session(&self, session: SessionId) -> Result<()> {
        todo!()
    }

    /// All sessions: pinned first, then by activity, newest first.
    pub async fn sessions(&self) -> Result<Vec<SessionSummary>> {
        todo!()
    }
    /// One session.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionSummary>> {
        todo!()
    }
    /// A part of a session.
    pub async fn messages(&self, session: SessionId, page: Page) -> Result<MessagePage> {
        todo!()
    }
    /// One message.
    pub async fn message(&self, id: MessageId) -> Result<Option<CachedMessage>> {
        todo!()
    }
    /// Several messages; those that are not (or no longer) there are left out.
    pub async fn messages_by_id(&self, ids: Vec<MessageId>) -> Result<Vec<CachedMessage>> {
        todo!()
    }
    /// What was not fetched of a session, oldest first.
    pub async fn gaps(&self, session: SessionId) -> Result<Vec<Gap>> {
        todo!()
    }
    /// What was fetched of a session, and when, oldest first.
    pub async fn verified_ranges(&self, session: SessionId) -> Result<Vec<VerifiedRange>> {
        todo!()
    }
    /// Moves the read position forward to `key`; it never moves back.
    pub async fn mark_read(&self, session: SessionId, key: MessageKey) -> Result<()> {
        todo!()
    }
    /// The oldest unread message.
    pub async fn first_unread(&self, session: SessionId) -> Result<Option<MessageKey>> {
        todo!()
    }
    /// Sets or clears the unfinished text of a session.
    pub async fn set_draft(
        &self,
        session: SessionId,
        text: Option<String>,
        now: Timestamp,
    ) -> Result<()> {
        todo!()
    }
    /// The unfinished text of a session.
    pub async fn draft(&self, session: SessionId) -> Result<Option<String>> {
        todo!()
    }
    /// Keeps a session on top of the list, or not.
    pub async fn set_pinned(&self, session: SessionId, pinned: bool) -> Result<()> {
        todo!()
    }
    /// Silences a session's notifications, or not.
    pub async fn set_muted(&self, session: SessionId, muted: bool) -> Result<()> {
        todo!()
    }

    /// Writes a message down for sending, durably, before anything is sent.
    pub async fn enqueue_message(
        &self,
        message: NewMessage,
        now: Timestamp,
    ) -> Result<CachedMessage> {
        todo!()
    }
    /// Changes a message's text, or the text of one still waiting.
    pub async fn enqueue_edit(
        &self,
        message: MessageId,
        content: String,
        now: Timestamp,
    ) -> Result<Enqueued> {
        todo!()
    }
    /// Deletes a message, or takes back one still waiting.
    pub async fn enqueue_delete(&self, message: MessageId, now: Timestamp) -> Result<Enqueued> {
        todo!()
    }
    /// Makes a session.
    pub async fn enqueue_session_create(
        &self,
        session: NewSession,
        now: Timestamp,
    ) -> Result<OutboxId> {
        todo!()
    }
    /// Changes a session's title or status.
    pub async fn enqueue_session_update(
        &self,
        session: SessionId,
        change: SessionChange,
        now: Timestamp,
    ) -> Result<Enqueued> {
        todo!()
    }
    /// Deletes a session, and drops what waits in it.
    pub async fn enqueue_session_delete(
        &self,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Enqueued> {
        todo!()
    }
    /// Everything of the account that waits, in order.
    pub async fn outbox_list(&self) -> Result<Vec<OutboxItem>> {
        todo!()
    }
    /// One row of the outbox.
    pub async fn outbox_item(&self, id: OutboxId) -> Result<Option<OutboxItem>> {
        todo!()
    }
    /// What a session's sender does next; `None` while something of it is under way.
    pub async fn next_for(&self, session: SessionId) -> Result<Option<OutboxItem>> {
        todo!()
    }
    /// Sessions for which [`Self::next_for`] has something.
    pub async fn sessions_with_work(&self) -> Result<Vec<SessionId>> {
        todo!()
    }
    /// The write is being sent.
    pub async fn mark_sending(&self, id: OutboxId) -> Result<()> {
        todo!()
    }
    /// The server confirmed the write; its answer is taken in with it.
    pub async fn mark_delivered(
        &self,
        id: OutboxId,
        answer: Vec<Incoming>,
    ) -> Result<IngestReport> {
        todo!()
    }
    /// The server refused the write for good.
    pub async fn mark_failed(&self, id: OutboxId, reason: FailReason) -> Result<()> {
        todo!()
    }
    /// The write could not be sent now and waits again.
    pub async fn requeue(&self, id: OutboxId) -> Result<()> {
        todo!()
    }
    /// The user wants a refused write to be tried again.
    pub async fn retry(&self, id: OutboxId) -> Result<()> {
        todo!()
    }
    /// Drops a write and shows what the server has; an unsent message is gone.
    pub async fn discard(&self, id: OutboxId) -> Result<()> {
        todo!()
    }
    /// At start: what was under way when the program ended waits again. Returns how many.
    pub async fn reset_sending(&self) -> Result<usize> {
        todo!()
    }

    /// The symbols to follow, in the user's order.
    pub async fn watch_list(&self) -> Result<Vec<Symbol>> {
        todo!()
    }
    /// Sets the symbols to follow.
    pub async fn set_watch_list(&self, symbols: Vec<Symbol>) -> Result<()> {
        todo!()
    }
    /// Keeps quotes: the latest for each symbol, and all in the history.
    pub async fn record_quotes(&self, quotes: Vec<Quote>) -> Result<()> {
        todo!()
    }
    /// The latest quotes.
    pub async fn quotes(&self) -> Result<Vec<Quote>> {
        todo!()
    }
    /// History of one symbol in at most `max_points` points, oldest first.
    pub async fn history(
        &self,
        symbol: Symbol,
        from: Timestamp,
        to: Timestamp,
        max_points: usize,
    ) -> Result<Vec<PricePoint>> {
        todo!()
    }
    /// Folds prices older than `raw_before` into minutes and drops minutes older than `minutes_before`.
    pub async fn thin_history(
        &self,
        raw_before: Timestamp,
        minutes_before: Timestamp,
    ) -> Result<()> {
        todo!()
    }

    /// All rules, oldest first.
    pub async fn rules(&self) -> Result<Vec<StoredRule>> {
        todo!()
    }
    /// Adds a rule or replaces the one with its id.
    pub async fn save_rule(&self, rule: StoredRule) -> Result<()> {
        todo!()
    }
    /// Removes a rule; its firings stay.
    pub async fn delete_rule(&self, id: RuleId) -> Result<()> {
        todo!()
    }
    /// Records the outcome of judging ticks, all or nothing. Returns the firings' ids in order.
    pub async fn commit_evaluation(&self, evaluation: Evaluation) -> Result<Vec<FiringId>> {
        todo!()
    }
    /// Up to when each symbol was judged.
    pub async fn evaluated_to(&self) -> Result<Vec<(Symbol, Timestamp)>> {
        todo!()
    }
    /// Firings whose notification has still to be shown, oldest first.
    pub async fn pending_notifications(&self) -> Result<Vec<Firing>> {
        todo!()
    }
    /// These notifications were shown.
    pub async fn mark_notified(&self, ids: Vec<FiringId>) -> Result<()> {
        todo!()
    }
    /// Firings, newest first, older than `before`.
    pub async fn firings(&self, limit: usize, before: Option<FiringId>) -> Result<Vec<Firing>> {
        todo!()
    }

    /// A fact of the caller's, by name.
    pub async fn get_meta(&self, name: &'static str) -> Result<Option<String>> {
        todo!()
    }
    /// Sets or clears a fact of the caller's.
    pub async fn set_meta(&self, name: &'static str, value: Option<String>) -> Result<()> {
        todo!()
    }
    /// What the cache takes on this device.
    pub async fn storage(&self) -> Result<StorageStats> {
        todo!()
    }

    /// Full-text search over everything cached, newest first.
    pub async fn search(&self, query: String, limit: usize) -> Result<SearchResults> {
        todo!()
    }
    /// Writes up to `batch` messages into the search index, newest first. Returns how many are left.
    pub async fn index_some(&self, batch: usize) -> Result<u64> {
        todo!()
    }
}

/// Kept until the implementation reads it.
const _: fn(Json) = drop;
