//! Catching up with a project that has the sync part: its changes are numbered, session by
//! session, and each session's head says how far the numbers go (`supabase/README.md`).
//!
//! One request tells whether anything changed. If so, the heads are read, and of each session
//! what lies above the number up to which it is known here. A session counts as known up to a
//! number only together with the rows, and only up to one that was read before them. Sessions
//! that are not followed yet are read by ranges at first, as on other projects; what is older
//! stays a gap.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use tidings_cache::{Followed, Head, Incoming, NumberedChanges, ReadStamp, Source};
use tidings_model::{SessionId, Timestamp};
use tidings_supabase::{Filter, Query};

use super::super::connection::Input;
use super::super::remote::{self, Fields, table};
use super::super::{Core, ingest, members};
use super::pages::fetch_older;
use super::portion::Portion;
use super::{
    ABSENT, Error, New, Outcome, SECOND, changes, note_clock, prove_account, server_now, windows,
};

const HEADS: &str = "chat_sync_heads";
/// The version of the part that this program knows.
const VERSION: u32 = 1;
/// Heads asked for at once.
const PAGE: u32 = 1_000;
/// New sessions with up to this many changes are read whole.
const SMALL: i64 = 1_000;
/// With more new sessions than this, or more changes in them, ranges over all sessions are read
/// instead.
const MANY: usize = 40;
const MANY_CHANGES: i64 = 5_000;
/// Messages in the first range of a new session that is not small.
const FIRST_RANGE: u32 = 50;

/// The row of `chat_sync_digest`.
#[derive(Debug, Deserialize)]
pub(super) struct Digest {
    version: u32,
    epoch: String,
    heads: u64,
    hash: String,
}

/// A row of `chat_sync_heads`.
#[derive(Debug, Deserialize)]
struct HeadRow {
    session_id: String,
    last_rev: i64,
    gone: bool,
}

/// Asks whether the project numbers its changes, and how far it is.
pub(super) async fn digest(core: &Core) -> Result<Option<Digest>, Error> {
    let query = Query::new()
        .columns(&["version", "epoch", "heads", "hash"])
        .limit(1);
    let answer = match core.rest.select(table::SYNC_DIGEST, &query).await {
        Ok(answer) => answer,
        Err(error) if error.code().is_some_and(|code| ABSENT.contains(&code)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    note_clock(core, &answer);
    let read = |row: &serde_json::value::RawValue| serde_json::from_str::<Digest>(row.get());
    let Some(digest) = answer.rows.first().and_then(|row| read(row).ok()) else {
        tracing::warn!("the project's digest cannot be read: ranges are read instead");
        return Ok(None);
    };
    if digest.version != VERSION {
        tracing::warn!(version = digest.version, "a sync part of another version");
        return Ok(None);
    }
    Ok(Some(digest))
}

/// The project numbers nothing (any more).
pub(super) async fn absent(core: &Core) -> Result<(), Error> {
    if core.cache.followed().await?.is_some() {
        tracing::info!("the project has no sync part any more");
        core.cache.begin_epoch(None, server_now(core)).await?;
    }
    Ok(())
}

/// Reads what changed.
pub(super) async fn run(core: &Core, digest: Digest) -> Result<Outcome, Error> {
    let began = server_now(core);
    let followed = follow(core, &digest).await?;
    let mut due = followed.since;
    let mut new = Vec::new();
    // Equal heads are heads that this account saw. They say nothing of a session that came and went
    // between two catch-ups, which has none.
    let differ = (followed.heads, &followed.hash) != (digest.heads, &digest.hash);
    if differ || core.cache.shows_unfollowed().await? {
        prove_account(core).await?;
        new = read(core, &mut due, &digest.epoch).await?;
        members::read(core).await?;
        windows::read_recent(core).await?;
    }
    core.cache.caught_up(began, core.hears()).await?;
    windows::know_until(core, began).await?;
    Ok(Outcome { new, due })
}

/// What is remembered of the project's epoch: nothing, when it is a new one.
async fn follow(core: &Core, digest: &Digest) -> Result<Followed, Error> {
    match core.cache.followed().await? {
        Some(followed) if followed.epoch == digest.epoch => Ok(followed),
        before => {
            tracing::info!(known = before.is_some(), "the project counts anew");
            let since = begin(core, &digest.epoch, before.is_some()).await?;
            Ok(Followed {
                epoch: digest.epoch.clone(),
                since,
                checked_at: None,
                heads: 0,
                hash: String::new(),
            })
        }
    }
}

/// Forgets every number. Returns since when numbers count. `again`: there were others, which
/// frames that are on their way may have.
async fn begin(core: &Core, epoch: &str, again: bool) -> Result<Timestamp, Error> {
    let now = server_now(core);
    if again {
        core.set_era(now.plus(SECOND));
    }
    // What is read from now on is not older than the second in which it is read.
    let since = Timestamp::from_millis(now.as_millis().div_euclid(1_000) * 1_000);
    core.cache
        .begin_epoch(Some(epoch.to_owned()), since)
        .await?;
    Ok(since)
}

/// What the heads say is to be done.
#[derive(Debug, Default)]
struct Plan {
    behind: Vec<changes::Behind>,
    fresh: Vec<Head>,
    gone: Vec<Head>,
    /// Followed, and not to be seen any more.
    lost: Vec<SessionId>,
    /// A number went back: a backup was restored, and nobody said so.
    backwards: bool,
}

impl Plan {
    fn new(heads: Vec<Head>, known: Vec<Head>) -> Self {
        let mut known: HashMap<SessionId, Head> = known
            .into_iter()
            .map(|head| (head.session.clone(), head))
            .collect();
        let mut plan = Self::default();
        for head in heads {
            let before = known.remove(&head.session);
            match before {
                Some(before) if before.last_rev > head.last_rev => plan.backwards = true,
                Some(before) if before.gone == head.gone && before.last_rev == head.last_rev => {}
                _ if head.gone => plan.gone.push(head),
                Some(before) if !before.gone => plan.behind.push(changes::Behind {
                    session: head.session,
                    above: before.last_rev,
                    to: head.last_rev,
                    whole: false,
                }),
                _ => plan.fresh.push(head),
            }
        }
        plan.lost = known.into_keys().collect();
        plan
    }
}

async fn read(core: &Core, due: &mut Timestamp, epoch: &str) -> Result<Vec<New>, Error> {
    // Before the project's: own writes move these on meanwhile.
    let known = core.cache.heads().await?;
    let began = core.cache.stamp();
    let (heads, complete) = read_heads(core).await?;
    let listed: Vec<SessionId> = heads
        .iter()
        .filter(|head| !head.gone)
        .map(|head| head.session.clone())
        .collect();
    let mut plan = Plan::new(heads.clone(), known);
    if plan.backwards {
        tracing::warn!("the project's numbers went back: everything is compared again");
        *due = begin(core, epoch, true).await?;
        plan = Plan::new(heads, Vec::new());
    }
    let read = ReadStamp {
        began,
        ended: core.cache.stamp(),
    };
    say_gone(core, &plan, read).await?;
    let in_fresh: i64 = plan.fresh.iter().map(|head| head.last_rev).sum();
    let by_ranges = plan.fresh.len() > MANY || in_fresh > MANY_CHANGES;
    if complete && !by_ranges {
        let lost = core.cache.sessions_listed(listed, read).await?;
        if !lost.is_empty() {
            let count = lost.len();
            tracing::info!(count, "sessions are no longer shown by the project");
            core.cache.forget_heads(lost).await?;
        }
    }
    if complete {
        forget_unknown(core, &plan.lost).await?;
    }
    let mut new = Vec::new();
    let (small, others) = if by_ranges {
        (Vec::new(), Vec::new())
    } else {
        sort_out(core, std::mem::take(&mut plan.fresh)).await?
    };
    let mut wanted = plan.behind;
    wanted.extend(small);
    let sessions = wanted.iter().map(|behind| &behind.session);
    read_sessions(
        core,
        sessions.chain(others.iter().map(|head| &head.session)),
    )
    .await?;
    new.extend(changes::read(core, wanted).await?);
    for head in others {
        // What was read of it before it was out of sight may have changed since.
        let unknown = NumberedChanges {
            unknown: vec![head.session.clone()],
            ..NumberedChanges::default()
        };
        ingest::applied(core, core.cache.apply_changes(unknown).await?);
        fetch_older(core, &head.session, None, FIRST_RANGE).await?;
        stand(core, vec![head]).await?;
    }
    if by_ranges {
        let (shown, found) = windows::read(core).await?;
        new.extend(found);
        let shown: HashSet<SessionId> = shown.into_iter().collect();
        plan.fresh.retain(|head| shown.contains(&head.session));
        stand(core, plan.fresh).await?;
    }
    Ok(new)
}

/// New sessions: small ones of which no range was read are read whole, by their changes.
async fn sort_out(
    core: &Core,
    fresh: Vec<Head>,
) -> Result<(Vec<changes::Behind>, Vec<Head>), Error> {
    let (mut small, mut others) = (Vec::new(), Vec::new());
    for head in fresh {
        let ranges = core.cache.verified_ranges(head.session.clone()).await?;
        if ranges.is_empty() && head.last_rev <= SMALL {
            small.push(changes::Behind {
                session: head.session,
                above: 0,
                to: head.last_rev,
                whole: true,
            });
        } else {
            others.push(head);
        }
    }
    Ok((small, others))
}

/// Sessions are known up to these numbers.
async fn stand(core: &Core, heads: Vec<Head>) -> Result<(), Error> {
    let stand = NumberedChanges {
        heads,
        ..NumberedChanges::default()
    };
    let report = core.cache.apply_changes(stand).await?;
    ingest::applied(core, report);
    Ok(())
}

/// That a session is gone is said by the server, and its messages go with it.
async fn say_gone(core: &Core, plan: &Plan, read: ReadStamp) -> Result<(), Error> {
    if plan.gone.is_empty() {
        return Ok(());
    }
    let facts = plan.gone.iter().map(|head| Incoming::SessionDeleted {
        id: head.session.clone(),
        rev: Some(head.last_rev),
        source: Source::Rest(read),
    });
    let changes = NumberedChanges {
        facts: facts.collect(),
        heads: plan.gone.clone(),
        ..NumberedChanges::default()
    };
    let report = core.cache.apply_changes(changes).await?;
    ingest::applied(core, report);
    Ok(())
}

/// Heads that are not shown any more, of sessions that are not here either.
async fn forget_unknown(core: &Core, lost: &[SessionId]) -> Result<(), Error> {
    let mut unknown = Vec::new();
    for session in lost {
        let here = core.cache.session(session.clone()).await?;
        if here.is_none_or(|summary| summary.no_access) {
            unknown.push(session.clone());
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    Ok(core.cache.forget_heads(unknown).await?)
}

/// The heads that the account sees, and whether these are all.
async fn read_heads(core: &Core) -> Result<(Vec<Head>, bool), Error> {
    let mut heads: Vec<Head> = Vec::new();
    let mut total = None;
    let mut nameless = false;
    let mut last: Option<String> = None;
    loop {
        let mut query = Query::new()
            .columns(&["session_id", "last_rev", "gone"])
            .ascending("session_id")
            .limit(PAGE);
        query = match &last {
            None => query.count(),
            Some(last) => query.filter(Filter::gt("session_id", last.clone())),
        };
        let answer = core.rest.select(HEADS, &query).await?;
        total = total.or(answer.total);
        for row in &answer.rows {
            let row: HeadRow = serde_json::from_str(row.get()).map_err(|error| {
                tidings_supabase::Error::InvalidAnswer(format!("a head of a session: {error}"))
            })?;
            last = Some(row.session_id.clone());
            match SessionId::new(row.session_id) {
                Ok(session) => heads.push(Head {
                    session,
                    last_rev: row.last_rev,
                    gone: row.gone,
                }),
                Err(error) => {
                    nameless = true;
                    tracing::warn!(%error, "a session was left out");
                }
            }
        }
        let all = total.is_some_and(|total| heads.len() as u64 >= total);
        if answer.rows.is_empty() || all {
            let complete = !nameless && total == Some(heads.len() as u64);
            return Ok((heads, complete));
        }
    }
}

/// The rows of sessions themselves.
async fn read_sessions(
    core: &Core,
    sessions: impl Iterator<Item = &SessionId>,
) -> Result<(), Error> {
    let ids: Vec<String> = sessions.map(ToString::to_string).collect();
    let mut portion = Portion::default();
    let mut rest = ids.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(portion.sessions.min(rest.len()));
        let began = core.cache.stamp();
        let query = Query::new().filter(Filter::any_of("id", now));
        let answer = match core.rest.select(table::SESSIONS, &query).await {
            Ok(answer) => answer,
            Err(error) if portion.cut(&error) => continue,
            Err(error) => return Err(error.into()),
        };
        let source = Source::Rest(ReadStamp {
            began,
            ended: core.cache.stamp(),
        });
        let mut facts = Vec::new();
        for row in &answer.rows {
            let fields = Fields::of_answer(row, table::SESSIONS);
            match fields.and_then(|fields| remote::session(&fields, false)) {
                Ok(row) => facts.push(Incoming::Session { row, source }),
                Err(error) => tracing::warn!(%error, "a session was left out"),
            }
        }
        ingest::applied(core, core.cache.ingest(facts).await?);
        rest = later;
    }
    Ok(())
}

/// Shows how far the catch-up is: changes, each of which has its number.
pub(super) fn progress(core: &Core, done: i64, total: i64) {
    let count = |changes: i64| u32::try_from(changes).unwrap_or(u32::MAX);
    let (done, total) = (count(done), count(total));
    core.state.input(Input::CatchUp { done, total }, core.now());
}
