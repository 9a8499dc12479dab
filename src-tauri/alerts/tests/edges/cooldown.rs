use super::*;

#[test]
fn a_firing_within_it_is_suppressed_and_one_at_its_end_is_told() {
    let rows = [
        (0, "49"),
        (10, "50"),
        (11, "49"),
        (39, "50"),
        (40, "49"),
        (41, "50"),
    ];
    let (fired, suppressed) = told(&every(&above("50", "0"), 30), &rows);
    assert_eq!((fired, suppressed), (vec![10, 41], vec![39]));
    let rows = [(0, "49"), (10, "50"), (11, "49"), (40, "50")];
    assert_eq!(
        told(&every(&above("50", "0"), 30), &rows),
        (vec![10, 40], vec![])
    );
}

#[test]
fn what_it_held_back_is_told_late_if_it_still_holds() {
    let rows = [
        (0, "51"),
        (10, "50"),
        (11, "51"),
        (20, "48"),
        (39, "47"),
        (45, "50"),
    ];
    let rule = every(&below("50", "0"), 30);
    let found = replay(&rule, &rows.map(|(time, price)| tick(time, price)));
    assert_eq!(found.suppressed.len(), 1);
    assert_eq!(found.fired[1].time, at(45));
    assert_eq!(found.fired[1].delayed_from, Some(at(20)));
    assert_eq!(found.fired[1].direction, Direction::Down);
}

#[test]
fn what_no_longer_holds_at_its_end_is_not_told_later_either() {
    let rows = [
        (0, "51"),
        (10, "50"),
        (11, "51"),
        (20, "48"),
        (45, "50.1"),
        (46, "50.2"),
    ];
    let (fired, suppressed) = told(&every(&below("50", "0"), 30), &rows);
    assert_eq!((fired, suppressed), (vec![10], vec![20]));
}

#[test]
fn only_the_last_suppressed_firing_matters() {
    let rows = [(0, "49"), (10, "51"), (20, "48"), (25, "52"), (41, "48")];
    // Its own firing at 41 and the end of the cooldown are one.
    let (fired, suppressed) = told(&every(&crosses("50", "0"), 30), &rows);
    assert_eq!((fired, suppressed), (vec![10, 41], vec![20, 25]));
}

#[test]
fn a_level_is_told_late_while_it_is_true() {
    let range = json!({"kind": "leaves_range", "low": "99", "high": "101", "rearm_percent": "0"});
    let rows = [
        (0, "100"),
        (10, "98"),
        (11, "100"),
        (20, "102"),
        (45, "103"),
        (46, "103"),
    ];
    let (fired, suppressed) = told(&every(&range, 30), &rows);
    assert_eq!((fired, suppressed), (vec![10, 45], vec![20]));
    // The side that was held back is over; the other one being true is another matter.
    let rows = [
        (0, "100"),
        (10, "98"),
        (11, "100"),
        (20, "102"),
        (45, "100"),
    ];
    assert_eq!(told(&every(&range, 30), &rows).0, [10]);
}

#[test]
fn a_late_telling_starts_a_cooldown_of_its_own() {
    let rows = [
        (0, "51"),
        (10, "50"),
        (11, "51"),
        (20, "48"),
        (45, "48"),
        (50, "51"),
        (60, "50"),
        (74, "50"),
        (75, "50"),
    ];
    let (fired, suppressed) = told(&every(&below("50", "0"), 30), &rows);
    assert_eq!((fired, suppressed), (vec![10, 45, 75], vec![20, 60]));
}

#[test]
fn none_means_that_nothing_is_suppressed() {
    let rows = [(0, "49"), (1, "50"), (2, "49"), (3, "50")];
    assert_eq!(
        told(&every(&above("50", "0"), 0), &rows),
        (vec![1, 3], vec![])
    );
}
