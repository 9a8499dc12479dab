//! In which order what is missing is asked for.

use std::collections::HashSet;

use super::*;
use crate::{Stretch, Window};

/// The sessions of what is asked for next.
async fn next(desk: &Desk, first: Option<&str>, skip: &[&str], limit: usize) -> Vec<String> {
    let skip: HashSet<SessionId> = skip.iter().map(|id| sid(id)).collect();
    let gaps = desk.cache.next_gaps(first.map(sid), skip, limit, None);
    let gaps: Vec<(SessionId, Stretch)> = gaps.await.unwrap();
    gaps.into_iter().map(|(id, _)| id.to_string()).collect()
}

#[tokio::test]
async fn what_is_open_comes_first_then_what_was_used_last() {
    let desk = Desk::new().await;
    // As a project lists them: not by their use.
    for (id, second) in [("b", 20), ("d", 5), ("a", 30), ("c", 10)] {
        let row = session(id, second).into();
        let source = desk.read();
        desk.cache
            .ingest(vec![Incoming::Session { row, source }])
            .await
            .unwrap();
    }
    assert_eq!(next(&desk, None, &[], 10).await, ["a", "b", "c", "d"]);
    assert_eq!(next(&desk, None, &[], 2).await, ["a", "b"]);
    // Opened in the midst of it: before all others, however few are asked for at once.
    assert_eq!(next(&desk, Some("d"), &[], 10).await, ["d", "a", "b", "c"]);
    assert_eq!(next(&desk, Some("d"), &[], 1).await, ["d"]);
    // Left out it is passed over, and the others keep their order.
    assert_eq!(next(&desk, Some("d"), &["d", "a"], 2).await, ["b", "c"]);

    // Used, a session comes before those that were used earlier; whole, it is not asked for.
    let mut used = session("c", 40);
    used.updated_at = at(40);
    let source = desk.read();
    desk.cache
        .ingest(vec![Incoming::Session {
            row: used.into(),
            source,
        }])
        .await
        .unwrap();
    assert_eq!(next(&desk, None, &[], 10).await, ["c", "a", "b", "d"]);
    let window = Window {
        session: sid("c"),
        older: None,
        newer: None,
        rows: Vec::new(),
        read: desk.read_stamp(),
        verified_at: at(50),
        live: true,
        apart_from: at(0),
        authenticated: true,
    };
    desk.cache.apply_window(window).await.unwrap();
    assert_eq!(next(&desk, Some("c"), &[], 10).await, ["a", "b", "d"]);
}
