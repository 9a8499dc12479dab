//! Searches that a filter narrows, and what is suggested where one finds nothing.

use tidings_model::Message;

use super::search::reach;
use super::*;
use crate::{SearchFilter, SearchFrom, SearchKind};

/// Two sessions; Bob, Alice and an assistant in them.
async fn library() -> Desk {
    let desk = Desk::with_trip().await;
    let other = session("other", 1).into();
    let by = |number: u32, session: &str, user: &str, role: Role, content: &str| Message {
        session_id: sid(session),
        user_id: Some(UserId::new(user).unwrap()),
        role,
        ..message(number, content)
    };
    let voice = Message {
        kind: MessageKind::Voice,
        ..by(6, "trip", "bob", Role::User, "the plan, spoken")
    };
    let action = Message {
        kind: MessageKind::AdapterAction,
        ..by(7, "other", "bob", Role::Assistant, "the plan, done")
    };
    let rows = [
        by(1, "trip", "bob", Role::User, "the plan"),
        by(2, "trip", "alice", Role::User, "my plan"),
        by(3, "trip", "alice", Role::Assistant, "a plan for you"),
        by(4, "other", "bob", Role::User, "plan: https://example.org"),
        by(5, "other", "alice", Role::User, "plan\n```\ncode\n```"),
        voice,
        action,
    ];
    let source = desk.read();
    let mut facts = vec![Incoming::Session { row: other, source }];
    facts.extend(rows.map(|row| Incoming::Message {
        row: row.into(),
        source,
    }));
    desk.cache.ingest(facts).await.unwrap();
    while desk.cache.index_some(2).await.unwrap() > 0 {}
    desk
}

/// By the index, by looking through, and by some of both, which find the same.
async fn found(desk: &Desk, query: &str, filter: &SearchFilter) -> Vec<u128> {
    let mut all = Vec::new();
    for scan in [0, 2, 1_000] {
        let found = desk
            .cache
            .search_beyond(query.to_owned(), filter.clone(), 50, reach(scan));
        let hits = found.await.unwrap().hits.into_iter();
        all.push(
            hits.map(|hit| hit.message.message.id.as_uuid().as_u128())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(all[0], all[1], "{query} in {filter:?}");
    assert_eq!(all[1], all[2], "{query} in {filter:?}");
    all.swap_remove(0)
}

fn from(from: SearchFrom) -> SearchFilter {
    SearchFilter {
        from: Some(from),
        ..SearchFilter::default()
    }
}

fn of(kind: SearchKind) -> SearchFilter {
    SearchFilter {
        kind: Some(kind),
        ..SearchFilter::default()
    }
}

fn within(session: &str) -> SearchFilter {
    SearchFilter {
        session: Some(sid(session)),
        ..SearchFilter::default()
    }
}

#[tokio::test]
async fn a_filter_lets_through_what_it_says_and_nothing_else() {
    let desk = library().await;
    let bob = SearchFrom::User(UserId::new("bob").unwrap());
    let time = SearchFilter {
        after: Some(at(2)),
        before: Some(at(5)),
        ..SearchFilter::default()
    };
    let all = SearchFilter {
        after: Some(at(4)),
        ..from(bob.clone())
    };
    let all = SearchFilter {
        session: Some(sid("other")),
        kind: Some(SearchKind::Link),
        ..all
    };
    for (filter, expected) in [
        (SearchFilter::default(), vec![7, 6, 5, 4, 3, 2, 1]),
        (from(SearchFrom::Me), vec![5, 2]),
        (from(SearchFrom::Assistant), vec![7, 3]),
        (from(bob), vec![6, 4, 1]),
        (within("trip"), vec![6, 3, 2, 1]),
        (within("other"), vec![7, 5, 4]),
        (within("gone"), vec![]),
        (of(SearchKind::Link), vec![4]),
        (of(SearchKind::Code), vec![5]),
        (of(SearchKind::Voice), vec![6]),
        (of(SearchKind::Action), vec![7]),
        (time, vec![4, 3, 2]),
        (all, vec![4]),
    ] {
        assert_eq!(found(&desk, "plan ", &filter).await, expected, "{filter:?}");
        // Without a word it is all that the filter lets through; without either, nothing.
        let all = found(&desk, "", &filter).await;
        if filter == SearchFilter::default() {
            assert!(all.is_empty());
        } else {
            assert_eq!(all, expected, "{filter:?}");
        }
    }
    // Operators of the query narrow it further.
    let trip = within("trip");
    assert_eq!(found(&desk, "from:bob plan ", &trip).await, [6, 1]);
    assert!(found(&desk, "in:other plan ", &trip).await.is_empty());
}

#[tokio::test]
async fn what_waits_to_be_sent_is_found_in_its_session() {
    let desk = library().await;
    let sent = desk.cache.enqueue_message(note("a plan to send"), at(900));
    let unsent = sent.await.unwrap().message.id;
    while desk.cache.index_some(2).await.unwrap() > 0 {}
    for scan in [0, 1_000] {
        let results = desk
            .cache
            .search_beyond("plan ".to_owned(), within("trip"), 2, reach(scan));
        let results = results.await.unwrap();
        assert_eq!(results.hits[0].message.message.id, unsent);
        assert!(results.more);
    }
}

async fn suggested(desk: &Desk, query: &str) -> Option<String> {
    let filter = SearchFilter::default();
    desk.cache.suggest(query.to_owned(), filter).await.unwrap()
}

/// A few messages, whose words are known.
async fn words() -> Desk {
    let desk = Desk::with_trip().await;
    let source = desk.read();
    let texts = [
        "The Retention policy is 90 days",
        "retentive memory",
        "Der Preis fällt",
        "Привет всем",
        "the same the same",
    ];
    let facts = (1..).zip(texts).map(|(n, text)| Incoming::Message {
        row: message(n, text).into(),
        source,
    });
    desk.cache.ingest(facts.collect()).await.unwrap();
    while desk.cache.index_some(2).await.unwrap() > 0 {}
    desk
}

#[tokio::test]
async fn a_word_that_is_spelled_alike_is_suggested_as_it_is_written() {
    let desk = words().await;
    for (query, expected) in [
        ("retnetion", Some("Retention")),
        // Two mistakes.
        ("retnetin", Some("Retention")),
        ("etention", Some("Retention")),
        ("fellt", Some("fällt")),
        ("Превет", Some("Привет")),
        // What is known stays, and so do operators and what is around.
        ("retnetion policy", Some("Retention policy")),
        ("from:bob  polcy days ", Some("from:bob  policy days ")),
        ("retnetion polcy", Some("Retention policy")),
        // Nothing is like it; too short; a number; in quotes.
        ("zebra", None),
        ("xe", None),
        ("91", None),
        ("\"retnetion\"", None),
        // Known words that stand nowhere together.
        ("retention preis", None),
        ("", None),
    ] {
        assert_eq!(
            suggested(&desk, query).await.as_deref(),
            expected,
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_is_suggested_finds_something() {
    let desk = words().await;
    // It is a word of the index, and no message of Alice's has it.
    let mine = from(SearchFrom::Me);
    let query = "retnetion".to_owned();
    assert_eq!(desk.cache.suggest(query, mine).await.unwrap(), None);
    // Nor one that is left once the message is gone: the next best is.
    let source = desk.read();
    let gone = Incoming::MessageDeleted { id: mid(1), source };
    desk.cache.ingest(vec![gone]).await.unwrap();
    while desk.cache.index_some(2).await.unwrap() > 0 {}
    assert_eq!(suggested(&desk, "retnetion").await, None);
    assert_eq!(
        suggested(&desk, "retentave").await.as_deref(),
        Some("retentive")
    );
    // Together with another word it has to stand there, too.
    assert_eq!(suggested(&desk, "retentave preis").await, None);
    let spoiled = desk
        .cache
        .suggest("before:soon".to_owned(), SearchFilter::default());
    assert!(matches!(spoiled.await, Err(crate::CacheError::BadQuery(_))));
}
