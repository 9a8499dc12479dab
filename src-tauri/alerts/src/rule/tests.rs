//! What is read, and what is refused.
#![allow(clippy::unwrap_used)]
use super::*;

fn read(json: &str) -> Result<Rule, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

const BOTH: &str = concat!(
    r#"{"kind":"all","conditions":[{"kind":"above","price":"1","rearm_percent":"0.1"},"#,
    r#"{"kind":"moves","percent":"2","window_s":900,"direction":"down"}]}"#
);

fn with(condition: &str) -> Result<Rule, String> {
    read(&format!(r#"{{"symbol":"BTC","condition":{condition}}}"#))
}

#[test]
fn what_is_left_out_has_its_default() {
    let rule = with(r#"{"kind":"above","price":"70000"}"#).unwrap();
    assert_eq!(rule.repeat, Repeat::Once);
    assert_eq!(rule.cooldown_s, 300);
    assert_eq!(rule.expires_at, None);
    let Condition::Above { rearm_percent, .. } = rule.condition else {
        panic!("another kind");
    };
    assert_eq!(rearm_percent.to_string(), "0.1");
    let rule = with(r#"{"kind":"change_24h","side":"above","percent":"5"}"#).unwrap();
    let Condition::Change24h { rearm_points, .. } = rule.condition else {
        panic!("another kind");
    };
    assert_eq!(rearm_points.to_string(), "0.25");
    for (short, full) in [
        (
            r#"{"kind":"new_extreme","extreme":"low","window_s":60}"#,
            r#"{"kind":"new_extreme","extreme":"low","window_s":60,"rearm_percent":"0.1"}"#,
        ),
        (
            r#"{"kind":"step","step":"5"}"#,
            r#"{"kind":"step","step":"5","base":"0","rearm_percent":"10"}"#,
        ),
        (
            r#"{"kind":"volume","side":"below","value":"5"}"#,
            r#"{"kind":"volume","side":"below","value":"5","rearm_percent":"1"}"#,
        ),
    ] {
        assert_eq!(with(short), with(full));
    }
}

#[test]
fn tags_are_kept_in_their_order_and_left_out_when_there_are_none() {
    let tagged = r#"{"symbol":"BTC","condition":{"kind":"stale","after_s":60},"repeat":"once","cooldown_s":300,"tags":["swing","Jürgen's list"]}"#;
    let rule = read(tagged).unwrap();
    assert_eq!(rule.tags, ["swing", "Jürgen's list"]);
    assert_eq!(serde_json::to_string(&rule).unwrap(), tagged);
    let none = with(r#"{"kind":"stale","after_s":60}"#).unwrap();
    assert!(!serde_json::to_string(&none).unwrap().contains("tags"));
    assert!(none.watches_as(&rule));
}

#[test]
fn a_text_of_its_own_is_kept_as_it_was_written_and_a_blank_one_is_none() {
    let with = |message: &str| {
        let message = serde_json::to_string(message).unwrap();
        read(&format!(
            r#"{{"symbol":"BTC","condition":{{"kind":"stale","after_s":60}},"message":{message}}}"#
        ))
    };
    let text = "At {price}:\n{{sell}} half";
    let rule = with(text).unwrap();
    assert_eq!(rule.message.as_ref().unwrap().to_string(), text);
    let written = serde_json::to_string(&rule).unwrap();
    assert_eq!(serde_json::from_str::<Rule>(&written).unwrap(), rule);
    let bare = with(" \n").unwrap();
    assert_eq!(bare.message, None);
    assert!(!serde_json::to_string(&bare).unwrap().contains("message"));
    assert!(rule.watches_as(&bare));
    let refused = with("{prize}").unwrap_err();
    assert!(
        refused.starts_with("{prize} in the text stands for nothing"),
        "{refused}"
    );
    assert!(refused.contains("{price}"), "{refused}");
}

#[test]
fn tags_outside_their_limits_are_refused() {
    let tagged = |tags: &[&str]| {
        let tags = serde_json::to_string(tags).unwrap();
        read(&format!(
            r#"{{"symbol":"BTC","condition":{{"kind":"stale","after_s":60}},"tags":{tags}}}"#
        ))
    };
    let long = "x".repeat(33);
    for bad in [&[""][..], &[" a"], &["a "], &["a\u{7}b"], &[&long]] {
        let error = tagged(bad).unwrap_err();
        assert!(
            error.contains(&RuleError::Tag.to_string()),
            "{bad:?}: {error}"
        );
    }
    let error = tagged(&["a", "b", "a"]).unwrap_err();
    assert!(error.contains("given twice"), "{error}");
    let many: Vec<String> = (0..11).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(tagged(&many).unwrap_err().contains("at most 10"));
    assert!(tagged(&many[..10]).is_ok());
    assert!(tagged(&["ü".repeat(32).as_str()]).is_ok());
}

#[test]
fn what_cannot_be_one_of_two_at_once_is_refused() {
    let two = |other: &str| {
        with(&format!(
            r#"{{"kind":"all","conditions":[{{"kind":"above","price":"1"}},{other}]}}"#
        ))
    };
    for other in [
        r#"{"kind":"crosses","price":"1"}"#,
        r#"{"kind":"trailing","side":"falls","percent":"5"}"#,
        r#"{"kind":"step","step":"1"}"#,
        r#"{"kind":"stale","after_s":60}"#,
        BOTH,
    ] {
        let error = two(other).unwrap_err();
        let kind = other.split('"').nth(3).unwrap();
        assert!(error.contains(&format!("`{kind}`")), "{other}: {error}");
    }
    // The limits of each count inside as well.
    let error = two(r#"{"kind":"below","price":"0"}"#).unwrap_err();
    assert!(error.contains(&RuleError::PriceNotPositive.to_string()));
    for count in [0, 1, 3] {
        let parts = vec![r#"{"kind":"above","price":"1"}"#; count].join(",");
        let error = with(&format!(r#"{{"kind":"all","conditions":[{parts}]}}"#)).unwrap_err();
        assert!(error.contains("exactly two conditions"), "{error}");
    }
}

#[test]
fn null_is_the_same_as_left_out() {
    let rule = read(
        r#"{"symbol":"BTC","condition":{"kind":"below","price":"1","rearm_percent":null},
            "repeat":null,"cooldown_s":null,"expires_at":null}"#,
    )
    .unwrap();
    assert_eq!(rule, with(r#"{"kind":"below","price":"1"}"#).unwrap());
}

#[test]
fn every_kind_reads_what_it_writes() {
    for condition in [
        r#"{"kind":"above","price":"70000.10","rearm_percent":"0.1"}"#,
        r#"{"kind":"below","price":"0.99","rearm_percent":"0"}"#,
        r#"{"kind":"crosses","price":"68000","rearm_percent":"1"}"#,
        r#"{"kind":"moves","percent":"2","window_s":900,"direction":"either"}"#,
        r#"{"kind":"change_24h","side":"below","percent":"-8","rearm_points":"0.25"}"#,
        r#"{"kind":"leaves_range","low":"0.995","high":"1.005","rearm_percent":"0.1"}"#,
        r#"{"kind":"enters_range","low":"0.995","high":"1.005","rearm_percent":"0.1"}"#,
        r#"{"kind":"trailing","side":"falls","percent":"5"}"#,
        r#"{"kind":"new_extreme","extreme":"either","window_s":3600,"rearm_percent":"0.1"}"#,
        r#"{"kind":"step","step":"1000","base":"500","rearm_percent":"10"}"#,
        r#"{"kind":"volume","side":"above","value":"9223372036854775807","rearm_percent":"1"}"#,
        r#"{"kind":"market_cap","side":"below","value":"1","rearm_percent":"0"}"#,
        r#"{"kind":"stale","after_s":300}"#,
        BOTH,
    ] {
        let rule = with(condition).unwrap();
        assert_eq!(serde_json::to_string(&rule.condition).unwrap(), condition);
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(read(&text).unwrap(), rule);
    }
}

#[test]
fn unknown_fields_kinds_and_numbers_in_place_of_strings_are_refused_with_the_reason() {
    for (condition, said) in [
        (r#"{"kind":"above","price":"1","prise":"2"}"#, "prise"),
        (r#"{"kind":"above"}"#, "missing field `price`"),
        (r#"{"kind":"sideways","price":"1"}"#, "sideways"),
        (r#"{"kind":"above","price":1.5}"#, "expected a string"),
        (r#"{"kind":"above","price":"1,5"}"#, "not a decimal number"),
        (
            r#"{"kind":"moves","percent":"1","window_s":-5,"direction":"up"}"#,
            "-5",
        ),
    ] {
        let error = with(condition).unwrap_err();
        assert!(error.contains(said), "{error} does not say {said:?}");
    }
    let error = read(r#"{"symbol":"BTC","condition":{"kind":"above","price":"1"},"note":""}"#);
    assert!(error.unwrap_err().contains("note"));
}

#[test]
fn values_outside_their_limits_are_refused() {
    use RuleError as E;
    for (condition, expected) in [
        (r#"{"kind":"above","price":"0"}"#, E::PriceNotPositive),
        (r#"{"kind":"below","price":"-1"}"#, E::PriceNotPositive),
        (
            r#"{"kind":"crosses","price":"1","rearm_percent":"100"}"#,
            E::RearmPercent,
        ),
        (
            r#"{"kind":"above","price":"1","rearm_percent":"-0.1"}"#,
            E::RearmPercent,
        ),
        (
            r#"{"kind":"moves","percent":"0","window_s":60,"direction":"up"}"#,
            E::PercentNotPositive,
        ),
        (
            r#"{"kind":"moves","percent":"100","window_s":60,"direction":"down"}"#,
            E::FallOfEverything,
        ),
        (
            r#"{"kind":"moves","percent":"100","window_s":60,"direction":"either"}"#,
            E::FallOfEverything,
        ),
        (
            r#"{"kind":"moves","percent":"1","window_s":0,"direction":"up"}"#,
            E::EmptyWindow,
        ),
        (
            r#"{"kind":"change_24h","side":"above","percent":"5","rearm_points":"-1"}"#,
            E::RearmPoints,
        ),
        (
            r#"{"kind":"leaves_range","low":"2","high":"2"}"#,
            E::EmptyRange,
        ),
        (
            r#"{"kind":"enters_range","low":"-1","high":"2"}"#,
            E::LowNegative,
        ),
        (
            r#"{"kind":"trailing","side":"rises","percent":"0"}"#,
            E::PercentNotPositive,
        ),
        (
            r#"{"kind":"trailing","side":"falls","percent":"100"}"#,
            E::FallOfEverything,
        ),
        (
            r#"{"kind":"new_extreme","extreme":"high","window_s":0}"#,
            E::EmptyWindow,
        ),
        (
            r#"{"kind":"new_extreme","extreme":"high","window_s":1,"rearm_percent":"100"}"#,
            E::RearmPercent,
        ),
        (r#"{"kind":"step","step":"0"}"#, E::StepNotPositive),
        (
            r#"{"kind":"step","step":"1","rearm_percent":"0"}"#,
            E::StepRearm,
        ),
        (
            r#"{"kind":"step","step":"1","rearm_percent":"100"}"#,
            E::StepRearm,
        ),
        (
            r#"{"kind":"volume","side":"above","value":"0"}"#,
            E::ValueNotPositive,
        ),
        (
            r#"{"kind":"market_cap","side":"above","value":"1","rearm_percent":"-1"}"#,
            E::RearmPercent,
        ),
        (r#"{"kind":"stale","after_s":0}"#, E::EmptySilence),
    ] {
        let error = with(condition).unwrap_err();
        assert!(
            error.contains(&expected.to_string()),
            "{condition}: {error}"
        );
    }
    let doubled = r#"{"kind":"moves","percent":"100","window_s":60,"direction":"up"}"#;
    assert!(with(doubled).is_ok());
}
