use super::*;

fn once(condition: &Value) -> Rule {
    serde_json::from_value(json!({"symbol": "BTC", "condition": condition})).unwrap()
}

fn judge(rule: &Rule, state: &mut RuleState, tick: &Tick) -> Vec<&'static str> {
    evaluate(rule, state, tick, &History::new())
        .iter()
        .map(|effect| match effect {
            Effect::Fired(_) => "fired",
            Effect::Snoozed(_) => "snoozed",
            Effect::Suppressed(_) => "suppressed",
            Effect::Done => "done",
            Effect::Expired => "expired",
            Effect::Paused(_) => "paused",
        })
        .collect()
}

#[test]
fn once_is_done_after_its_first() {
    let rule = once(&above("50", "0"));
    let mut state = RuleState::new();
    assert_eq!(state.status(), Status::New);
    assert!(judge(&rule, &mut state, &tick(0, "49")).is_empty());
    assert_eq!(state.status(), Status::Armed);
    assert_eq!(judge(&rule, &mut state, &tick(1, "50")), ["fired", "done"]);
    assert_eq!(state.status(), Status::Done(at(1)));
    assert!(judge(&rule, &mut state, &tick(2, "49")).is_empty());
    assert!(judge(&rule, &mut state, &tick(3, "50")).is_empty());
}

#[test]
fn a_tick_at_its_expiry_ends_it_unjudged() {
    let mut rule = every(&above("50", "0"), 0);
    rule.expires_at = Some(at(10));
    let mut state = RuleState::new();
    judge(&rule, &mut state, &tick(0, "49"));
    assert_eq!(judge(&rule, &mut state, &tick(10, "50")), ["expired"]);
    assert!(judge(&rule, &mut state, &tick(11, "50")).is_empty());
    assert_eq!(state.status(), Status::Expired(at(10)));
}

#[test]
fn a_later_expiry_lets_it_go_on_with_the_state_it_had() {
    let mut rule = every(&above("50", "0"), 0);
    rule.expires_at = Some(at(10));
    let mut state = RuleState::new();
    judge(&rule, &mut state, &tick(0, "49"));
    judge(&rule, &mut state, &tick(10, "49"));
    rule.expires_at = Some(at(100));
    let mut state = state.kept_for(&rule, at(10));
    assert_eq!(judge(&rule, &mut state, &tick(11, "50")), ["fired"]);
    rule.expires_at = Some(at(5));
    assert_eq!(judge(&rule, &mut state, &tick(12, "50")), ["expired"]);
}

#[test]
fn a_done_rule_set_to_every_goes_on_and_set_back_stays_live() {
    let mut rule = once(&above("50", "0"));
    let mut state = RuleState::new();
    judge(&rule, &mut state, &tick(0, "49"));
    judge(&rule, &mut state, &tick(1, "50"));
    assert!(state.kept_for(&rule, at(1)).is_done());
    rule.repeat = tidings_alerts::Repeat::Every;
    rule.cooldown_s = 0;
    let mut state = state.kept_for(&rule, at(1));
    assert!(judge(&rule, &mut state, &tick(2, "49")).is_empty());
    assert_eq!(judge(&rule, &mut state, &tick(3, "50")), ["fired"]);
}

#[test]
fn ticks_that_are_not_later_than_the_last_are_ignored() {
    let rule = every(&above("50", "0"), 0);
    let mut state = RuleState::new();
    judge(&rule, &mut state, &tick(5, "49"));
    assert!(judge(&rule, &mut state, &tick(5, "50")).is_empty());
    assert!(judge(&rule, &mut state, &tick(4, "50")).is_empty());
    assert_eq!(judge(&rule, &mut state, &tick(6, "50")), ["fired"]);
}

#[test]
fn the_latest_known_price_is_the_first_tick_of_a_new_rule() {
    let rule = every(&above("50", "0"), 0);
    let none = History::new();
    let mut armed = RuleState::created(&rule, at(100), Some(&tick(90, "49")), &none);
    assert_eq!(judge(&rule, &mut armed, &tick(101, "50")), ["fired"]);
    let mut holding = RuleState::created(&rule, at(100), Some(&tick(90, "50")), &none);
    assert!(judge(&rule, &mut holding, &tick(101, "50")).is_empty());
    let mut unknown = RuleState::created(&rule, at(100), None, &none);
    assert!(judge(&rule, &mut unknown, &tick(101, "50")).is_empty());
}

#[test]
fn a_rule_sees_only_ticks_later_than_its_creation() {
    let rule = every(&above("50", "0"), 0);
    let mut state = RuleState::created(&rule, at(100), Some(&tick(90, "49")), &History::new());
    assert!(judge(&rule, &mut state, &tick(95, "50")).is_empty());
    assert!(judge(&rule, &mut state, &tick(100, "50")).is_empty());
    assert_eq!(judge(&rule, &mut state, &tick(101, "50")), ["fired"]);
}

#[test]
fn another_symbol_or_condition_makes_it_new_and_nothing_else_does() {
    let symbol: Symbol = "BTC".parse().unwrap();
    let id = RuleId::mint();
    let mut book = Book::new();
    book.create(
        id,
        every(&above("50", "0"), 600),
        at(0),
        Some(&tick(0, "49")),
    );
    assert_eq!(book.tick(&symbol, &tick(1, "50")).effects.len(), 1);
    let latest = tick(1, "50");

    let kept = book.update(id, every(&above("50", "0"), 900), at(2), Some(&latest));
    let kept = kept.unwrap();
    assert!(!kept.renewed);
    assert_eq!(kept.state.last_notified(), Some(at(1)));

    let renewed = book.update(id, every(&above("51", "0"), 900), at(3), Some(&latest));
    let renewed = renewed.unwrap();
    assert!(renewed.renewed);
    assert_eq!(renewed.state.last_notified(), None);
    // The cooldown is forgotten with the rest.
    assert!(matches!(
        book.tick(&symbol, &tick(4, "51")).effects.as_slice(),
        [(_, Effect::Fired(_))]
    ));
}

#[test]
fn a_rule_armed_before_the_program_closed_fires_once_on_return() {
    let symbol: Symbol = "BTC".parse().unwrap();
    let id = RuleId::mint();
    let rule = every(&above("50", "1"), 300);
    let mut before = Book::new();
    let saved = before.create(id, rule.clone(), at(0), Some(&tick(0, "49")));
    before.tick(&symbol, &tick(10, "48"));
    let marks = before.marks(&symbol);

    let saved: RuleState = serde_json::from_str(&serde_json::to_string(&saved).unwrap()).unwrap();
    let mut after = Book::new();
    after.insert(id, rule, saved);
    after.resume(&symbol, marks);
    assert_eq!(after.marks(&symbol), marks);
    assert_eq!(marks.price, Some(at(10)));
    assert_eq!(after.state(id), before.state(id));
    assert!(after.tick(&symbol, &tick(9, "70")).effects.is_empty());
    let outcome = after.tick(&symbol, &tick(5_000, "70"));
    assert_eq!(outcome.effects.len(), 1);
    assert_eq!(outcome.changed.len(), 1);
    assert!(after.tick(&symbol, &tick(5_001, "71")).effects.is_empty());
}

#[test]
fn marks_are_kept_as_they_were() {
    let symbol: Symbol = "BTC".parse().unwrap();
    let mut book = Book::new();
    book.tick(&symbol, &tick(10, "48"));
    let mut with_volume = tick(5, "48");
    with_volume.volume_24h = Some(d("1"));
    book.tick(&symbol, &with_volume);
    let marks = book.marks(&symbol);
    let text = serde_json::to_string(&marks).unwrap();
    assert_eq!(serde_json::from_str::<Marks>(&text).unwrap(), marks);
    assert_ne!(marks, Marks::all(at(10)));
}

#[test]
fn a_longer_cooldown_keeps_a_rule_from_being_paused_for_what_it_did_before() {
    let mut rule = every(&crosses("50", "0"), 0);
    let mut state = RuleState::new();
    judge(&rule, &mut state, &tick(0, "49"));
    for second in 1..15 {
        let price = if second % 2 == 1 { "50" } else { "49" };
        assert_eq!(judge(&rule, &mut state, &tick(second, price)), ["fired"]);
    }
    rule.cooldown_s = 60;
    let mut state = state.kept_for(&rule, at(15));
    assert_eq!(judge(&rule, &mut state, &tick(80, "50")), ["fired"]);
    assert_eq!(state.pause(), None);
}

#[test]
fn a_rule_that_was_paused_goes_on_with_a_longer_cooldown_and_is_new_when_switched_on() {
    let mut rule = every(&crosses("50", "0"), 0);
    let mut state = RuleState::new();
    judge(&rule, &mut state, &tick(0, "49"));
    for second in 1..15 {
        let price = if second % 2 == 1 { "50" } else { "49" };
        assert_eq!(judge(&rule, &mut state, &tick(second, price)), ["fired"]);
    }
    assert_eq!(
        judge(&rule, &mut state, &tick(15, "50")),
        ["fired", "paused"]
    );
    let pause = state.pause().unwrap();
    assert_eq!((pause.at, pause.firings, pause.within_s), (at(15), 15, 180));
    assert_eq!(state.status(), Status::Paused(pause));
    let stored: RuleState = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
    assert_eq!(stored, state);
    assert!(judge(&rule, &mut state, &tick(16, "49")).is_empty());

    rule.cooldown_s = 12;
    assert!(state.kept_for(&rule, at(20)).pause().is_some());
    rule.cooldown_s = 13;
    let mut longer = state.kept_for(&rule, at(20));
    assert_eq!(longer.pause(), None);
    assert_eq!(judge(&rule, &mut longer, &tick(21, "49")), ["suppressed"]);
    rule.cooldown_s = 0;
    rule.repeat = tidings_alerts::Repeat::Once;
    let mut once = state.kept_for(&rule, at(20));
    assert_eq!(judge(&rule, &mut once, &tick(21, "49")), ["fired", "done"]);
}

#[test]
fn a_replay_pauses_nothing() {
    let ticks: Vec<Tick> = (0..40)
        .map(|second| tick(second, if second % 2 == 1 { "50" } else { "49" }))
        .collect();
    assert_eq!(
        replay(&every(&crosses("50", "0"), 0), &ticks).fired.len(),
        39
    );
}

#[test]
fn a_snooze_belongs_to_the_state_and_ends_with_it() {
    let symbol: Symbol = "BTC".parse().unwrap();
    let id = RuleId::mint();
    let mut book = Book::new();
    let rule = every(&crosses("50", "0"), 0);
    book.create(id, rule.clone(), at(0), Some(&tick(0, "49")));
    let saved = book.snooze(id, Some(at(100))).unwrap();
    assert_eq!(saved.snoozed_until(), Some(at(100)));
    let stored: RuleState = serde_json::from_str(&serde_json::to_string(&saved).unwrap()).unwrap();
    assert_eq!(stored, saved);
    assert_eq!(book.snooze(RuleId::mint(), None), None);

    let mut tagged = rule.clone();
    tagged.tags = vec!["swing".to_owned()];
    let kept = book.update(id, tagged, at(1), None).unwrap();
    assert!(!kept.renewed);
    assert_eq!(kept.state.snoozed_until(), Some(at(100)));
    assert!(matches!(
        book.tick(&symbol, &tick(2, "50")).effects.as_slice(),
        [(_, Effect::Snoozed(_))]
    ));
    let renewed = book.create(id, rule, at(3), Some(&tick(2, "50")));
    assert_eq!(renewed.snoozed_until(), None);
}
