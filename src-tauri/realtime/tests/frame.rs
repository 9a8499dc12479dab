//! Both serializers, both directions: what is written can be read, and no bytes can cause a panic.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use proptest::prelude::*;
use tidings_realtime::frame::{
    BinaryBroadcast, BinaryReply, DecodeError, EncodeError, Frame, Json, Message, Payload, Sender,
    UserBroadcast, UserBroadcastPush, Vsn, Wire, decode, encode,
};

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,40})?",
        ".{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec((".{0,6}", inner), 0..4).prop_map(|items| {
                let items: Vec<_> = items
                    .iter()
                    .map(|(key, value)| format!("{}:{value}", serde_json::to_string(key).unwrap()))
                    .collect();
                format!("{{{}}}", items.join(","))
            }),
        ]
    })
    .prop_map(|text| Json::from_text(&text).unwrap())
}

/// At most 255 bytes: the `regex` counts characters, of up to four bytes.
fn field() -> impl Strategy<Value = String> {
    ".{0,60}"
}

fn reference() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(".{1,20}")
}

fn binary() -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..80).prop_map(Bytes::from)
}

fn payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        json().prop_map(Payload::Json),
        binary().prop_map(Payload::Binary)
    ]
}

fn message(payload: impl Strategy<Value = Payload>) -> impl Strategy<Value = Message> {
    (reference(), reference(), field(), field(), payload).prop_map(
        |(join_ref, reference, topic, event, payload)| Message {
            join_ref,
            reference,
            topic,
            event,
            payload,
        },
    )
}

fn frame() -> impl Strategy<Value = Frame> {
    let metadata = || proptest::option::of(Just(Json::from_text(r#"{"replayed":true}"#).unwrap()));
    prop_oneof![
        message(payload()).prop_map(Frame::Message),
        (reference(), reference(), field(), field(), binary()).prop_map(
            |(join_ref, reference, topic, status, data)| Frame::Reply(BinaryReply {
                join_ref,
                reference,
                topic,
                status,
                data
            })
        ),
        (field(), field(), binary()).prop_map(|(topic, event, data)| Frame::Broadcast(
            BinaryBroadcast { topic, event, data }
        )),
        (
            reference(),
            reference(),
            field(),
            field(),
            metadata(),
            payload()
        )
            .prop_map(|(join_ref, reference, topic, event, metadata, payload)| {
                Frame::UserBroadcastPush(UserBroadcastPush {
                    join_ref,
                    reference,
                    topic,
                    event,
                    metadata,
                    payload,
                })
            }),
        (field(), field(), metadata(), payload()).prop_map(|(topic, event, metadata, payload)| {
            Frame::UserBroadcast(UserBroadcast {
                topic,
                event,
                metadata,
                payload,
            })
        }),
    ]
}

proptest! {
    #[test]
    fn v1_messages_survive_the_wire(message in message(json().prop_map(Payload::Json))) {
        let frame = Frame::Message(message);
        let wire = encode(Vsn::V1, Sender::Client, &frame).unwrap();
        prop_assert_eq!(decode(Vsn::V1, Sender::Client, &wire).unwrap(), frame);
    }

    #[test]
    fn v2_frames_survive_the_wire(frame in frame(), from_server in any::<bool>()) {
        let from = if from_server { Sender::Server } else { Sender::Client };
        let wire = encode(Vsn::V2, from, &frame).unwrap();
        let mut expected = frame;
        if let (Frame::Message(Message { payload: Payload::Binary(_), reference, .. }), true) =
            (&mut expected, from_server)
        {
            *reference = None;
        }
        prop_assert_eq!(decode(Vsn::V2, from, &wire).unwrap(), expected);
    }

    #[test]
    fn no_bytes_cause_a_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..600),
        kind in 0_u8..7,
        from_server in any::<bool>(),
    ) {
        let from = if from_server { Sender::Server } else { Sender::Client };
        let _ = decode(Vsn::V2, from, &Wire::Binary(Bytes::from(bytes.clone())));
        if let Some(first) = bytes.first_mut() {
            *first = kind;
        }
        for byte in bytes.iter_mut().skip(1).take(6) {
            *byte %= 16;
        }
        let _ = decode(Vsn::V2, from, &Wire::Binary(Bytes::from(bytes)));
    }

    #[test]
    fn no_text_causes_a_panic(text in ".{0,200}", json in json()) {
        for vsn in [Vsn::V1, Vsn::V2] {
            let _ = decode(vsn, Sender::Server, &Wire::Text(text.clone()));
            let _ = decode(vsn, Sender::Server, &Wire::Text(json.to_string()));
        }
    }
}

fn text(vsn: Vsn, text: &str) -> Result<Frame, DecodeError> {
    decode(vsn, Sender::Server, &Wire::Text(text.to_owned()))
}

#[test]
fn numbers_keep_every_digit() {
    let payload = r#"{"price":67890.123456789012345678901234567890,"id":9223372036854775807}"#;
    let Frame::Message(message) = text(
        Vsn::V2,
        &format!(r#"["1",null,"realtime:chat","x",{payload}]"#),
    )
    .unwrap() else {
        panic!("a text frame is a message")
    };
    assert_eq!(message.payload.json().unwrap().as_str(), payload);
    assert_eq!(message.join_ref.as_deref(), Some("1"));
    assert_eq!(message.reference, None);
}

#[test]
fn v1_frames_may_lack_refs_and_carry_numbers_as_refs() {
    let Frame::Message(message) = text(
        Vsn::V1,
        r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":7}"#,
    )
    .unwrap() else {
        panic!("a text frame is a message")
    };
    assert_eq!(message.reference.as_deref(), Some("7"));
    assert_eq!(message.join_ref, None);
}

#[test]
fn text_that_is_no_frame_is_an_error() {
    for bad in [
        "",
        "{",
        "null",
        "[]",
        "[1,2,3]",
        "[null,null,\"t\",\"e\"]",
        "\"x\"",
        "[[[[",
    ] {
        assert!(
            matches!(text(Vsn::V2, bad), Err(DecodeError::Json(_))),
            "{bad}"
        );
        assert!(
            matches!(text(Vsn::V1, bad), Err(DecodeError::Json(_))),
            "{bad}"
        );
    }
    // What follows the five elements is ignored, as servers do.
    assert!(text(Vsn::V2, "[null,null,\"t\",\"e\",{},1,[2]]").is_ok());
    let not_json = r#"{"topic":"realtime:t","event":"broadcast","payload":{not json},"ref":null}"#;
    assert!(matches!(text(Vsn::V1, not_json), Err(DecodeError::Json(_))));
}

#[test]
fn unknown_kinds_are_values_and_broken_ones_errors() {
    let read = |bytes: &[u8]| {
        decode(
            Vsn::V2,
            Sender::Server,
            &Wire::Binary(Bytes::copy_from_slice(bytes)),
        )
    };
    assert_eq!(
        read(&[9, 1, 2]).unwrap(),
        Frame::Unknown { kind: 9, bytes: 3 }
    );
    assert!(matches!(read(&[]), Err(DecodeError::Empty)));
    assert!(matches!(
        read(&[4]),
        Err(DecodeError::Truncated {
            needed: 5,
            got: 1,
            ..
        })
    ));
    assert!(matches!(
        read(&[4, 3, 0, 0, 1, b'a']),
        Err(DecodeError::Truncated { needed: 8, .. })
    ));
    assert!(matches!(
        read(&[4, 1, 0, 0, 1, 0xff, b'1']),
        Err(DecodeError::NotUtf8 { field: "topic" })
    ));
    assert!(matches!(
        read(&[4, 1, 0, 0, 2, b't', b'1']),
        Err(DecodeError::UnknownEncoding(2))
    ));
    // Bytes that another client flagged as JSON.
    assert!(matches!(
        read(&[4, 1, 0, 0, 1, b't', 0xde, 0xad]),
        Err(DecodeError::Json(_))
    ));
    assert!(matches!(
        decode(
            Vsn::V1,
            Sender::Server,
            &Wire::Binary(Bytes::from_static(&[4]))
        ),
        Err(DecodeError::BinaryInV1)
    ));
}

#[test]
fn a_string_over_255_bytes_does_not_fit_a_binary_frame() {
    let frame = |event: String| {
        Frame::UserBroadcast(UserBroadcast {
            topic: "realtime:t".to_owned(),
            event,
            metadata: None,
            payload: Payload::Json(Json::null()),
        })
    };
    assert!(encode(Vsn::V2, Sender::Server, &frame("é".repeat(127))).is_ok());
    assert!(matches!(
        encode(Vsn::V2, Sender::Server, &frame("é".repeat(128))),
        Err(EncodeError::TooLong {
            field: "event",
            bytes: 256
        })
    ));
    assert!(matches!(
        encode(Vsn::V1, Sender::Server, &frame("x".to_owned())),
        Err(EncodeError::NotInV1)
    ));
}
