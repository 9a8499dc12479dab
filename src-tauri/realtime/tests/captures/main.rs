//! Recordings of a real server, played through the client's protocol.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod expect;
mod recording;
mod replay;
mod rows;
mod transcript;

/// Only in these does the server pass on what cannot be read.
const WITH_BAD_FRAMES: &[&str] = &["17_broadcast", "29_malformed_frames"];

#[test]
fn the_changes_that_are_told_are_those_that_were_committed() {
    let mut checked = 0;
    for recording in recording::all() {
        checked += expect::check(&recording, &replay::play(&recording));
    }
    assert!(checked > 600, "{checked} changes in all recordings");
}

#[test]
fn every_frame_of_the_server_is_understood() {
    let mut heard = 0;
    for recording in recording::all() {
        for (client, player) in replay::play(&recording) {
            let counters = player.counters();
            heard += counters.frames_in;
            if !WITH_BAD_FRAMES.contains(&recording.name.as_str()) {
                let odd = (counters.bad, counters.unknown, counters.unmatched_changes);
                assert_eq!(odd, (0, 0, 0), "{}, client {client}", recording.title);
            }
        }
    }
    assert!(heard > 2000, "{heard} frames in all recordings");
}

#[test]
fn what_each_client_is_told_is_as_reviewed() {
    for recording in recording::all() {
        let mut text = String::new();
        for (client, player) in replay::play(&recording) {
            text.push_str(&transcript::transcript(&client, &player));
        }
        insta::assert_snapshot!(recording.title.replace('/', "_"), text);
    }
}
