//! Whatever the server did, and in whatever order a client hears of it: in the end the client has
//! what the server has.

use proptest::prelude::*;

use super::revisions::{EPOCH, left, numbered};
use super::*;
use crate::{CachedMessage, PartialMessage, PartialSession};

/// What the server did to one message, in order.
#[derive(Debug, Clone)]
enum Deed {
    Write,
    Move,
    Delete,
    /// The part is installed: rows have numbers from now on.
    Install,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => Just(Deed::Write),
        2 => Just(Deed::Move),
        1 => Just(Deed::Delete),
        1 => Just(Deed::Install),
    ]
}

const PLACES: [&str; 2] = ["trip", "other"];

/// The server as a client could have seen it: each state as a frame, and as a read that saw it.
struct History {
    facts: Vec<Incoming>,
    /// Where the message is in the end, its text, and its number.
    truth: Option<(usize, String, Option<i64>)>,
}

/// `numbers`: from the start on.
fn history(deeds: &[Deed], lasts: &[u8], numbers: bool) -> History {
    let mut revs = [0_i64; 2];
    let mut counted = numbers;
    let mut truth: Option<(usize, String)> = Some((0, "first".to_owned()));
    let mut facts = Vec::new();
    for (number, deed) in (1_i64..).zip(deeds) {
        let now = number * 100;
        let source = Source::Live {
            commit: at(number),
            arrived: crate::Stamp(now),
            inserted: false,
        };
        let before = truth.clone();
        match (deed, &truth) {
            (Deed::Write, Some((place, _))) => truth = Some((*place, format!("text {number}"))),
            (Deed::Move, Some((place, text))) => truth = Some((1 - place, text.clone())),
            (Deed::Delete, Some(_)) => truth = None,
            (Deed::Install, _) => counted = true,
            // With the part an id that was deleted does not come back.
            (Deed::Write | Deed::Move | Deed::Delete, None) => continue,
        }
        // A read that began a while ago and sees this state.
        let lasts = i64::from(lasts[usize::try_from(number).unwrap() % lasts.len()]) * 60;
        let read = Source::Rest(ReadStamp {
            began: crate::Stamp(now - lasts + 1),
            ended: crate::Stamp(now + lasts + 2),
        });
        let mut left_to = None;
        if let Some((was, _)) = &before
            && counted
            && truth.as_ref().map(|(is, _)| is) != Some(was)
        {
            revs[*was] += 1;
            left_to = Some(left(revs[*was], PLACES[*was], read));
        }
        if let Some((place, text)) = &truth {
            revs[*place] += 1;
            for source in [source, read] {
                let mut row = numbered(revs[*place], text);
                row.session_id = sid(PLACES[*place]).into();
                row.rev = row.rev.filter(|_| counted);
                facts.push(Incoming::Message { row, source });
            }
        } else {
            let id = mid(1);
            facts.push(Incoming::MessageDeleted { id, source });
        }
        facts.extend(left_to);
    }
    let truth = truth.map(|(place, text)| {
        let rev = counted.then_some(revs[place]);
        (place, text, rev)
    });
    History { facts, truth }
}

/// What is shown in the end, after rows that had to be read again were. Whether there were any.
async fn outcome(facts: Vec<Incoming>, history: &History) -> (Option<CachedMessage>, bool) {
    let cache = Cache::in_memory().unwrap();
    let epoch = Some(EPOCH.to_owned());
    cache.begin_epoch(epoch, at(0)).await.unwrap();
    let read = || {
        Source::Rest(ReadStamp {
            began: cache.stamp(),
            ended: cache.stamp(),
        })
    };
    for place in PLACES {
        let row = PartialSession::from(session(place, 0));
        let source = read();
        let fact = Incoming::Session { row, source };
        cache.ingest(vec![fact]).await.unwrap();
    }
    let base = cache.stamp().0;
    let mut asked = false;
    for mut fact in facts {
        shift(&mut fact, base);
        let report = cache.ingest(vec![fact]).await.unwrap();
        asked |= report.reread.messages.contains(&mid(1));
    }
    if asked {
        // After everything that had a stamp above.
        while cache.stamp().0 < base + 4_000 {}
        let source = read();
        let again = match &history.truth {
            Some((place, text, rev)) => {
                let mut row = PartialMessage::from(message(1, text));
                row.session_id = sid(PLACES[*place]).into();
                row.rev = *rev;
                Incoming::Message { row, source }
            }
            None => Incoming::MessageDeleted { id: mid(1), source },
        };
        cache.ingest(vec![again]).await.unwrap();
    }
    (cache.message(mid(1)).await.unwrap(), asked)
}

fn shift(fact: &mut Incoming, by: i64) {
    let (Incoming::Message { source, .. }
    | Incoming::Session { source, .. }
    | Incoming::MessageDeleted { source, .. }
    | Incoming::MessageLeft { source, .. }
    | Incoming::SessionDeleted { source, .. }
    | Incoming::Member { source, .. }
    | Incoming::MemberGone { source, .. }) = fact;
    match source {
        Source::Live { arrived, .. } => arrived.0 += by + 1_000,
        Source::Rest(read) | Source::OwnWrite(read) => {
            read.began.0 += by + 1_000;
            read.ended.0 += by + 1_000;
        }
    }
}

/// `silent`: nothing may have to be read again.
fn check(history: &History, order: &[usize], silent: bool) -> Result<(), TestCaseError> {
    let count = history.facts.len();
    let twice = order.iter().filter(|place| **place < 2 * count);
    let shuffled = twice
        .map(|place| history.facts[place % count].clone())
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (found, asked) = runtime.block_on(outcome(shuffled, history));
    prop_assert!(!(silent && asked));
    if count > 0 {
        let found = found.map(|cached| (cached.message.session_id, cached.message.content));
        let truth = history.truth.as_ref();
        let truth = truth.map(|(place, text, _)| (sid(PLACES[*place]), text.clone()));
        prop_assert_eq!(truth, found);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_numbers_any_order_ends_in_the_state_of_the_highest_one(
        deeds in prop::collection::vec(prop_oneof![9 => Just(Deed::Write), 1 => Just(Deed::Delete)], 1..8),
        lasts in prop::collection::vec(0..5_u8, 4),
        order in Just((0..64).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        // The frame of a deletion has no number, and may overlap a read.
        let silent = deeds.iter().all(|deed| !matches!(deed, Deed::Delete));
        check(&history(&deeds, &lasts, true), &order, silent)?;
    }

    #[test]
    fn whatever_moves_or_gets_its_numbers_later_ends_as_the_server_has_it(
        deeds in prop::collection::vec(deed(), 1..8),
        lasts in prop::collection::vec(0..5_u8, 4),
        order in Just((0..64).collect::<Vec<usize>>()).prop_shuffle(),
        numbers in any::<bool>(),
    ) {
        check(&history(&deeds, &lasts, numbers), &order, false)?;
    }
}
