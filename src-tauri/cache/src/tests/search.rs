use proptest::prelude::*;

use super::*;
use crate::search::Reach;
use crate::{CacheError, SearchFilter};

/// That of a search, but for how many messages are looked through; so many are few in a stretch.
pub(super) fn reach(scan: u64) -> Reach {
    Reach {
        scan,
        examined: 1_000,
        placed: usize::try_from(scan).unwrap(),
    }
}

async fn library() -> Desk {
    let desk = Desk::with_trip().await;
    let texts = [
        "I write c++ and it's fun",
        "A letter: c",
        "AND so it goes",
        "我喜欢比特币和以太坊",
        "บิตคอยน์ขึ้นแล้ว",
        "Der Preis fällt, see https://example.org/preis",
        "bitcoin rises",
    ];
    let source = desk.read();
    let facts = (1..).zip(texts).map(|(n, text)| Incoming::Message {
        row: message(n, text).into(),
        source,
    });
    desk.cache.ingest(facts.collect()).await.unwrap();
    while desk.cache.index_some(2).await.unwrap() > 0 {}
    desk
}

async fn found(desk: &Desk, query: &str) -> Vec<u32> {
    let results = desk.cache.search(query.to_owned(), 50).await.unwrap();
    results
        .hits
        .into_iter()
        .map(|hit| u32::try_from(hit.message.message.id.as_uuid().as_u128()).unwrap())
        .collect()
}

#[tokio::test]
async fn signs_operators_of_the_index_and_apostrophes_are_plain_words() {
    let desk = library().await;
    assert_eq!(found(&desk, "c++").await, [1]);
    assert_eq!(found(&desk, "it's").await, [1]);
    assert_eq!(found(&desk, "AND so").await, [3]);
    assert_eq!(found(&desk, "\"it goes\"").await, [3]);
    assert_eq!(found(&desk, "fallt").await, [6], "diacritics do not matter");
    for odd in ["\"", "*", "NEAR(", "a AND", "^", "col:", "-", "((("] {
        desk.cache.search(odd.to_owned(), 5).await.unwrap();
    }
}

#[tokio::test]
async fn one_chinese_character_is_enough() {
    let desk = library().await;
    assert_eq!(found(&desk, "币").await, [4]);
    assert_eq!(found(&desk, "比特币").await, [4]);
    assert!(found(&desk, "币特").await.is_empty());
    assert_eq!(found(&desk, "คอย").await, [5]);
}

#[tokio::test]
async fn words_are_found_while_typed_and_inside_of_others() {
    let desk = library().await;
    assert_eq!(found(&desk, "bit").await, [7]);
    assert_eq!(found(&desk, "coin").await, [7]);
    assert!(
        found(&desk, "bit ").await.contains(&7),
        "the scan finds parts of words"
    );
}

#[tokio::test]
async fn operators_narrow_the_search() {
    let desk = library().await;
    assert_eq!(found(&desk, "has:link").await, [6]);
    assert_eq!(found(&desk, "from:bob bitcoin").await, [7]);
    assert!(found(&desk, "from:me bitcoin").await.is_empty());
    assert_eq!(found(&desk, "in:trip bitcoin").await, [7]);
    assert_eq!(found(&desk, "in:\"title of\" bitcoin").await, [7]);
    assert!(found(&desk, "in:other bitcoin").await.is_empty());
    assert_eq!(found(&desk, "role:user bitcoin").await, [7]);
    assert!(found(&desk, "before:2020-01-01 bitcoin").await.is_empty());
    assert_eq!(found(&desk, "after:2020-01-01 bitcoin").await, [7]);
    let wrong = desk.cache.search("before:soon".to_owned(), 5).await;
    assert!(matches!(wrong, Err(CacheError::BadQuery(_))));
}

#[tokio::test]
async fn hits_say_where_the_words_stand() {
    let desk = library().await;
    let results = desk.cache.search("fun it's".to_owned(), 5).await.unwrap();
    let hit = &results.hits[0];
    let units: Vec<u16> = hit.snippet.encode_utf16().collect();
    let marked: Vec<String> = hit
        .marks
        .iter()
        .map(|(from, to)| String::from_utf16(&units[*from as usize..*to as usize]).unwrap())
        .collect();
    assert_eq!(marked, ["it's", "fun"]);
}

#[tokio::test]
async fn the_index_follows_edits_and_deletions() {
    let desk = library().await;
    let source = desk.read();
    let row = message(7, "ethereum rises").into();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    let results = desk.cache.search("ethereum".to_owned(), 5).await.unwrap();
    assert_eq!(results.unindexed, 1);
    assert_eq!(results.hits.len(), 1, "found before it is indexed");
    while desk.cache.index_some(10).await.unwrap() > 0 {}
    assert!(found(&desk, "bitcoin").await.is_empty());
    assert_eq!(found(&desk, "ethereum").await, [7]);
    let source = desk.read();
    desk.cache
        .ingest(vec![Incoming::MessageDeleted { id: mid(7), source }])
        .await
        .unwrap();
    assert!(found(&desk, "ethereum").await.is_empty());
}

#[tokio::test]
async fn the_newest_come_first_and_more_is_told() {
    let desk = Desk::with_trip().await;
    let source = desk.read();
    let facts = (1..30).map(|n| Incoming::Message {
        row: message(n, "same word").into(),
        source,
    });
    desk.cache.ingest(facts.collect()).await.unwrap();
    desk.cache.index_some(15).await.unwrap();
    for indexed in [false, true] {
        let results = desk.cache.search("word".to_owned(), 10).await.unwrap();
        assert!(results.more);
        let seconds: Vec<_> = results
            .hits
            .iter()
            .map(|hit| hit.message.message.created_at)
            .collect();
        assert_eq!(seconds.len(), 10);
        assert!(seconds.windows(2).all(|pair| pair[0] > pair[1]));
        if indexed {
            assert_eq!(seconds[0], at(29));
        }
        while desk.cache.index_some(100).await.unwrap() > 0 {}
    }
}

#[tokio::test]
async fn while_the_index_of_an_old_cache_is_built_what_it_has_is_found() {
    let desk = Desk::with_trip().await;
    let add = async |numbers: std::ops::RangeInclusive<u32>| {
        let source = desk.read();
        let facts = numbers.map(|n| Incoming::Message {
            row: message(n, "same word").into(),
            source,
        });
        desk.cache.ingest(facts.collect()).await.unwrap();
    };
    add(1..=40).await;
    // The newest come into the index first; what is newer yet is looked through.
    desk.cache.index_some(15).await.unwrap();
    add(41..=43).await;
    let search = async || {
        let found =
            desk.cache
                .search_beyond("word".to_owned(), SearchFilter::default(), 50, reach(5));
        let found = found.await.unwrap();
        let times = found.hits.iter().map(|hit| hit.message.message.created_at);
        (times.collect::<Vec<_>>(), found.unindexed, found.total)
    };
    let from = |oldest: i64| (oldest..=43).rev().map(at).collect::<Vec<_>>();
    // Besides the three these are the two next ones that wait.
    assert_eq!(search().await, (from(24), 28, 43));
    // Each step brings more of it, and says how much is left.
    desk.cache.index_some(13).await.unwrap();
    assert_eq!(search().await, (from(11), 15, 43));
    while desk.cache.index_some(7).await.unwrap() > 0 {}
    assert_eq!(search().await, (from(1), 0, 43));
}

#[tokio::test]
async fn a_search_that_gave_up_on_signs_says_so() {
    let desk = Desk::with_trip().await;
    let source = desk.read();
    let facts = (1..=40).map(|n| Incoming::Message {
        row: message(n, if n == 1 { "c++" } else { "c" }).into(),
        source,
    });
    desk.cache.ingest(facts.collect()).await.unwrap();
    while desk.cache.index_some(100).await.unwrap() > 0 {}
    let search = async |examined: u64| {
        let reach = Reach {
            examined,
            ..reach(5)
        };
        let filter = SearchFilter::default();
        let found = desk
            .cache
            .search_beyond("c++ ".to_owned(), filter, 50, reach);
        let found = found.await.unwrap();
        (found.hits.len(), found.examined)
    };
    assert_eq!(search(39).await, (0, Some(39)));
    assert_eq!(search(40).await, (1, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn however_few_are_looked_through_the_index_finds_the_rest(
        texts in prop::collection::vec(
            (prop::collection::vec(0..WORDS.len(), 1..6), 0..40_u32), 1..60),
        query in prop::sample::select(QUERIES),
        limit in 1..8_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let desk = Desk::with_trip().await;
            let source = desk.read();
            let facts = (1..).zip(&texts).map(|(n, (words, second))| {
                let words: Vec<&str> = words.iter().map(|word| WORDS[*word]).collect();
                let mut row = message(n, &words.join(" "));
                // Many at one time, in another order than they came, and over some days.
                row.created_at = at(i64::from(*second) * 20_000);
                Incoming::Message { row: row.into(), source }
            });
            desk.cache.ingest(facts.collect()).await.unwrap();
            while desk.cache.index_some(7).await.unwrap() > 0 {}
            let whole = desk.cache.search(query.to_owned(), limit).await.unwrap();
            assert_eq!(whole.scanned, None);
            for scan in [0, 1, 5, 20] {
                let found = desk.cache.search_beyond(query.to_owned(), SearchFilter::default(), limit, reach(scan)).await.unwrap();
                assert_eq!(found.hits, whole.hits, "{query}, {scan} looked through");
                assert_eq!(found.more, whole.more);
            }
        });
    }
}

/// Words of which none is a part of another.
const WORDS: &[&str] = &[
    "alpha",
    "Bravo",
    "caf\u{e9}",
    "e\u{301}cole",
    "\u{4e2d}",
    "\u{6587}",
    "c++",
    "x1",
];
const QUERIES: &[&str] = &[
    "alpha ",
    "alp",
    "bravo alpha ",
    "\"alpha bravo\"",
    "cafe ",
    "ecole",
    "\u{4e2d}",
    "\u{4e2d}\u{6587}",
    "c++ ",
    "x1 alpha ",
    "alpha role:user ",
    "bravo role:assistant ",
];

/// What a text and a query are made of: words in several spellings, and what stands between them.
const SPELLED: &[&str] = &[
    "to",
    "me",
    "Tome",
    "caf\u{e9}",
    "Cafe\u{301}",
    "cafe\u{301}s",
    "\u{4e2d}",
    "\u{6587}\u{4e2d}",
    "c++",
    "#1",
    "\u{1f600}",
    "don\u{2019}t",
    "e\u{301}",
];
const BETWEEN: &[&str] = &[" ", ", ", "  ", "-", "\n", ". ", "\u{301} "];

fn spelled(pieces: &[(usize, usize)]) -> String {
    pieces
        .iter()
        .flat_map(|(word, between)| [SPELLED[*word], BETWEEN[*between]])
        .collect()
}

fn pieces(most: usize) -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..SPELLED.len(), 0..BETWEEN.len()), 1..most)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn every_hit_shows_what_was_found(
        texts in prop::collection::vec((pieces(8), any::<bool>()), 1..12),
        queries in prop::collection::vec((pieces(4), any::<bool>()), 20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let desk = Desk::with_trip().await;
            let source = desk.read();
            let facts = (1..).zip(&texts).map(|(n, (text, long))| {
                // What is looked for may stand far behind in a text.
                let lead = if *long { "far ".repeat(100) } else { String::new() };
                let row = message(n, &format!("{lead}{}", spelled(text))).into();
                Incoming::Message { row, source }
            });
            desk.cache.ingest(facts.collect()).await.unwrap();
            while desk.cache.index_some(7).await.unwrap() > 0 {}
            for (query, quoted) in &queries {
                let query = spelled(query);
                let query = if *quoted { format!("\"{query}\"") } else { query };
                // By the index, and by looking through.
                for scan in [0, 1_000] {
                    let found = desk.cache.search_beyond(query.clone(), SearchFilter::default(), 50, reach(scan)).await.unwrap();
                    for hit in found.hits {
                        let units = hit.snippet.encode_utf16().count();
                        let marks: Vec<(usize, usize)> = hit
                            .marks
                            .iter()
                            .map(|(from, to)| (*from as usize, *to as usize))
                            .collect();
                        assert!(!marks.is_empty(), "{query:?} in {:?}", hit.snippet);
                        assert!(marks.iter().all(|(from, to)| from < to && *to <= units));
                        assert!(marks.windows(2).all(|two| two[0].1 <= two[1].0));
                    }
                }
            }
        });
    }
}
