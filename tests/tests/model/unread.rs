//! What clients count as unread.

use std::collections::BTreeMap;

use tidings_contract::RoleName;

use crate::oracle::Shown;
use crate::server::Came;
use crate::world::World;

/// The most that is counted.
const CAP: usize = 1_000;

/// Unread are the messages of others behind the one that was marked, or behind the time when the
/// client began to count. `arrived`: how each message came.
pub fn wrong(
    world: &World,
    arrived: &BTreeMap<String, Came>,
    shown: &Shown,
    number: usize,
) -> Option<String> {
    let (earliest, latest) = world.counts_from;
    for session in shown.sessions.iter().filter(|row| !row.no_access) {
        let read = world.ledger.read.get(&(number, session.id.clone()));
        let behind = |floor: i64| {
            let place = read.filter(|(at, _)| *at > floor);
            let of_others = shown.messages[&session.id]
                .iter()
                .filter(|row| !(row.own && row.role == RoleName::User));
            let count = of_others.filter(|row| match (arrived.get(&row.id), place) {
                (Some(came), Some(place)) => (came.at, &row.id) > (place.0, &place.1),
                (Some(came), None) => came.at > floor,
                (None, _) => false,
            });
            count.count().min(CAP)
        };
        let (least, most) = (behind(latest), behind(earliest));
        let unread = usize::try_from(session.unread).unwrap_or(CAP);
        if !(least..=most).contains(&unread) {
            return Some(format!(
                "counts {unread} unread messages, not {least} to {most}, behind {read:?}: {session:?}"
            ));
        }
    }
    None
}
