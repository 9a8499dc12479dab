//! Taking facts in twice, or in another order, gives the same.

use proptest::prelude::*;

use super::*;
use crate::{CachedMessage, Column, PartialMessage, PartialSession};

/// What a client can learn, in the order it arrives.
#[derive(Debug, Clone)]
enum Step {
    /// A frame with all columns, or without those in the mask.
    Frame {
        message: u8,
        text: u8,
        without: u8,
        truncated: bool,
    },
    Deleted {
        message: u8,
    },
    /// A read whose answer comes after the next steps.
    Read {
        message: u8,
        text: Option<u8>,
        lasts: u8,
    },
    SessionDeleted,
    Session,
}

fn step() -> impl Strategy<Value = Step> {
    let message = 0..3_u8;
    prop_oneof![
        5 => (message.clone(), any::<u8>(), 0..8_u8, prop::bool::weighted(0.2)).prop_map(
            |(message, text, without, truncated)| Step::Frame { message, text, without, truncated }
        ),
        2 => message.clone().prop_map(|message| Step::Deleted { message }),
        4 => (message, prop::option::weighted(0.8, any::<u8>()), 0..3_u8)
            .prop_map(|(message, text, lasts)| Step::Read { message, text, lasts }),
        1 => Just(Step::SessionDeleted),
        1 => Just(Step::Session),
    ]
}

/// Gives every step its stamps, as if it had happened in this order.
fn facts(steps: &[Step]) -> Vec<Incoming> {
    let mut facts = Vec::new();
    // Room between steps: a read that lasts ends between later ones.
    for (place, step) in (1_i64..).zip(steps) {
        let arrived = crate::Stamp(place * 10);
        let live = Source::Live {
            commit: at(place),
            arrived,
            inserted: false,
        };
        facts.push(match step {
            Step::Frame {
                message: number,
                text,
                without,
                truncated,
            } => {
                let mut row =
                    PartialMessage::from(message(u32::from(*number), &format!("f{text}")));
                if without & 1 != 0 {
                    row.content = Column::Absent;
                }
                if without & 2 != 0 {
                    row.metadata = Column::Absent;
                }
                if without & 4 != 0 {
                    row.session_id = Column::Absent;
                }
                row.truncated = *truncated;
                Incoming::Message { row, source: live }
            }
            Step::Deleted { message } => Incoming::MessageDeleted {
                id: mid(u128::from(*message)),
                source: live,
            },
            Step::Read {
                message: number,
                text,
                lasts,
            } => {
                let ended = crate::Stamp(place * 10 + i64::from(*lasts) * 10 + 5);
                let source = Source::Rest(ReadStamp {
                    began: arrived,
                    ended,
                });
                match text {
                    Some(text) => Incoming::Message {
                        row: message(u32::from(*number), &format!("r{text}")).into(),
                        source,
                    },
                    None => Incoming::MessageDeleted {
                        id: mid(u128::from(*number)),
                        source,
                    },
                }
            }
            Step::SessionDeleted => Incoming::SessionDeleted {
                id: sid("trip"),
                rev: None,
                source: live,
            },
            Step::Session => Incoming::Session {
                row: PartialSession::from(session("trip", place)),
                source: live,
            },
        });
    }
    facts
}

/// All that can be read after taking the facts in.
async fn outcome(facts: Vec<Incoming>) -> (Vec<CachedMessage>, Option<Session>) {
    let cache = Cache::in_memory().unwrap();
    for fact in facts {
        cache.ingest(vec![fact]).await.unwrap();
    }
    let ids = (0..3).map(mid).collect();
    let messages = cache.messages_by_id(ids).await.unwrap();
    let session = cache.sessions().await.unwrap().pop();
    (messages, session.map(|summary| summary.session))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_order_and_any_repetition_give_the_same(
        (steps, order) in prop::collection::vec(step(), 1..9).prop_flat_map(|steps| {
            let places: Vec<usize> = (0..steps.len()).chain(0..steps.len()).collect();
            (Just(steps), Just(places).prop_shuffle())
        })
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let facts = facts(&steps);
        let shuffled = order.iter().map(|place| facts[*place].clone()).collect();
        let (expected, found) = runtime.block_on(async {
            (outcome(facts).await, outcome(shuffled).await)
        });
        prop_assert_eq!(expected, found);
    }
}
