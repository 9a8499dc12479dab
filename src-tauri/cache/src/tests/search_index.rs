//! What the search index has: each message once, at its place, with the words and facets of now.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::search::place::place;
use crate::{SearchFilter, SearchFrom};

/// Rowids of the index.
async fn places(desk: &Desk) -> BTreeSet<i64> {
    let read = desk.cache.read(|conn| {
        let mut statement = conn.prepare("SELECT id FROM search_index_docsize")?;
        let ids = statement.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    });
    read.await.unwrap()
}

/// The place of each message that is shown, by its key and time.
async fn expected(desk: &Desk) -> BTreeSet<i64> {
    let read = desk.cache.read(|conn| {
        let sql = "SELECT key, created_at FROM messages
             WHERE deleted = 0 AND created_at IS NOT NULL";
        let mut statement = conn.prepare(sql)?;
        let places = statement.query_map([], |row| Ok(place(row.get(0)?, row.get(1)?).unwrap()))?;
        Ok(places.collect::<rusqlite::Result<_>>()?)
    });
    read.await.unwrap()
}

async fn index(desk: &Desk, batch: usize) {
    while desk.cache.index_some(batch).await.unwrap() > 0 {}
}

async fn found(desk: &Desk, query: &str, filter: SearchFilter, scan: u64) -> Vec<u128> {
    let reach = search::reach(scan);
    let found = desk
        .cache
        .search_beyond(query.to_owned(), filter, 50, reach);
    let hits = found.await.unwrap().hits.into_iter();
    hits.map(|hit| hit.message.message.id.as_uuid().as_u128())
        .collect()
}

/// What is done to one of a few messages.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// It comes, or is another one now: its words, by their number, and the day it was written.
    Write {
        message: u32,
        words: u32,
        day: i64,
    },
    Delete {
        message: u32,
    },
    RemoveSession {
        other: bool,
    },
    Index,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let message = 1..9_u32;
    let act = prop_oneof![
        6 => (message.clone(), 0..4_u32, 0..5_i64)
            .prop_map(|(message, words, day)| Act::Write { message, words, day }),
        1 => message.prop_map(|message| Act::Delete { message }),
        1 => any::<bool>().prop_map(|other| Act::RemoveSession { other }),
        2 => Just(Act::Index),
    ];
    prop::collection::vec(act, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_the_index_has_each_message_once_and_finds_what_it_says_now(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let desk = Desk::new().await;
            let mut now: BTreeMap<u32, (u32, i64)> = BTreeMap::new();
            for act in acts {
                match act {
                    Act::Write { message: number, words, day } => {
                        let name = if number % 2 == 0 { "other" } else { "trip" };
                        let mut row = message(number, &format!("word{words}"));
                        row.session_id = sid(name);
                        row.created_at = at(day * 86_400);
                        let source = desk.read();
                        let facts = vec![
                            Incoming::Session { row: session(name, 1).into(), source },
                            Incoming::Message { row: row.into(), source },
                        ];
                        desk.cache.ingest(facts).await.unwrap();
                        now.insert(number, (words, day));
                    }
                    Act::Delete { message } => {
                        let source = desk.read();
                        let gone = Incoming::MessageDeleted { id: mid(message.into()), source };
                        desk.cache.ingest(vec![gone]).await.unwrap();
                        now.remove(&message);
                    }
                    Act::RemoveSession { other } => {
                        let name = if other { "other" } else { "trip" };
                        let known = desk.cache.sessions().await.unwrap();
                        if known.iter().any(|each| each.session.id == sid(name)) {
                            desk.cache.remove_session(sid(name)).await.unwrap();
                            now.retain(|number, _| (number % 2 == 0) != other);
                        }
                    }
                    Act::Index => { desk.cache.index_some(2).await.unwrap(); }
                }
                // Also while the index lags, nothing is found by what it said before.
                for words in 0..4 {
                    let mut wanted: Vec<_> = now.iter().filter(|(_, is)| is.0 == words).collect();
                    wanted.sort_by_key(|(number, (_, day))| std::cmp::Reverse((*day, **number)));
                    let wanted: Vec<u128> = wanted.iter().map(|(n, _)| u128::from(**n)).collect();
                    let query = format!("word{words} ");
                    assert_eq!(found(&desk, &query, SearchFilter::default(), 10).await, wanted);
                }
            }
            index(&desk, 3).await;
            assert_eq!(places(&desk).await, expected(&desk).await);
        });
    }
}

#[tokio::test]
async fn a_message_is_found_by_who_is_said_to_have_written_it_now() {
    let desk = Desk::with_trip().await;
    let by = |user: &str| SearchFilter {
        from: Some(SearchFrom::User(UserId::new(user).unwrap())),
        ..SearchFilter::default()
    };
    for user in ["bob", "carol"] {
        let mut row = message(1, "the plan");
        row.user_id = Some(UserId::new(user).unwrap());
        let source = desk.read();
        let row = row.into();
        let facts = vec![Incoming::Message { row, source }];
        desk.cache.ingest(facts).await.unwrap();
        index(&desk, 5).await;
        // Nothing is looked through: it is the index that knows.
        assert_eq!(found(&desk, "", by(user), 0).await, [1]);
        assert_eq!(found(&desk, "plan ", by(user), 0).await, [1]);
    }
    assert!(found(&desk, "", by("bob"), 0).await.is_empty());
    assert!(found(&desk, "", by("nobody"), 0).await.is_empty());
}

#[tokio::test]
async fn without_a_word_all_is_found_while_the_index_is_behind() {
    let desk = Desk::with_trip().await;
    let source = desk.read();
    let facts = (1..=12).map(|n| Incoming::Message {
        row: message(n, "word").into(),
        source,
    });
    desk.cache.ingest(facts.collect()).await.unwrap();
    let session = SearchFilter {
        session: Some(sid("trip")),
        ..SearchFilter::default()
    };
    let all: Vec<u128> = (1..=12).rev().collect();
    assert_eq!(found(&desk, "", session.clone(), 3).await, all);
    index(&desk, 5).await;
    assert_eq!(found(&desk, "", session, 3).await, all);
}
