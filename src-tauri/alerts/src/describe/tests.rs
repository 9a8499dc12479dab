//! What is said.
#![allow(clippy::unwrap_used)]

use tidings_model::Tick;

use super::*;
use crate::effect::Origin;
use crate::history::History;
use crate::rule::Rule;

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn rule(condition: &str) -> Rule {
    let json = format!(r#"{{"symbol":"BTC","condition":{condition}}}"#);
    serde_json::from_str(&json).unwrap()
}

fn tick(price: &str, change: Option<&str>) -> Tick {
    Tick {
        change_percentage_24h: change.map(d),
        ..Tick::new(Timestamp::from_millis(0), d(price))
    }
}

fn firing(direction: Direction, price: &str) -> Firing {
    Firing {
        direction,
        time: Timestamp::from_millis(60_000),
        price: d(price),
        change_percentage_24h: Some(d("4.4")),
        measured_from: None,
        line: None,
        steps: None,
        delayed_from: None,
    }
}

fn clock(time: Timestamp) -> String {
    format!("minute {}", time.as_millis() / 60_000)
}

const EN: &Locale = &Locale::ENGLISH;
const DE: &Locale = &Locale::GERMAN;

const ABOVE: &str = r#"{"kind":"above","price":"70000","rearm_percent":"0.1"}"#;
const TRAIL: &str = r#"{"kind":"trailing","side":"falls","percent":"5"}"#;
const HIGH: &str = r#"{"kind":"new_extreme","extreme":"high","window_s":14400}"#;
const STEP: &str = r#"{"kind":"step","step":"1000"}"#;
const VOLUME: &str = r#"{"kind":"volume","side":"above","value":"30000000000"}"#;
const STALE: &str = r#"{"kind":"stale","after_s":300}"#;
const BOTH: &str = r#"{"kind":"all","conditions":[{"kind":"above","price":"70000"},
    {"kind":"change_24h","side":"above","percent":"5"}]}"#;
const PEG: &str = r#"{"kind":"leaves_range","low":"0.995","high":"1.0050"}"#;
const MOVES: &str = r#"{"kind":"moves","percent":"2","window_s":900,"direction":"either"}"#;

#[test]
fn each_kind_has_its_sentence() {
    for (condition, expected) in [
        (ABOVE, "Crosses above 70,000"),
        (
            r#"{"kind":"below","price":"66500.50"}"#,
            "Crosses below 66,500.5",
        ),
        (
            r#"{"kind":"crosses","price":"68000"}"#,
            "Crosses 68,000 either way",
        ),
        (MOVES, "Moves 2\u{202f}% within 15 min"),
        (
            r#"{"kind":"moves","percent":"2.5","window_s":90,"direction":"up"}"#,
            "Rises 2.5\u{202f}% within 90 s",
        ),
        (
            r#"{"kind":"moves","percent":"5","window_s":14400,"direction":"down"}"#,
            "Falls 5\u{202f}% within 4 h",
        ),
        (
            r#"{"kind":"change_24h","side":"above","percent":"5"}"#,
            "24 h change above +5\u{202f}%",
        ),
        (
            r#"{"kind":"change_24h","side":"below","percent":"-5"}"#,
            "24 h change below \u{2212}5\u{202f}%",
        ),
        (PEG, "Leaves 0.995 – 1.005"),
        (
            r#"{"kind":"enters_range","low":"0.995","high":"1.005"}"#,
            "Enters 0.995 – 1.005",
        ),
        (TRAIL, "Falls 5\u{202f}% from its high"),
        (
            r#"{"kind":"trailing","side":"rises","percent":"2.50"}"#,
            "Rises 2.5\u{202f}% from its low",
        ),
        (HIGH, "Makes a new 4 h high"),
        (
            r#"{"kind":"new_extreme","extreme":"either","window_s":86400}"#,
            "Makes a new 1 d high or low",
        ),
        (STEP, "Crosses a step of 1,000"),
        (
            r#"{"kind":"step","step":"0.5","base":"0.25"}"#,
            "Crosses a step of 0.5 from 0.25",
        ),
        (VOLUME, "24 h volume above 30,000,000,000"),
        (
            r#"{"kind":"market_cap","side":"below","value":"1000"}"#,
            "Market cap below 1,000",
        ),
        (STALE, "No price for 5 min"),
        (BOTH, "Above 70,000 and 24 h change above +5\u{202f}%"),
        (
            r#"{"kind":"all","conditions":[{"kind":"market_cap","side":"above","value":"5"},
                {"kind":"leaves_range","low":"1","high":"2"}]}"#,
            "Market cap above 5 and outside 1 – 2",
        ),
    ] {
        assert_eq!(sentence(&rule(condition).condition, EN), expected);
    }
}

#[test]
fn a_notification_has_the_line_crossed_and_the_price() {
    let fired = firing(Direction::Up, "70012.6");
    assert_eq!(title(&rule(ABOVE), &fired, EN), "BTC crossed above 70,000");
    assert_eq!(
        body(&fired, &clock, EN),
        "70,012.60, ▲ +4.40\u{202f}% in 24 hours"
    );
}

#[test]
fn what_is_told_late_says_still() {
    let late = |direction| Firing {
        delayed_from: Some(Timestamp::from_millis(0)),
        ..firing(direction, "1")
    };
    let below = rule(r#"{"kind":"below","price":"0.99"}"#);
    assert_eq!(
        title(&below, &late(Direction::Down), EN),
        "BTC still below 0.99"
    );
    assert_eq!(
        title(&rule(PEG), &late(Direction::Up), EN),
        "BTC still outside 0.995 – 1.005"
    );
}

#[test]
fn a_move_names_what_it_is_measured_from() {
    let fell = Firing {
        measured_from: Some(Origin {
            time: Timestamp::from_millis(0),
            price: d("100"),
        }),
        change_percentage_24h: None,
        ..firing(Direction::Down, "94")
    };
    assert_eq!(
        title(&rule(MOVES), &fell, EN),
        "BTC moved \u{2212}6.0\u{202f}%"
    );
    assert_eq!(body(&fell, &clock, EN), "94.00, from 100.00 at minute 0");
}

#[test]
fn a_rule_says_whether_it_is_armed_at_once() {
    let none = History::new();
    let said = |condition: &str, price: &str| {
        let arming = arming(&rule(condition), &tick(price, Some("6")), &none, EN).unwrap();
        (arming.at_once, arming.sentence)
    };
    let yes = |text: &str| (true, text.to_owned());
    let no = |text: &str| (false, text.to_owned());
    assert_eq!(said(ABOVE, "67893"), yes("Below the line: armed at once"));
    assert_eq!(
        said(ABOVE, "71000"),
        no("Already above 70,000. Fires after a fall to 69,930 and a new rise.")
    );
    assert_eq!(
        said(ABOVE, "70000.0"),
        no("Already at 70,000. Fires after a fall to 69,930 and a new rise.")
    );
    let strict = r#"{"kind":"below","price":"100","rearm_percent":"0"}"#;
    assert_eq!(said(strict, "100.01"), yes("Above the line: armed at once"));
    assert_eq!(
        said(strict, "99"),
        no("Already below 100. Fires after a rise above 100 and a new fall.")
    );
    let crosses = r#"{"kind":"crosses","price":"100","rearm_percent":"1"}"#;
    assert_eq!(said(crosses, "101"), yes("Above the line: armed at once"));
    assert_eq!(
        said(crosses, "100"),
        no("At 100. Armed after a fall to 99 or a rise to 101.")
    );
    let change = r#"{"kind":"change_24h","side":"above","percent":"5"}"#;
    assert_eq!(
        said(change, "1"),
        no("True right now. Fires the next time it becomes true.")
    );
    assert_eq!(said(MOVES, "1"), yes("Not true now: armed at once"));
    assert_eq!(arming(&rule(change), &tick("1", None), &none, EN), None);
}

#[test]
fn distance_is_what_the_price_still_has_to_go() {
    let far = |condition: &str, price: &str| {
        distance(&rule(condition).condition, &d(price)).map(|far| percent(&far, EN))
    };
    assert_eq!(far(ABOVE, "67893.4").unwrap(), "+3.1\u{202f}%");
    assert_eq!(far(ABOVE, "71500").unwrap(), "\u{2212}2.1\u{202f}%");
    assert_eq!(far(PEG, "1.004").unwrap(), "+0.1\u{202f}%");
    assert_eq!(far(PEG, "0.99"), None);
    assert_eq!(far(MOVES, "1"), None);
    assert_eq!(far(ABOVE, "0"), None);
}

#[test]
fn the_further_kinds_say_what_happened() {
    let from = |price: &str| {
        Some(Origin {
            time: Timestamp::from_millis(0),
            price: d(price),
        })
    };
    let fired = |direction, price: &str| Firing {
        change_percentage_24h: None,
        ..firing(direction, price)
    };
    let late = Some(Timestamp::from_millis(0));
    let trailed = Firing {
        measured_from: from("70000"),
        line: Some(d("66500")),
        ..fired(Direction::Down, "66430")
    };
    let stepped = Firing {
        line: Some(d("72000")),
        steps: Some(d("2")),
        ..fired(Direction::Up, "72010")
    };
    let silent = Firing {
        measured_from: from("67893.4"),
        ..fired(Direction::True, "67893.4")
    };
    for (condition, firing, said) in [
        (
            TRAIL,
            trailed.clone(),
            "BTC fell 5.1\u{202f}% from its high",
        ),
        (
            TRAIL,
            Firing {
                delayed_from: late,
                measured_from: None,
                ..trailed.clone()
            },
            "BTC still below 66,500.00",
        ),
        (HIGH, fired(Direction::Up, "71"), "BTC made a new 4 h high"),
        (
            STEP,
            stepped.clone(),
            "BTC crossed above 72,000, 2 steps of 1,000 at once",
        ),
        (
            STEP,
            Firing {
                direction: Direction::Down,
                steps: Some(d("1")),
                ..stepped
            },
            "BTC crossed below 72,000",
        ),
        (
            VOLUME,
            fired(Direction::True, "1"),
            "BTC 24 h volume went above 30,000,000,000",
        ),
        (STALE, silent.clone(), "BTC without a price for 5 min"),
        (
            BOTH,
            fired(Direction::True, "70001"),
            "BTC now above 70,000 and 24 h change above +5\u{202f}%",
        ),
    ] {
        assert_eq!(title(&rule(condition), &firing, EN), said);
    }
    assert_eq!(
        body(&trailed, &clock, EN),
        "66,430.00, from 70,000.00 at minute 0"
    );
    assert_eq!(body(&silent, &clock, EN), "Last 67,893.40 at minute 0");
    let pause = Pause {
        at: Timestamp::from_millis(0),
        firings: 15,
        within_s: 180,
    };
    assert_eq!(paused(&pause, EN), "Paused after 15 alerts within 3 min");
}

#[test]
fn a_rule_that_works_out_its_prices_says_them() {
    let none = History::new();
    let said = |condition: &str| {
        let arming = arming(&rule(condition), &tick("70100", None), &none, EN).unwrap();
        (arming.at_once, arming.sentence)
    };
    assert_eq!(
        said(TRAIL),
        (true, "Armed at once: fires at 66,595".to_owned())
    );
    assert_eq!(
        said(STEP),
        (true, "Armed at once: fires at 70,000 or 71,000".to_owned())
    );
    assert_eq!(said(STALE), (true, "Listening from now on".to_owned()));
    let state = crate::state::RuleState::created(
        &rule(STEP),
        Timestamp::from_millis(0),
        Some(&tick("70100", None)),
        &none,
    );
    let far = |price| distance_of(&state, &d(price)).map(|far| percent(&far, EN));
    assert_eq!(far("70100").unwrap(), "\u{2212}0.1\u{202f}%");
    assert_eq!(far("70900").unwrap(), "+0.1\u{202f}%");
}

#[test]
fn each_kind_has_its_sentence_in_german() {
    for (condition, expected) in [
        (ABOVE, "Steigt über 70.000"),
        (
            r#"{"kind":"below","price":"66500.50"}"#,
            "Fällt unter 66.500,5",
        ),
        (
            r#"{"kind":"crosses","price":"68000"}"#,
            "Kreuzt 68.000 in beide Richtungen",
        ),
        (MOVES, "Bewegt sich um 2\u{202f}% in 15 Min."),
        (
            r#"{"kind":"moves","percent":"2.5","window_s":86400,"direction":"up"}"#,
            "Steigt um 2,5\u{202f}% in 1 Tag",
        ),
        (
            r#"{"kind":"moves","percent":"5","window_s":14400,"direction":"down"}"#,
            "Fällt um 5\u{202f}% in 4 Std.",
        ),
        (
            r#"{"kind":"change_24h","side":"below","percent":"-5"}"#,
            "24-h-Änderung unter \u{2212}5\u{202f}%",
        ),
        (PEG, "Verlässt 0,995 – 1,005"),
        (
            r#"{"kind":"enters_range","low":"0.995","high":"1.005"}"#,
            "Erreicht 0,995 – 1,005",
        ),
        (TRAIL, "Fällt um 5\u{202f}% vom Hoch"),
        (HIGH, "Erreicht ein neues Hoch (4 Std.)"),
        (STEP, "Kreuzt eine Stufe von 1.000"),
        (VOLUME, "24-h-Volumen über 30.000.000.000"),
        (STALE, "Kein Preis seit 5 Min."),
        (BOTH, "Über 70.000 und 24-h-Änderung über +5\u{202f}%"),
    ] {
        assert_eq!(sentence(&rule(condition).condition, DE), expected);
    }
}

#[test]
fn the_further_kinds_say_in_german_what_happened() {
    let trailed = Firing {
        measured_from: Some(Origin {
            time: Timestamp::from_millis(0),
            price: d("70000"),
        }),
        line: Some(d("66500")),
        ..firing(Direction::Down, "66430")
    };
    let late = Firing {
        delayed_from: Some(Timestamp::from_millis(0)),
        ..trailed.clone()
    };
    let stepped = Firing {
        line: Some(d("72000")),
        steps: Some(d("2")),
        ..firing(Direction::Up, "72010")
    };
    let level = firing(Direction::True, "1");
    for (condition, firing, said) in [
        (TRAIL, &trailed, "BTC um 5,1\u{202f}% vom Hoch gefallen"),
        (TRAIL, &late, "BTC weiter unter 66.500,00"),
        (HIGH, &stepped, "BTC hat ein neues Hoch erreicht (4 Std.)"),
        (
            STEP,
            &stepped,
            "BTC über 72.000 gestiegen, 2 Stufen zu 1.000 auf einmal",
        ),
        (VOLUME, &level, "BTC 24-h-Volumen jetzt über 30.000.000.000"),
        (STALE, &level, "BTC seit 5 Min. ohne Preis"),
        (
            BOTH,
            &level,
            "BTC jetzt über 70.000 und 24-h-Änderung über +5\u{202f}%",
        ),
    ] {
        assert_eq!(title(&rule(condition), firing, DE), said);
    }
    let pause = Pause {
        at: Timestamp::from_millis(0),
        firings: 15,
        within_s: 180,
    };
    assert_eq!(paused(&pause, DE), "Angehalten nach 15 Alarmen in 3 Min.");
}

#[test]
fn a_german_notification_keeps_numbers_and_commas_apart() {
    let fired = firing(Direction::Up, "70012.6");
    assert_eq!(title(&rule(ABOVE), &fired, DE), "BTC über 70.000 gestiegen");
    assert_eq!(
        body(&fired, &clock, DE),
        "70.012,60 · ▲ +4,40\u{202f}% in 24 Stunden"
    );
    let late = Firing {
        delayed_from: Some(Timestamp::from_millis(0)),
        ..firing(Direction::Down, "1")
    };
    let below = rule(r#"{"kind":"below","price":"0.99"}"#);
    assert_eq!(title(&below, &late, DE), "BTC weiter unter 0,99");
    assert_eq!(
        title(&rule(PEG), &late, DE),
        "BTC weiter außerhalb von 0,995 – 1,005"
    );
    let fell = Firing {
        measured_from: Some(Origin {
            time: Timestamp::from_millis(0),
            price: d("100"),
        }),
        change_percentage_24h: None,
        ..firing(Direction::Down, "94")
    };
    assert_eq!(
        title(&rule(MOVES), &fell, DE),
        "BTC um \u{2212}6,0\u{202f}% bewegt"
    );
    assert_eq!(body(&fell, &clock, DE), "94,00 · von 100,00 um minute 0");
}

#[test]
fn a_rule_says_in_german_whether_it_is_armed_at_once() {
    let none = History::new();
    let said = |condition: &str, price: &str| {
        arming(&rule(condition), &tick(price, Some("6")), &none, DE)
            .unwrap()
            .sentence
    };
    assert_eq!(said(ABOVE, "67893"), "Unter der Linie: sofort scharf");
    assert_eq!(
        said(ABOVE, "71000"),
        "Schon über 70.000. Löst nach Rückgang auf 69.930 und neuem Anstieg aus."
    );
    let strict = r#"{"kind":"below","price":"100","rearm_percent":"0"}"#;
    assert_eq!(
        said(strict, "100"),
        "Schon bei 100. Löst nach Anstieg über 100 und neuem Rückgang aus."
    );
    let crosses = r#"{"kind":"crosses","price":"100","rearm_percent":"1"}"#;
    assert_eq!(
        said(crosses, "100"),
        "Bei 100. Scharf nach Rückgang auf 99 oder Anstieg auf 101."
    );
}
