//! What a limit takes off this computer, and what it leaves.

use tidings_model::{Decimal, Quote, Symbol};

use super::*;
use crate::{Limit, Removal, Window};

impl Desk {
    /// Takes in messages of a session with an hour for each: seconds would all be of one.
    async fn hourly(&self, name: &str, hours: std::ops::Range<u32>, text: &str) {
        let rows = hours.map(|n| {
            let mut row = message(n + 1, text);
            row.session_id = sid(name);
            row.created_at = at(i64::from(n) * 3600);
            row.into()
        });
        let window = Window {
            session: sid(name),
            older: None,
            newer: None,
            rows: rows.collect(),
            read: self.read_stamp(),
            verified_at: at(1),
            live: false,
            apart_from: at(0),
            authenticated: true,
        };
        self.cache.apply_window(window).await.unwrap();
        while self.cache.index_some(200).await.unwrap() > 0 {}
    }

    /// Bytes of the database that hold something.
    async fn used(&self) -> u64 {
        let stats = self.cache.storage().await.unwrap();
        stats.database_bytes - stats.free_bytes
    }

    /// Complete lists of sessions that have no other than these.
    async fn listed(&self, lists: u32, sessions: &[&str]) {
        for _ in 0..lists {
            let ids = sessions.iter().map(|id| sid(id)).collect();
            let read = self.read_stamp();
            self.cache.sessions_listed(ids, read).await.unwrap();
        }
    }
}

fn text() -> String {
    "abcdefgh ".repeat(110)
}

#[tokio::test]
async fn what_the_project_no_longer_shows_stays() {
    for lists in [1, 2] {
        let desk = Desk::with_trip().await;
        desk.add_session("other").await;
        desk.hourly("trip", 0..500, &text()).await;
        desk.hourly("other", 500..1000, &text()).await;
        desk.listed(lists, &["other"]).await;
        let row = desk.cache.session(sid("trip")).await.unwrap().unwrap();
        assert_eq!(row.no_access, lists == 2);

        // By age.
        let told = desk.cache.removable(Timestamp::MAX).await.unwrap();
        let told: Vec<SessionId> = told.into_iter().map(|(session, _)| session).collect();
        assert_eq!(told, [sid("other")]);
        assert_eq!(desk.remove_old("trip", i64::MAX / 2_000_000, 100).await, 0);
        assert_eq!(desk.cache.messages_here(sid("trip")).await.unwrap(), 500);

        // By size: the older half is out of reach, so the newer one is brought down to the limit,
        // and to no less.
        let most = desk.used().await / 4;
        let cutoff = desk.cache.cutoff(Limit::Bytes(most)).await.unwrap();
        let cutoff = cutoff.unwrap();
        assert!(
            at(700 * 3600) < cutoff && cutoff < at(800 * 3600),
            "{cutoff}"
        );
        // Shown again, it counts as any other.
        desk.listed(1, &["trip", "other"]).await;
        let told = desk.cache.removable(Timestamp::MAX).await.unwrap();
        assert_eq!(told.len(), 2);
    }
}

#[tokio::test]
async fn prices_do_not_push_messages_out() {
    let desk = Desk::with_trip().await;
    desk.hourly("trip", 0..100, &text()).await;
    let messages = desk.used().await;
    let quotes = (0..20_000).map(|n| Quote {
        symbol: Symbol::new("BTC").unwrap(),
        price: Decimal::from(n),
        change_24h: None,
        change_percentage_24h: None,
        market_cap: None,
        volume_24h: None,
        time: at(n),
    });
    desk.cache.record_quotes(quotes.collect()).await.unwrap();
    assert!(desk.used().await > messages * 3 / 2);
    assert_eq!(
        desk.cache.cutoff(Limit::Bytes(messages)).await.unwrap(),
        None,
        "messages take no more than they may"
    );
    let fewer = desk.cache.cutoff(Limit::Bytes(messages / 2)).await.unwrap();
    let fewer = fewer.unwrap();
    assert!(at(40 * 3600) < fewer && fewer < at(70 * 3600), "{fewer}");
}

#[tokio::test]
async fn a_size_limit_removes_the_oldest_of_all_sessions_and_gives_the_space_back() {
    let desk = Desk::with_trip().await;
    desk.add_session("other").await;
    // An empty cache takes a page for each table and index.
    let fixed = desk.cache.storage().await.unwrap().database_bytes;
    let text = text();
    desk.hourly("trip", 0..500, &text).await;
    desk.hourly("other", 500..1000, &text).await;
    let before = desk.cache.storage().await.unwrap();
    let used = desk.used().await;
    assert_eq!(
        desk.cache.cutoff(Limit::Bytes(used)).await.unwrap(),
        None,
        "as large as it may be"
    );
    let most = used / 4;
    let cutoff = desk
        .cache
        .cutoff(Limit::Bytes(most))
        .await
        .unwrap()
        .unwrap();
    let told = desk.cache.removable(cutoff).await.unwrap();
    let mut sum = Removal::default();
    for (session, _) in &told {
        let mut more = true;
        while more {
            let step = desk.cache.remove_old(session.clone(), cutoff, 100);
            let step = step.await.unwrap();
            sum.messages += step.messages;
            sum.bytes += step.bytes;
            more = step.more;
        }
    }
    let expected: u64 = told.iter().map(|(_, each)| each.messages).sum();
    assert_eq!(sum.messages, expected);
    let estimated: u64 = told.iter().map(|(_, each)| each.bytes).sum();
    assert_eq!(sum.bytes, estimated, "all of one length");
    assert_eq!(
        told.len(),
        2,
        "the older session, and the older part of the newer"
    );
    while desk.cache.tidy_index().await.unwrap() {}
    while desk.cache.shrink(64).await.unwrap() > 0 {}
    let after = desk.cache.storage().await.unwrap();
    assert_eq!(after.free_bytes, 0);
    assert!(
        after.index_bytes < before.index_bytes / 2,
        "{after:?}, before {before:?}"
    );
    assert!(
        after.database_bytes <= most + fixed,
        "{most} wanted, {after:?} there, before {before:?}"
    );
    let path = desk.dir.path().join("cache.db");
    desk.cache.close().await;
    let size = std::fs::metadata(path).unwrap().len();
    assert_eq!(size, after.database_bytes, "the file itself is that small");
}
