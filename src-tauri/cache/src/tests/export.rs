use std::io;
use std::sync::{Arc, Mutex};

use super::*;
use crate::{
    ExportSink, ExportedMessage, ExportedSession, MessageChange, MessageKey, OwnState,
    PartialMessage, SessionChange, SessionWrite, Window,
};

/// Keeps what it was handed, and refuses after so many messages.
#[derive(Default)]
struct Kept {
    sessions: Vec<(ExportedSession, Vec<ExportedMessage>)>,
    refuses_after: Option<usize>,
    handed: Arc<Mutex<usize>>,
}

impl ExportSink for Kept {
    fn session(&mut self, session: &ExportedSession) -> io::Result<()> {
        self.sessions.push((session.clone(), Vec::new()));
        Ok(())
    }

    fn message(&mut self, message: &ExportedMessage) -> io::Result<()> {
        let mut handed = self.handed.lock().unwrap();
        if self.refuses_after == Some(*handed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        *handed += 1;
        self.sessions.last_mut().unwrap().1.push(message.clone());
        Ok(())
    }
}

async fn everything(desk: &Desk) -> Vec<(ExportedSession, Vec<ExportedMessage>)> {
    let kept = desk.cache.export(None, Kept::default()).await.unwrap();
    kept.unwrap().sessions
}

fn key(number: u32) -> MessageKey {
    MessageKey {
        at: at(number.into()),
        id: mid(number.into()),
    }
}

/// Messages 5 to 7 were read, and live changes arrive; what is older was not read.
async fn newest_read(desk: &Desk) {
    let window = Window {
        session: sid("trip"),
        older: Some(key(5)),
        newer: None,
        rows: (5..=7).map(|n| message(n, &n.to_string()).into()).collect(),
        read: desk.read_stamp(),
        verified_at: at(1000),
        live: true,
        apart_from: at(0),
        authenticated: true,
    };
    desk.cache.apply_window(window).await.unwrap();
}

#[tokio::test]
async fn rows_are_handed_out_as_the_server_wrote_them_and_what_is_missing_is_said() {
    let desk = Desk::with_trip().await;
    newest_read(&desk).await;
    let metadata = r#"{"n": 12345678901234567890.10, "a":[1]}"#;
    let row = PartialMessage {
        role: "moderator".to_owned().into(),
        status: "seen".to_owned().into(),
        metadata: Json::new(metadata).unwrap().into(),
        created_at: Timestamp::from_micros(at(8).as_micros() + 1).into(),
        ..message(8, "eight").into()
    };
    let source = desk.read();
    desk.cache
        .ingest(vec![Incoming::Message { row, source }])
        .await
        .unwrap();
    let all = everything(&desk).await;
    let [(session, messages)] = all.as_slice() else {
        panic!("{all:?}");
    };
    assert_eq!(session.title.as_deref(), Some("Title of trip"));
    let gap = crate::Gap {
        after: None,
        before: Some(key(5)),
    };
    assert_eq!(session.gaps, [gap]);
    let ids: Vec<_> = messages.iter().map(|row| row.id).collect();
    assert_eq!(ids, [mid(5), mid(6), mid(7), mid(8)]);
    let last = &messages[3];
    assert_eq!(last.role.as_deref(), Some("moderator"));
    assert_eq!(last.status.as_deref(), Some("seen"));
    assert_eq!(last.metadata.as_ref().unwrap().as_str(), metadata);
    assert_eq!(last.created_at.as_micros() % 1_000_000, 1);
}

#[tokio::test]
async fn what_waits_in_the_outbox_is_marked_and_leaves_the_rows_as_they_are() {
    let desk = Desk::with_trip().await;
    newest_read(&desk).await;
    // Only one's own messages can be changed.
    let mut rows = Vec::new();
    for number in [5, 6] {
        let mut own = message(number, &number.to_string());
        own.user_id = Some(alice());
        let source = desk.read();
        let row = own.into();
        rows.push(Incoming::Message { row, source });
    }
    desk.cache.ingest(rows).await.unwrap();
    desk.cache
        .enqueue_edit(mid(5), "five".to_owned(), at(20))
        .await
        .unwrap();
    desk.cache.enqueue_delete(mid(6), at(21)).await.unwrap();
    desk.cache.enqueue_message(note("b"), at(31)).await.unwrap();
    desk.cache.enqueue_message(note("a"), at(30)).await.unwrap();
    let title = SessionChange {
        title: Some(Some("Journey".to_owned())),
        status: None,
    };
    desk.cache
        .enqueue_session_update(sid("trip"), title.clone(), at(32))
        .await
        .unwrap();
    let all = everything(&desk).await;
    let (session, messages) = &all[0];
    assert_eq!(session.title.as_deref(), Some("Title of trip"));
    assert_eq!(
        session.unsent[0].change,
        SessionWrite::Edit {
            title: title.title,
            status: None
        }
    );
    let seen: Vec<_> = messages
        .iter()
        .map(|row| {
            let change = row.unsent.as_ref().map(|unsent| unsent.change.clone());
            (row.content.as_deref().unwrap_or_default(), change)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("5", Some(MessageChange::Edit("five".to_owned()))),
            ("6", Some(MessageChange::Delete)),
            ("7", None),
            ("b", Some(MessageChange::New)),
            ("a", Some(MessageChange::New)),
        ]
    );
    let state = messages[3].unsent.as_ref().map(|unsent| &unsent.state);
    assert_eq!(state, Some(&OwnState::Queued));
}

#[tokio::test]
async fn one_session_is_handed_out_alone_and_one_that_is_not_here_is_refused() {
    let desk = Desk::with_trip().await;
    let source = desk.read();
    let row = session("work", 2).into();
    desk.cache
        .ingest(vec![Incoming::Session { row, source }])
        .await
        .unwrap();
    assert_eq!(everything(&desk).await.len(), 2);
    let one = desk.cache.export(Some(sid("work")), Kept::default()).await;
    let one = one.unwrap().unwrap().sessions;
    assert_eq!(one.len(), 1);
    assert_eq!(one[0].0.id, sid("work"));
    let none = desk.cache.export(Some(sid("gone")), Kept::default()).await;
    assert!(matches!(none, Err(crate::CacheError::NotFound("session"))));
}

#[tokio::test]
async fn a_sink_that_refuses_ends_the_export_at_once() {
    let desk = Desk::with_trip().await;
    newest_read(&desk).await;
    let handed = Arc::default();
    let sink = Kept {
        refuses_after: Some(2),
        handed: Arc::clone(&handed),
        ..Kept::default()
    };
    let ended = desk.cache.export(None, sink).await.unwrap();
    assert_eq!(ended.err().unwrap().kind(), io::ErrorKind::StorageFull);
    assert_eq!(*handed.lock().unwrap(), 2);
}

#[tokio::test]
async fn the_messages_of_a_session_are_walked_along_their_index() {
    let desk = Desk::with_trip().await;
    let plan = desk
        .cache
        .read(|conn| {
            let mut statement = conn.prepare(
                "EXPLAIN QUERY PLAN SELECT m.id FROM messages m LEFT JOIN users u ON u.key = m.author
                 WHERE m.session = 1 AND m.deleted = 0 AND m.unsent = 0 AND m.created_at IS NOT NULL
                 ORDER BY m.created_at, m.id",
            )?;
            let lines = statement
                .query_map([], |row| row.get::<_, String>(3))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(lines.join("\n"))
        })
        .await
        .unwrap();
    assert!(plan.contains("messages_in_order"), "{plan}");
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
}
