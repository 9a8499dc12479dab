//! What may happen between two power failures.

use proptest::prelude::*;
use tidings_disk::Fate;

/// Something that the program does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Writes a message of so many hundred characters.
    Write(u8),
    /// Changes the text of one of one's own messages.
    Edit(prop::sample::Index),
    /// Deletes one of one's own messages.
    Delete(prop::sample::Index),
    /// Begins to send the next write.
    Send,
    /// The server confirms what is being sent.
    Confirm,
    /// The server refuses what is being sent.
    Refuse,
    /// So many messages of others arrive.
    Arrive(u8),
    /// The search index takes them up.
    Index,
    /// The log is brought into the database.
    Fold,
    /// The program ends in order, and starts again.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_u8..60).prop_map(Step::Write),
        2 => any::<prop::sample::Index>().prop_map(Step::Edit),
        1 => any::<prop::sample::Index>().prop_map(Step::Delete),
        4 => Just(Step::Send),
        4 => Just(Step::Confirm),
        1 => Just(Step::Refuse),
        3 => (1_u8..40).prop_map(Step::Arrive),
        1 => Just(Step::Index),
        2 => Just(Step::Fold),
        1 => Just(Step::Restart),
    ]
}

/// One life of the program: what it does, after how many steps of the disk the power fails, and
/// what becomes of what was not synced.
#[derive(Debug, Clone)]
pub struct Life {
    pub steps: Vec<Step>,
    pub fuse: u64,
    pub fate: Fates,
}

/// What becomes of what was not synced.
#[derive(Debug, Clone)]
pub enum Fates {
    Lost,
    Kept,
    Mixed(u64),
}

impl Fates {
    pub fn draw(&self) -> impl FnMut() -> Fate {
        let mut state = match self {
            Self::Mixed(seed) => *seed | 1,
            Self::Lost | Self::Kept => 0,
        };
        let fates = self.clone();
        move || match fates {
            Fates::Lost => Fate::Lost,
            Fates::Kept => Fate::Kept,
            Fates::Mixed(_) => {
                // Marsaglia's xorshift.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                match state % 4 {
                    0 => Fate::Kept,
                    1 => Fate::Lost,
                    _ => Fate::Torn(state.rotate_left(32)),
                }
            }
        }
    }
}

/// Any life.
pub fn life() -> impl Strategy<Value = Life> {
    let fate = prop_oneof![
        Just(Fates::Lost),
        Just(Fates::Kept),
        any::<u64>().prop_map(Fates::Mixed),
        any::<u64>().prop_map(Fates::Mixed),
    ];
    (prop::collection::vec(step(), 1..40), 0_u64..400, fate).prop_map(|(steps, fuse, fate)| Life {
        steps,
        fuse,
        fate,
    })
}
