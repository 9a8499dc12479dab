use super::*;

#[test]
fn a_move_counts_from_the_extremes_of_its_window() {
    let rows = [
        (0, "100"),
        (30, "98"),
        (59, "99"),
        (60, "99.96"),
        (61, "100"),
    ];
    assert_eq!(told(&every(&moves("2", 60, "up"), 0), &rows).0, [60]);
    // From 100 to 98 is two percent exactly; so is from 98 to 99.96.
    assert_eq!(told(&every(&moves("2", 60, "down"), 0), &rows).0, [30]);
    assert_eq!(
        told(&every(&moves("2", 60, "either"), 0), &rows).0,
        [30, 60]
    );
}

#[test]
fn the_price_that_held_when_the_window_opened_counts_however_old() {
    let rows = [(0, "100"), (5_000, "93")];
    let found = replay(
        &every(&moves("5", 60, "down"), 0),
        &rows.map(|(time, price)| tick(time, price)),
    );
    let from = found.fired[0].measured_from.clone().unwrap();
    assert_eq!((from.time, from.price), (at(0), d("100")));
}

#[test]
fn a_tick_exactly_one_window_ago_holds_and_an_older_one_does_not() {
    // At 70 the price of 10 held when the window opened; the 96 of 0 is behind it.
    let rule = every(&moves("5", 60, "up"), 0);
    assert_eq!(told(&rule, &[(0, "96"), (10, "100"), (70, "105")]).0, [70]);
    let short = [(0, "96"), (10, "100"), (70, "104.9")];
    assert_eq!(told(&rule, &short).0, [] as [usize; 0]);
    assert_eq!(
        told(&rule, &[(0, "96"), (10, "100"), (69, "104.9")]).0,
        [69]
    );
}

#[test]
fn of_equal_extremes_the_latest_is_named() {
    let rows = [(0, "100"), (5, "90"), (9, "90"), (12, "99")];
    let found = replay(
        &every(&moves("10", 60, "up"), 0),
        &rows.map(|(time, price)| tick(time, price)),
    );
    assert_eq!(found.fired[0].measured_from.as_ref().unwrap().time, at(9));
}

#[test]
fn both_moves_at_one_tick_are_one_firing() {
    // A late row is seen by the next tick's window: up and down turn true together.
    let mut history = History::new();
    let rule = every(&moves("10", 600, "either"), 0);
    let mut state = RuleState::new();
    for tick in [tick(0, "100"), tick(50, "100")] {
        history.add(tick.time, tick.price.clone());
        assert_eq!(evaluate(&rule, &mut state, &tick, &history), []);
    }
    history.add(at(20), d("80"));
    history.add(at(30), d("120"));
    let effects = evaluate(&rule, &mut state, &tick(60, "100"), &history);
    let [Effect::Fired(firing)] = effects.as_slice() else {
        unreachable!("{effects:?}");
    };
    assert_eq!(firing.direction, Direction::Both);
    assert_eq!(firing.measured_from.as_ref().unwrap().time, at(30));
}

#[test]
fn ticks_from_before_the_rule_belong_to_its_window() {
    let symbol: Symbol = "BTC".parse().unwrap();
    let mut book = Book::new();
    book.seed(&symbol, [(at(0), d("100")), (at(50), d("95"))]);
    let id = RuleId::mint();
    let rule = every(&moves("10", 60, "down"), 0);
    book.create(id, rule, at(55), Some(&tick(50, "95")));
    assert_eq!(book.tick(&symbol, &tick(58, "90")).effects.len(), 1);
}

#[test]
fn the_feeds_change_turns_false_only_past_its_margin() {
    let rule = every(
        &json!({"kind": "change_24h", "side": "below", "percent": "-3"}),
        0,
    );
    let ticks = ["0", "-3", "-2.75", "-3", "-2.7499", "-3.5"];
    let ticks: Vec<Tick> = (0..).zip(ticks).map(|(s, c)| changed(s, c)).collect();
    let found = replay(&rule, &ticks).fired;
    assert_eq!(
        found.iter().map(|f| f.time).collect::<Vec<_>>(),
        [at(1), at(5)]
    );
    assert_eq!(found[0].direction, Direction::True);
}

#[test]
fn a_tick_without_the_feeds_change_is_no_tick_not_even_the_last_one() {
    let rule = every(
        &json!({"kind": "change_24h", "side": "above", "percent": "3"}),
        0,
    );
    let mut state = RuleState::new();
    let none = History::new();
    evaluate(&rule, &mut state, &changed(0, "0"), &none);
    evaluate(&rule, &mut state, &tick(9, "1"), &none);
    assert_eq!(state.seen_until(), Some(at(0)));
    assert_eq!(
        evaluate(&rule, &mut state, &changed(5, "3"), &none).len(),
        1
    );
}

#[test]
fn each_side_of_a_range_has_its_own_state() {
    let range = json!({"kind": "leaves_range", "low": "99", "high": "101"});
    assert_eq!(fires(&range, &["100", "98", "102", "98"]), [1, 2, 3]);
    assert_eq!(fires(&range, &["100", "101", "99", "101.1"]), [3]);
    let wide = json!({"kind": "leaves_range", "low": "99", "high": "101", "rearm_percent": "5"});
    assert_eq!(
        fires(&wide, &["100", "98", "102", "98", "103.95", "98"]),
        [1, 2, 5]
    );
}

#[test]
fn a_range_is_entered_again_only_after_it_was_left_by_its_margin() {
    let range = json!({"kind": "enters_range", "low": "100", "high": "200", "rearm_percent": "1"});
    assert_eq!(
        fires(&range, &["99", "200", "202", "200", "202.01", "200"]),
        [1, 5]
    );
    assert_eq!(
        fires(&range, &["99", "100", "99", "100", "98.99", "201", "100"]),
        [1, 6]
    );
    assert_eq!(fires(&range, &["150", "99", "150"]), [] as [usize; 0]);
}
