//! Where a message stands in the search index: later ones have a larger rowid.
//!
//! A rowid has the stretch of time of the message above its key. Within a stretch, rows stand in the
//! order of their keys, the one in which they came: the index writes the difference from one row to
//! the next, and keys that follow each other take a byte. The triggers of
//! `migrations/0015_search_order.sql` compute the same.

use std::ops::RangeInclusive;

/// A stretch is so many bits of a time in microseconds: some nineteen hours.
const STRETCH_BITS: u32 = 36;
/// The bits of a key.
const KEY_BITS: u32 = 32;

/// The rowid of a message by its key and the microseconds of its time; `None` for a key that does
/// not fit, of which there would have to be four thousand million first.
pub(crate) fn place(key: i64, at: i64) -> Option<i64> {
    let key = u32::try_from(key).ok()?;
    Some(first_of(stretch(at)) | i64::from(key))
}

/// The key of the message at a place.
pub(super) fn key_at(place: i64) -> i64 {
    place & i64::from(u32::MAX)
}

/// The stretch of a place.
pub(super) fn stretch_at(place: i64) -> i64 {
    place >> KEY_BITS
}

/// The microseconds of a stretch.
pub(super) fn times_of(stretch: i64) -> RangeInclusive<i64> {
    let from = stretch << STRETCH_BITS;
    from..=from | ((1 << STRETCH_BITS) - 1)
}

/// Places of the messages from one time to another, and of others of the same stretches.
pub(super) fn places(from: i64, to: i64) -> RangeInclusive<i64> {
    first_of(stretch(from))..=first_of(stretch(to)) | i64::from(u32::MAX)
}

fn stretch(at: i64) -> i64 {
    at >> STRETCH_BITS
}

fn first_of(stretch: i64) -> i64 {
    stretch << KEY_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_messages_have_later_places_whatever_their_keys() {
        let hour = 3_600_000_000;
        for at in [i64::MIN, -30 * hour, -1, 0, 1, 500_000 * hour, i64::MAX] {
            let (first, last) = (place(1, at), place(i64::from(u32::MAX), at));
            let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
            assert_eq!((key_at(first), key_at(last)), (1, i64::from(u32::MAX)));
            assert_eq!(stretch_at(first), stretch_at(last));
            assert!(times_of(stretch_at(first)).contains(&at));
            let around = places(at, at);
            assert!(around.contains(&first) && around.contains(&last));
            if let Some(later) = at.checked_add(20 * hour) {
                assert!(place(1, later) > Some(last));
                assert!(!around.contains(&place(1, later).unwrap_or_default()));
            }
        }
        assert_eq!(place(i64::from(u32::MAX) + 1, 0), None);
    }
}
