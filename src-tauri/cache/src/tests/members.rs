//! Who takes part in sessions: facts in any order, lists, and what is lost and comes back.

use tidings_model::{MemberId, MemberRole};

use super::*;
use crate::{CacheError, Column, IngestReport, MemberRow, PartialSession, Stamp, Window};

fn bob() -> UserId {
    UserId::new("bob").unwrap()
}

/// The n-th stay.
fn stay(number: u128, user: UserId, role: MemberRole) -> MemberRow {
    MemberRow {
        id: MemberId::from_uuid(uuid::Uuid::from_u128(number)),
        session: sid("trip"),
        user,
        role,
        joined_at: Some(at(5)),
    }
}

impl Desk {
    /// A session of Bob's, in which Alice takes part as this.
    async fn as_guest(role: MemberRole) -> Self {
        let desk = Self::new().await;
        let row = Session {
            user_id: Some(bob()),
            ..session("trip", 1)
        };
        let (row, source) = (row.into(), desk.read());
        desk.ingest_one(Incoming::Session { row, source }).await;
        let rows = vec![stay(1, alice(), role)];
        let read = desk.read_stamp();
        desk.cache.members_listed(None, rows, read).await.unwrap();
        desk
    }

    async fn ingest_one(&self, fact: Incoming) -> IngestReport {
        self.cache.ingest(vec![fact]).await.unwrap()
    }

    async fn takes_part(&self, row: MemberRow, source: Source) -> IngestReport {
        self.ingest_one(Incoming::Member { row, source }).await
    }

    async fn trip(&self) -> crate::SessionSummary {
        self.cache.session(sid("trip")).await.unwrap().unwrap()
    }

    /// Who takes part, and as what.
    async fn there(&self) -> Vec<(String, MemberRole)> {
        let members = self.cache.members(sid("trip")).await.unwrap();
        let named = members.into_iter().map(|m| (m.user.to_string(), m.role));
        named.collect()
    }
}

#[tokio::test]
async fn the_owner_comes_from_the_session_and_the_others_from_their_rows() {
    let desk = Desk::with_trip().await;
    assert_eq!(
        desk.there().await,
        [("alice".to_owned(), MemberRole::Owner)]
    );
    assert!(desk.cache.shared_sessions().await.unwrap().is_empty());
    desk.takes_part(stay(1, bob(), MemberRole::Reader), desk.inserted(2))
        .await;
    // The owner's own row says nothing that the session does not say.
    desk.takes_part(stay(2, alice(), MemberRole::Owner), desk.inserted(2))
        .await;
    let both = [
        ("alice".to_owned(), MemberRole::Owner),
        ("bob".to_owned(), MemberRole::Reader),
    ];
    assert_eq!(desk.there().await, both);
    let trip = desk.trip().await;
    assert_eq!((trip.role, trip.members), (Some(MemberRole::Owner), 1));
    assert_eq!(desk.cache.shared_sessions().await.unwrap(), [sid("trip")]);
    let desk = desk.reopen().await;
    assert_eq!(desk.there().await, both);
}

#[tokio::test]
async fn a_stay_that_ended_does_not_come_back_with_an_older_answer() {
    let desk = Desk::with_trip().await;
    let began = desk.cache.stamp();
    let row = stay(1, bob(), MemberRole::Member);
    let source = desk.changed(3);
    let id = row.id;
    // Nobody knew of it here, and its end is told while a list is under way that has it.
    desk.ingest_one(Incoming::MemberGone { id, source }).await;
    let ended = desk.cache.stamp();
    let read = ReadStamp { began, ended };
    desk.cache
        .members_listed(None, vec![row], read)
        .await
        .unwrap();
    assert_eq!(desk.trip().await.members, 0);
    // Who comes again has a row of its own.
    desk.takes_part(stay(2, bob(), MemberRole::Member), desk.inserted(4))
        .await;
    assert_eq!(desk.trip().await.members, 1);
}

#[tokio::test]
async fn a_frame_and_a_list_that_overlap_are_settled_by_another_reading() {
    let desk = Desk::with_trip().await;
    let row = stay(1, bob(), MemberRole::Member);
    desk.takes_part(row.clone(), desk.inserted(2)).await;
    let began = desk.cache.stamp();
    let reader = stay(1, bob(), MemberRole::Reader);
    desk.takes_part(reader.clone(), desk.changed(3)).await;
    let ended: Stamp = desk.cache.stamp();
    let read = ReadStamp { began, ended };
    let report = desk.cache.members_listed(None, vec![row], read);
    let report = report.await.unwrap();
    assert!(report.reread.members.contains(&sid("trip")));
    assert_eq!(desk.there().await[1].1, MemberRole::Reader);
    // A later reading counts, and says no more than it has to.
    let report = desk
        .cache
        .members_listed(None, vec![reader], desk.read_stamp())
        .await
        .unwrap();
    assert_eq!(report, IngestReport::default());
}

#[tokio::test]
async fn a_list_ends_the_stays_that_it_lacks_where_it_can_speak_of_them() {
    let desk = Desk::as_guest(MemberRole::Member).await;
    let carol = UserId::new("carol").unwrap();
    desk.takes_part(stay(2, carol.clone(), MemberRole::Member), desk.inserted(2))
        .await;
    assert_eq!(desk.trip().await.members, 2);
    // It does not name Alice: so she was not shown who takes part.
    let nobody = desk.read_stamp();
    desk.cache
        .members_listed(Some(vec![sid("trip")]), Vec::new(), nobody)
        .await
        .unwrap();
    assert_eq!(desk.trip().await.members, 2);
    let alone = vec![stay(1, alice(), MemberRole::Member)];
    desk.cache
        .members_listed(Some(vec![sid("trip")]), alone, desk.read_stamp())
        .await
        .unwrap();
    assert_eq!(desk.trip().await.members, 1);
    assert_eq!(desk.trip().await.role, Some(MemberRole::Member));
}

#[tokio::test]
async fn a_reader_queues_nothing_and_a_guest_changes_no_session() {
    let desk = Desk::as_guest(MemberRole::Reader).await;
    let refused = desk.cache.enqueue_message(note("May I?"), at(9)).await;
    assert!(matches!(refused, Err(CacheError::ReaderOnly)));
    let promoted = stay(1, alice(), MemberRole::Member);
    desk.takes_part(promoted, desk.changed(10)).await;
    desk.cache
        .enqueue_message(note("I may"), at(11))
        .await
        .unwrap();
    let refused = desk.cache.enqueue_session_delete(sid("trip"), at(12)).await;
    assert!(matches!(refused, Err(CacheError::OwnerOnly)));
    assert_eq!(desk.shown("trip").await, ["I may"]);
}

#[tokio::test]
async fn a_session_out_of_reach_is_kept_and_read_anew_once_it_is_shown_again() {
    let desk = Desk::as_guest(MemberRole::Member).await;
    let window = Window {
        session: sid("trip"),
        older: None,
        newer: None,
        rows: vec![message(7, "kept").into()],
        read: desk.read_stamp(),
        verified_at: at(8),
        live: true,
        apart_from: at(0),
        authenticated: true,
    };
    desk.cache.apply_window(window).await.unwrap();
    assert!(desk.cache.access_lost(sid("trip")).await.unwrap());
    assert!(!desk.cache.access_lost(sid("trip")).await.unwrap());
    let trip = desk.trip().await;
    assert!(trip.no_access);
    assert_eq!(desk.shown("trip").await, ["kept"]);
    let refused = desk.cache.enqueue_message(note("Hello?"), at(9)).await;
    assert!(matches!(refused, Err(CacheError::ReadOnlySession)));

    let row = PartialSession {
        title: Column::Value("Back".to_owned()),
        ..PartialSession::from(trip.session)
    };
    let source = desk.read();
    let report = desk.ingest_one(Incoming::Session { row, source }).await;
    assert_eq!(report.joined, [sid("trip")]);
    assert!(!desk.trip().await.no_access);
    assert_eq!(desk.shown("trip").await, ["kept"]);
    let verified = desk.cache.verified_ranges(sid("trip")).await.unwrap();
    assert!(verified.is_empty(), "nothing is known of what happened");
}

#[tokio::test]
async fn two_complete_lists_without_it_put_a_session_out_of_reach_at_once() {
    let desk = Desk::as_guest(MemberRole::Member).await;
    let read = desk.read_stamp();
    let lost = desk.cache.sessions_listed(Vec::new(), read).await.unwrap();
    assert!(lost.is_empty(), "one list is not enough");
    desk.cache
        .members_listed(None, Vec::new(), desk.read_stamp())
        .await
        .unwrap();
    assert!(desk.trip().await.no_access);
}

#[tokio::test]
async fn so_do_they_where_the_stay_was_never_told() {
    let desk = Desk::new().await;
    let of_bob = |id| Session {
        user_id: Some(bob()),
        ..session(id, 1)
    };
    for row in [of_bob("trip"), of_bob("other"), session("own", 1)] {
        let (row, source) = (row.into(), desk.read());
        desk.ingest_one(Incoming::Session { row, source }).await;
    }
    let read = desk.read_stamp();
    desk.cache.sessions_listed(Vec::new(), read).await.unwrap();
    let mut other = stay(2, alice(), MemberRole::Member);
    other.session = sid("other");
    let read = desk.read_stamp();
    desk.cache
        .members_listed(None, vec![other], read)
        .await
        .unwrap();
    assert!(desk.trip().await.no_access);
    // One in which the account is said to be, and one of its own, which has no members.
    for id in ["other", "own"] {
        let row = desk.cache.session(sid(id)).await.unwrap().unwrap();
        assert!(!row.no_access, "{id}");
    }
}

#[tokio::test]
async fn a_name_stays_while_nobody_says_that_it_is_gone() {
    let desk = Desk::as_guest(MemberRole::Member).await;
    let dave = UserId::new("dave").unwrap();
    let names = vec![(bob(), "Bob".to_owned()), (dave.clone(), "Dave".to_owned())];
    let mut told = desk.cache.subscribe();
    desk.cache.profiles_listed(names, false).await.unwrap();
    assert!(told.recv().await.unwrap().changes.names);
    // Bob, whom she meets, has none any more; of Dave, whom she does not meet, nothing is said.
    desk.cache.profiles_listed(Vec::new(), true).await.unwrap();
    let names = desk.cache.names().await.unwrap();
    assert_eq!(names.get(&bob()), None);
    assert_eq!(names.get(&dave).map(String::as_str), Some("Dave"));
    desk.cache.forget_members().await.unwrap();
    assert!(desk.cache.names().await.unwrap().is_empty());
    assert_eq!(desk.trip().await.role, None);
}
