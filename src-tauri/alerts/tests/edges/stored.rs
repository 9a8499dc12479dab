//! States as earlier versions stored them.
use super::*;

/// One of each form that a stored state has had, and what it means.
const STORED: [(&str, Status); 9] = [
    (
        r#"{"seen":null,"phase":"new","notified":null,"held":null,"ended":null}"#,
        Status::New,
    ),
    (
        r#"{"seen":"1970-01-01T00:01:40Z","phase":"from_below","notified":null,"held":null,"ended":null}"#,
        Status::Armed,
    ),
    (
        r#"{"seen":"1970-01-01T00:01:40Z","phase":"from_above","notified":null,"held":null,"ended":null}"#,
        Status::Armed,
    ),
    (
        r#"{"seen":"1970-01-01T00:01:40Z","phase":{"unarmed":"start"},"notified":null,"held":null,"ended":null}"#,
        Status::Holding,
    ),
    (
        r#"{"seen":"1970-01-01T00:01:40.5Z","phase":{"unarmed":"down"},"notified":"1970-01-01T00:01:30Z","held":{"direction":"down","time":"1970-01-01T00:01:40.5Z"},"ended":null}"#,
        Status::Holding,
    ),
    (
        r#"{"seen":"1970-01-01T00:01:40Z","phase":{"level":{"up":false,"down":false}},"notified":null,"held":null,"ended":null}"#,
        Status::Armed,
    ),
    (
        r#"{"seen":"1970-01-01T00:01:40Z","phase":{"level":{"up":true,"down":true}},"notified":"1970-01-01T00:01:40Z","held":{"direction":"both","time":"1970-01-01T00:01:40Z"},"ended":null}"#,
        Status::Holding,
    ),
    (
        r#"{"seen":"1970-01-01T00:01:40Z","phase":{"unarmed":"up"},"notified":"1970-01-01T00:01:40Z","held":null,"ended":{"done":"1970-01-01T00:01:40Z"}}"#,
        Status::Done(Timestamp::from_millis(100_000)),
    ),
    (
        r#"{"seen":null,"phase":"new","notified":null,"held":null,"ended":{"expired":"1970-01-01T00:01:40Z"}}"#,
        Status::Expired(Timestamp::from_millis(100_000)),
    ),
];

#[test]
fn a_stored_state_is_read_and_means_what_it_meant() {
    for (text, status) in STORED {
        let state: RuleState = serde_json::from_str(text).unwrap();
        assert_eq!(state.status(), status, "{text}");
    }
}

#[test]
fn a_state_with_nothing_new_in_it_is_written_as_it_was_stored() {
    for (text, _) in STORED {
        let state: RuleState = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&state).unwrap(), text);
    }
}

#[test]
fn a_stored_rule_goes_on_where_it_stood() {
    let armed: RuleState = serde_json::from_str(STORED[1].0).unwrap();
    let mut state = armed;
    let rule = every(&above("50", "1"), 0);
    let effects = evaluate(&rule, &mut state, &tick(101, "50"), &History::new());
    assert!(matches!(effects.as_slice(), [Effect::Fired(_)]));
}
