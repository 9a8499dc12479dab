//! The power fails at any write, sync or deletion, and what was not synced is lost, or half of it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tidings_disk::{Disk, Fate};

use super::*;
use crate::{CacheError, FailReason, Op, OutboxItem, OutboxState};

/// Something that the program does.
#[derive(Debug, Clone)]
enum Step {
    /// Writes a message of so many hundred characters.
    Write(u8),
    /// Changes the text of one of one's own messages.
    Edit(prop::sample::Index),
    /// Deletes one of one's own messages.
    Delete(prop::sample::Index),
    /// Begins to send the next write.
    Send,
    /// The server confirms what is being sent.
    Confirm,
    /// The server refuses what is being sent.
    Refuse,
    /// So many messages of others arrive.
    Arrive(u8),
    /// The search index takes them up.
    Index,
    /// The log is brought into the database.
    Fold,
    /// The program ends in order, and starts again.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_u8..60).prop_map(Step::Write),
        2 => any::<prop::sample::Index>().prop_map(Step::Edit),
        1 => any::<prop::sample::Index>().prop_map(Step::Delete),
        4 => Just(Step::Send),
        4 => Just(Step::Confirm),
        1 => Just(Step::Refuse),
        3 => (1_u8..40).prop_map(Step::Arrive),
        1 => Just(Step::Index),
        2 => Just(Step::Fold),
        1 => Just(Step::Restart),
    ]
}

/// One life of the program: what it does, after how many steps of the disk the power fails, and
/// what becomes of what was not synced.
#[derive(Debug, Clone)]
struct Life {
    steps: Vec<Step>,
    fuse: u64,
    fate: Fates,
}

#[derive(Debug, Clone)]
enum Fates {
    Lost,
    Kept,
    Mixed(u64),
}

impl Fates {
    fn draw(&self) -> impl FnMut() -> Fate {
        let mut state = match self {
            Self::Mixed(seed) => *seed | 1,
            Self::Lost | Self::Kept => 0,
        };
        let fates = self.clone();
        move || match fates {
            Fates::Lost => Fate::Lost,
            Fates::Kept => Fate::Kept,
            Fates::Mixed(_) => {
                // Marsaglia's xorshift.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                match state % 4 {
                    0 => Fate::Kept,
                    1 => Fate::Lost,
                    _ => Fate::Torn(state.rotate_left(32)),
                }
            }
        }
    }
}

fn life() -> impl Strategy<Value = Life> {
    let fate = prop_oneof![
        Just(Fates::Lost),
        Just(Fates::Kept),
        any::<u64>().prop_map(Fates::Mixed),
        any::<u64>().prop_map(Fates::Mixed),
    ];
    (prop::collection::vec(step(), 1..40), 0_u64..400, fate).prop_map(|(steps, fuse, fate)| Life {
        steps,
        fuse,
        fate,
    })
}

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
            match item {
                Some((item, text)) => {
                    // A deletion that waits behind it takes the edits away.
                    let going = |item: &OutboxItem| matches!(item.op, Op::DeleteMessage { id: of } if of == *id);
                    let kept = own.texts.contains(&text) || items.iter().any(going);
                    assert!(kept, "{own:?}: {text:?}");
                    assert!(!own.deleted, "{id} was deleted, and is back");
                    // The server has seen it: it must not count as never sent.
                    assert!(own.stored.is_none() || item.attempts > 0);
                    own.texts = vec![text];
                    own.deleting = false;
                }
                None => {
                    let gone = own.deleting || own.deleted || own.stored.is_some();
                    assert!(gone, "{id} was written and is lost: {own:?}");
                    own.confirmed = own.stored.is_some();
                    own.deleted = own.stored.is_none();
                }
            }
        }
        assert!(waiting.is_empty(), "nothing appears that was never written");
    }

    async fn step(&mut self, step: &Step) -> Result<(), CacheError> {
        let desk = self.desk.as_ref().unwrap();
        match step {
            Step::Write(length) => {
                let text = format!(
                    "{}: {}",
                    self.own.len(),
                    "word ".repeat(usize::from(*length) * 20)
                );
                let before = desk.cache.stamp();
                let written = desk.cache.enqueue_message(note(&text), at(9)).await;
                assert!(desk.cache.stamp() > before);
                match written {
                    Ok(row) => {
                        let texts = vec![row.message.content];
                        let own = Own {
                            texts,
                            ..Own::default()
                        };
                        self.own.insert(row.message.id, own);
                    }
                    Err(error) => return self.unreported(error).await,
                }
            }
            Step::Edit(which) => {
                let Some(id) = self.pick(which) else {
                    return Ok(());
                };
                let text = format!("edited, {}", desk.cache.stamp().0);
                let own = self.own.get_mut(&id).unwrap();
                if own.stored.is_some() {
                    return Ok(());
                }
                own.texts.push(text.clone());
                match desk.cache.enqueue_edit(id, text.clone(), at(9)).await {
                    Ok(_) => own.texts = vec![text],
                    Err(CacheError::NotFound(_)) => {
                        own.texts.pop();
                    }
                    Err(error) => return Err(error),
                }
            }
            Step::Delete(which) => {
                let Some(id) = self.pick(which) else {
                    return Ok(());
                };
                let own = self.own.get_mut(&id).unwrap();
                own.deleting = true;
                match desk.cache.enqueue_delete(id, at(9)).await {
                    Ok(crate::Enqueued::Undone) => own.deleted = true,
                    // The message itself waits on.
                    Ok(_) => own.deleting = false,
                    Err(CacheError::NotFound(_)) => own.deleting = false,
                    Err(error) => return Err(error),
                }
            }
            Step::Send => {
                if self.sending.is_none()
                    && let Some(item) = desk.cache.next_for(sid("trip")).await?
                {
                    desk.cache.mark_sending(item.id).await?;
                    self.sending = Some(item);
                }
            }
            Step::Confirm => {
                let Some(item) = self.sending.take() else {
                    return Ok(());
                };
                let answer = self.stored(&item);
                self.desk
                    .as_ref()
                    .unwrap()
                    .cache
                    .mark_delivered(item.id, answer)
                    .await?;
                if let Op::InsertMessage(message) = &item.op {
                    self.own.get_mut(&message.id).unwrap().confirmed = true;
                }
            }
            Step::Refuse => {
                let Some(item) = self.sending.take() else {
                    return Ok(());
                };
                let reason = FailReason {
                    code: "no".to_owned(),
                    message: "No".to_owned(),
                };
                if let Op::InsertMessage(message) = &item.op {
                    if self.own[&message.id].stored.is_some() {
                        // The server has it, and says so.
                        let answer = self.stored(&item);
                        let cache = &self.desk.as_ref().unwrap().cache;
                        cache.mark_delivered(item.id, answer).await?;
                        self.own.get_mut(&message.id).unwrap().confirmed = true;
                        return Ok(());
                    }
                    // A deletion that waited behind it ends it; an edit becomes part of it.
                    let own = self.own.get_mut(&message.id).unwrap();
                    own.deleting = true;
                    let done = desk.cache.mark_failed(item.id, reason).await;
                    let row = desk.cache.message(message.id).await;
                    done?;
                    match row? {
                        Some(row) => {
                            own.texts = vec![row.message.content];
                            own.deleting = false;
                        }
                        None => own.deleted = true,
                    }
                } else {
                    desk.cache.mark_failed(item.id, reason).await?;
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
            Step::Fold => {
                let path = self.dir.path().join("cache.db");
                let conn = rusqlite::Connection::open(path)?;
                crate::store::unlock(&conn, &self.key)?;
                conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
            }
            Step::Restart => {
                self.end().await;
                self.start().await?;
            }
        }
        Ok(())
    }

    /// A write that was not reported may be there all the same, or not.
    async fn unreported(&mut self, error: CacheError) -> Result<(), CacheError> {
        self.end().await;
        Err(error)
    }

    fn pick(&self, which: &prop::sample::Index) -> Option<MessageId> {
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
        let conn = rusqlite::Connection::open(self.dir.path().join("cache.db")).unwrap();
        crate::store::unlock(&conn, &self.key).unwrap();
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
