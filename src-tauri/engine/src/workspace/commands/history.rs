//! What of a session's history was fetched, and how old that is.

use tidings_cache::{Followed, Gap, VerifiedRange};
use tidings_contract as api;
use tidings_model::Timestamp;

/// Ranges that touch and were compared within this time of each other are shown as one.
const TOGETHER_MS: u64 = 10 * 60 * 1_000;

/// Ranges and gaps in one row, oldest first.
pub(super) fn parts(
    ranges: &[VerifiedRange],
    gaps: &[Gap],
    followed: Option<&Followed>,
) -> Vec<api::HistoryPart> {
    let ranges = ranges.iter().map(|range| api::HistoryPart {
        from: range.older.map(|key| key.at.as_millis()),
        to: range.newer.map(|key| key.at.as_millis()),
        verified_at: Some(verified_at(range, followed).as_millis()),
    });
    let gaps = gaps.iter().map(|gap| api::HistoryPart {
        from: gap.after.map(|key| key.at.as_millis()),
        to: gap.before.map(|key| key.at.as_millis()),
        verified_at: None,
    });
    let mut all: Vec<api::HistoryPart> = ranges.chain(gaps).collect();
    let end = |part: &api::HistoryPart| part.to.unwrap_or(i64::MAX);
    all.sort_by_key(|part| (part.from.unwrap_or(i64::MIN), end(part)));
    let mut parts: Vec<api::HistoryPart> = Vec::with_capacity(all.len());
    for part in all {
        match parts.last_mut() {
            Some(last) if joined(last, &part) => {
                last.to = part.to;
                last.verified_at = last.verified_at.min(part.verified_at);
            }
            _ => parts.push(part),
        }
    }
    parts
}

/// Whether two neighbours are about equally fresh.
fn joined(older: &api::HistoryPart, newer: &api::HistoryPart) -> bool {
    let fresh = older.verified_at.zip(newer.verified_at);
    older.to.is_some()
        && older.to == newer.from
        && fresh.is_some_and(|(a, b)| a.abs_diff(b) <= TOGETHER_MS)
}

/// Where changes are numbered, what was compared since they are is known to be right as of the
/// last time that all of them were known.
fn verified_at(range: &VerifiedRange, followed: Option<&Followed>) -> Timestamp {
    let exact = followed.filter(|followed| range.verified_at >= followed.since);
    let checked = exact.and_then(|followed| followed.checked_at);
    range.verified_at.max(checked.unwrap_or(range.verified_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidings_cache::MessageKey;
    use tidings_model::MessageId;

    fn key(second: i64) -> MessageKey {
        MessageKey {
            at: Timestamp::from_millis(second * 1_000),
            id: MessageId::from_uuid(uuid::Uuid::nil()),
        }
    }

    fn range(older: Option<i64>, newer: Option<i64>, hour: i64) -> VerifiedRange {
        VerifiedRange {
            older: older.map(key),
            newer: newer.map(key),
            verified_at: Timestamp::from_millis(hour * 3_600_000),
        }
    }

    fn part(from: Option<i64>, to: Option<i64>, hour: Option<i64>) -> api::HistoryPart {
        api::HistoryPart {
            from: from.map(|second| second * 1_000),
            to: to.map(|second| second * 1_000),
            verified_at: hour.map(|hour| hour * 3_600_000),
        }
    }

    #[test]
    fn ranges_of_one_age_are_one_part_and_gaps_stand_between() {
        let ranges = [
            range(None, Some(10), 5),
            range(Some(20), Some(30), 7),
            range(Some(30), Some(40), 7),
            range(Some(40), None, 9),
        ];
        let gap = Gap {
            after: Some(key(10)),
            before: Some(key(20)),
        };
        assert_eq!(
            parts(&ranges, &[gap], None),
            [
                part(None, Some(10), Some(5)),
                part(Some(10), Some(20), None),
                part(Some(20), Some(40), Some(7)),
                part(Some(40), None, Some(9)),
            ]
        );
    }

    #[test]
    fn what_is_followed_by_numbers_is_as_fresh_as_the_last_check() {
        let followed = Followed {
            epoch: "e".to_owned(),
            since: Timestamp::from_millis(6 * 3_600_000),
            checked_at: Some(Timestamp::from_millis(20 * 3_600_000)),
            heads: 0,
            hash: String::new(),
        };
        let ranges = [range(None, Some(10), 5), range(Some(10), None, 7)];
        assert_eq!(
            parts(&ranges, &[], Some(&followed)),
            [
                part(None, Some(10), Some(5)),
                part(Some(10), None, Some(20))
            ]
        );
    }
}
