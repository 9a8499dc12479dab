//! The reads that happen all the time walk an index, however much is cached.

use super::*;
use crate::read::messages::unsent_sql;
use crate::search::filter::{BY_TIME, SENT, UNSENT};
use crate::search::indexed::MATCHES;
use crate::write::sessions::{FORGET_GONE, REMOVE_MESSAGES, REMOVE_ROW};
use crate::write::untold::{FORGET_READ, UNTOLD};

const PAGE: &str = "SELECT m.id FROM messages m JOIN sessions s ON s.key = m.session
    LEFT JOIN users u ON u.key = m.author
    WHERE m.session = ?1 AND m.deleted = 0 AND m.unsent = 0 AND m.hidden = 0
      AND (m.created_at, m.id) < (?2, ?3)
    ORDER BY m.created_at DESC, m.id DESC LIMIT ?4";
const UNREAD: &str = "SELECT count(*) FROM (SELECT 1 FROM messages
    WHERE session = ?1 AND deleted = 0 AND unsent = 0 AND hidden = 0
      AND (created_at, id) > (?2, ?3) AND (author IS NOT ?4 OR role IS NOT 'user') LIMIT ?5)";
const FIRINGS: &str = "SELECT f.id FROM firings f JOIN symbols s ON s.key = f.symbol
    WHERE f.symbol = (SELECT key FROM symbols WHERE name = ?1) ORDER BY f.id DESC LIMIT ?2";

async fn plan(desk: &Desk, sql: &str) -> String {
    let sql = sql.to_owned();
    let plan = desk.cache.read(move |conn| {
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let count = statement.parameter_count();
        let lines = statement
            .query_map(rusqlite::params_from_iter(vec![1; count]), |row| {
                row.get::<_, String>(3)
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(lines.join("\n"))
    });
    plan.await.unwrap()
}

#[tokio::test]
async fn what_is_to_be_told_is_looked_up_among_the_messages_and_they_are_not_walked() {
    let desk = Desk::with_trip().await;
    for sql in [UNTOLD, FORGET_READ] {
        let plan = plan(&desk, sql).await;
        assert!(
            plan.contains("SEARCH m USING INTEGER PRIMARY KEY"),
            "{plan}"
        );
        assert!(!plan.contains("SCAN m"), "{plan}");
    }
}

#[tokio::test]
async fn a_session_that_goes_walks_no_message_of_others() {
    let desk = Desk::with_trip().await;
    for sql in [REMOVE_MESSAGES, REMOVE_ROW, FORGET_GONE] {
        let plan = plan(&desk, sql).await;
        assert!(
            plan.contains("SEARCH messages USING COVERING INDEX messages_in_order (session=?)"),
            "{plan}"
        );
        assert!(!plan.contains("SCAN messages"), "{plan}");
    }
}

#[tokio::test]
async fn a_search_in_one_session_walks_its_messages_alone() {
    let desk = Desk::with_trip().await;
    let columns = "SELECT key, created_at";
    let sql = format!("{columns} {SENT} UNION ALL {columns} {UNSENT} ORDER BY created_at DESC");
    let plan = plan(&desk, &sql).await;
    for used in ["MERGE (UNION ALL)", "messages_in_order", "messages_unsent"] {
        assert!(plan.contains(used), "{plan}");
    }
    assert!(!plan.contains("SCAN"), "{plan}");
}

#[tokio::test]
async fn a_search_reads_the_matches_of_the_index_from_the_newest_on() {
    let desk = Desk::with_trip().await;
    let plan = plan(&desk, MATCHES).await;
    assert!(plan.contains("SCAN search_index VIRTUAL TABLE"), "{plan}");
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
}

#[tokio::test]
async fn pages_unread_counts_and_searches_walk_an_index() {
    let desk = Desk::with_trip().await;
    let ordered = |from| format!("SELECT key {from} ORDER BY created_at DESC");
    for (sql, index) in [
        (PAGE.to_owned(), "messages_in_order"),
        (UNREAD.to_owned(), "COVERING INDEX messages_in_order"),
        (ordered(BY_TIME), "COVERING INDEX messages_by_time"),
        (ordered(SENT), "COVERING INDEX messages_in_order"),
        (FIRINGS.to_owned(), "firings_by_symbol"),
    ] {
        let plan = plan(&desk, &sql).await;
        assert!(plan.contains(index), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
    let unsent = plan(&desk, &unsent_sql()).await;
    assert!(unsent.contains("messages_unsent (session=?)"), "{unsent}");
}
