//! The power fails at any write, sync or deletion, and what was not synced is lost, or half of it.

mod life;

use std::collections::BTreeMap;

use proptest::prelude::*;
use tidings_disk::{Disk, Fate};

use super::*;
use crate::store::{self, Sharing};
use crate::{CacheError, FailReason, Op, OutboxItem, OutboxState};
use life::{Life, Step, life};

/// What must be so of one message of one's own.
#[derive(Debug, Clone, Default)]
struct Own {
    /// Texts that it may have: the one reported last, and those after it that were not reported.
    texts: Vec<String>,
    /// Its deletion was asked for, and maybe not reported.
    deleting: bool,
    deleted: bool,
    /// The server has it: it confirmed it, and maybe that was not kept.
    stored: Option<String>,
    /// That was kept.
    confirmed: bool,
}

/// The program, what it was told, and the server.
struct World {
    desk: Option<Desk>,
    disk: Disk,
    dir: TempDir,
    key: CacheKey,
    own: BTreeMap<MessageId, Own>,
    sending: Option<OutboxItem>,
    arrived: u32,
    ever_opened: bool,
}

impl World {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        Self {
            desk: None,
            disk: Disk::mount(dir.path()).unwrap(),
            dir,
            key: CacheKey::generate(),
            own: BTreeMap::new(),
            sending: None,
            arrived: 0,
            ever_opened: false,
        }
    }

    /// Starts the program; `Err` when the power fails meanwhile.
    async fn start(&mut self) -> Result<(), CacheError> {
        let path = self.dir.path().join("cache.db");
        let (cache, _) = Cache::open(&path, &self.key)?;
        let dir = TempDir::new().unwrap();
        let desk = self.desk.insert(Desk {
            cache,
            key: self.key.clone(),
            dir,
        });
        self.sending = None;
        desk.cache.set_account(alice(), at(0)).await?;
        let row = session("trip", 1).into();
        let source = desk.read();
        desk.cache
            .ingest(vec![Incoming::Session { row, source }])
            .await?;
        // From here on something synced says that there is a cache.
        desk.cache.try_to_write().await?;
        self.ever_opened = true;
        self.check().await;
        Ok(())
    }

    /// Everything that was reported as done is so.
    async fn check(&mut self) {
        let desk = self.desk.as_ref().unwrap();
        let items = desk.cache.outbox_list().await.unwrap();
        // With the edits that wait behind it.
        let mut waiting: BTreeMap<MessageId, (&OutboxItem, String)> = BTreeMap::new();
        for item in &items {
            assert_ne!(item.state, OutboxState::Sending, "nothing is under way");
            match &item.op {
                Op::InsertMessage(message) => {
                    let content = message.content.clone();
                    let before = waiting.insert(message.id, (item, content));
                    assert!(before.is_none(), "it would be sent twice");
                }
                Op::EditMessage { id, content } => {
                    if let Some((_, text)) = waiting.get_mut(id) {
                        text.clone_from(content);
                    }
                }
                _ => {}
            }
        }
        for (id, own) in &mut self.own {
            let item = waiting.remove(id);
            if own.confirmed {
                assert!(item.is_none(), "{id}: delivered, and would be sent again");
                continue;
            }
            if let Some((item, text)) = item {
                // A deletion that waits behind it takes the edits away.
                let going = items
                    .iter()
                    .any(|item| matches!(item.op, Op::DeleteMessage { id: of } if of == *id));
                let kept = own.texts.contains(&text) || going;
                assert!(kept, "{own:?}: {text:?}");
                assert!(!own.deleted, "{id} was deleted, and is back");
                // The server has seen it: it must not count as never sent.
                assert!(own.stored.is_none() || item.attempts > 0);
                own.texts = vec![text];
                own.deleting = false;
            } else {
                let gone = own.deleting || own.deleted || own.stored.is_some();
                assert!(gone, "{id} was written and is lost: {own:?}");
                own.confirmed = own.stored.is_some();
                own.deleted = own.stored.is_none();
            }
        }
        assert!(waiting.is_empty(), "nothing appears that was never written");
    }

    async fn step(&mut self, step: &Step) -> Result<(), CacheError> {
        match step {
            Step::Write(length) => return self.write(usize::from(*length) * 20).await,
            Step::Edit(which) => return self.edit(*which).await,
            Step::Delete(which) => return self.delete(*which).await,
            Step::Confirm => return self.confirm().await,
            Step::Refuse => return self.refuse().await,
            Step::Restart => {
                self.end().await;
                return self.start().await;
            }
            _ => {}
        }
        let desk = self.desk.as_ref().unwrap();
        match step {
            Step::Send => {
                if self.sending.is_none()
                    && let Some(item) = desk.cache.next_for(sid("trip")).await?
                {
                    self.sending = Some(desk.cache.mark_sending(item.id).await?);
                }
            }
            Step::Arrive(count) => {
                let source = desk.read();
                let facts = (0..u32::from(*count)).map(|n| Incoming::Message {
                    row: message(self.arrived + n, &"hello ".repeat(40)).into(),
                    source,
                });
                let facts = facts.collect();
                self.arrived += u32::from(*count);
                desk.cache.ingest(facts).await?;
            }
            Step::Index => {
                desk.cache.index_some(50).await?;
            }
            _ => {
                let path = self.dir.path().join("cache.db");
                let flags = rusqlite::OpenFlags::default();
                let conn = store::unlocked(&path, flags, &self.key, Sharing::Shared)?;
                conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
            }
        }
        Ok(())
    }

    fn cache(&self) -> Cache {
        self.desk.as_ref().unwrap().cache.clone()
    }

    async fn write(&mut self, words: usize) -> Result<(), CacheError> {
        let text = format!("{}: {}", self.own.len(), "word ".repeat(words));
        let row = self.cache().enqueue_message(note(&text), at(9)).await?;
        let own = Own {
            texts: vec![row.message.content],
            ..Own::default()
        };
        self.own.insert(row.message.id, own);
        Ok(())
    }

    async fn edit(&mut self, which: prop::sample::Index) -> Result<(), CacheError> {
        let cache = self.cache();
        let Some(id) = self.pick(which) else {
            return Ok(());
        };
        let text = format!("edited, {}", cache.stamp().0);
        let own = self.own.get_mut(&id).unwrap();
        if own.stored.is_some() {
            return Ok(());
        }
        own.texts.push(text.clone());
        match cache.enqueue_edit(id, text.clone(), at(9)).await {
            Ok(_) => own.texts = vec![text],
            // Its deletion waits.
            Err(CacheError::NotFound(_)) => {
                own.texts.pop();
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn delete(&mut self, which: prop::sample::Index) -> Result<(), CacheError> {
        let cache = self.cache();
        let Some(id) = self.pick(which) else {
            return Ok(());
        };
        let own = self.own.get_mut(&id).unwrap();
        own.deleting = true;
        match cache.enqueue_delete(id, at(9)).await {
            Ok(crate::Enqueued::Undone) => own.deleted = true,
            // The message itself waits on, or is being deleted already.
            Ok(_) | Err(CacheError::NotFound(_)) => own.deleting = false,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn confirm(&mut self) -> Result<(), CacheError> {
        let Some(item) = self.sending.take() else {
            return Ok(());
        };
        let answer = self.stored(&item);
        self.cache().mark_delivered(item.id, answer).await?;
        if let Op::InsertMessage(message) = &item.op {
            self.own.get_mut(&message.id).unwrap().confirmed = true;
        }
        Ok(())
    }

    async fn refuse(&mut self) -> Result<(), CacheError> {
        let Some(item) = self.sending.take() else {
            return Ok(());
        };
        let cache = self.cache();
        let reason = FailReason {
            code: "no".to_owned(),
            message: "No".to_owned(),
        };
        let Op::InsertMessage(message) = &item.op else {
            return cache.mark_failed(item.id, reason).await;
        };
        let own = self.own.get_mut(&message.id).unwrap();
        if own.stored.is_some() {
            // The server has it, and says so.
            self.sending = Some(item);
            return self.confirm().await;
        }
        // A deletion that waited behind it ends it; an edit becomes part of it.
        own.deleting = true;
        cache.mark_failed(item.id, reason).await?;
        if let Some(row) = cache.message(message.id).await? {
            own.texts = vec![row.message.content];
            own.deleting = false;
        } else {
            own.deleted = true;
        }
        Ok(())
    }

    fn pick(&self, which: prop::sample::Index) -> Option<MessageId> {
        let live: Vec<_> = self.own.iter().filter(|(_, own)| !own.deleted).collect();
        (!live.is_empty()).then(|| *which.get(&live).0)
    }

    /// The server carries a write out, and answers.
    fn stored(&mut self, item: &OutboxItem) -> Vec<Incoming> {
        let source = self.desk.as_ref().unwrap().read();
        match &item.op {
            Op::InsertMessage(message) => {
                let own = self.own.get_mut(&message.id).unwrap();
                // A duplicate of its id changes nothing.
                let content = own.stored.get_or_insert_with(|| message.content.clone());
                let mut row = message.clone();
                row.content.clone_from(content);
                vec![Incoming::Message {
                    row: row.into(),
                    source,
                }]
            }
            Op::DeleteMessage { id } => vec![Incoming::MessageDeleted { id: *id, source }],
            _ => Vec::new(),
        }
    }

    async fn end(&mut self) {
        if let Some(desk) = self.desk.take() {
            desk.cache.close().await;
        }
    }

    /// The file as SQLite judges it.
    fn judge(&self) {
        let path = self.dir.path().join("cache.db");
        let flags = rusqlite::OpenFlags::default();
        let conn = store::unlocked(&path, flags, &self.key, Sharing::Shared).unwrap();
        let verdict: String = conn
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(verdict, "ok");
    }
}

async fn live(lives: &[Life]) {
    let mut world = World::new();
    for life in lives {
        world.disk.cut_after(life.fuse);
        let mut went = world.start().await;
        for step in &life.steps {
            if went.is_ok() {
                went = world.step(step).await;
            }
        }
        if let Err(error) = went {
            assert!(world.disk.is_cut(), "{error}");
        }
        world.disk.cut();
        world.end().await;
        world.disk.restore(life.fate.draw()).unwrap();
        world.look().await;
    }
    world.start().await.unwrap();
    world.end().await;
}

impl World {
    /// Looks at what the power left. The one message whose writing was cut off may be there: from
    /// now on it is as any other.
    async fn look(&mut self) {
        let path = self.dir.path().join("cache.db");
        let (cache, report) = Cache::open(&path, &self.key).unwrap();
        assert_eq!(report.set_aside, None, "a power failure damages nothing");
        assert!(!report.salvage_incomplete || !self.ever_opened);
        let mut unreported = 0;
        for item in cache.outbox_list().await.unwrap() {
            if let Op::InsertMessage(message) = item.op
                && !self.own.contains_key(&message.id)
            {
                unreported += 1;
                let texts = vec![message.content];
                let own = Own {
                    texts,
                    ..Own::default()
                };
                self.own.insert(message.id, own);
            }
        }
        assert!(unreported <= 1, "one write at a time was under way");
        cache.close().await;
        self.judge();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn after_a_power_failure_nothing_reported_is_lost_and_nothing_is_sent_twice(
        lives in prop::collection::vec(life(), 1..4),
    ) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(live(&lives));
    }
}

/// A disk that keeps nothing that was not synced shows whether the test's own power cuts bite.
#[tokio::test]
async fn what_the_server_has_as_well_may_be_lost_with_the_power() {
    let mut world = World::new();
    world.start().await.unwrap();
    world.step(&Step::Arrive(20)).await.unwrap();
    world.disk.cut();
    world.end().await;
    world.disk.restore(|| Fate::Lost).unwrap();
    world.start().await.unwrap();
    let desk = world.desk.as_ref().unwrap();
    assert!(desk.shown("trip").await.is_empty());
    world.end().await;
}
