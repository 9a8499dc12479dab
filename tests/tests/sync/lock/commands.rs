//! Every command of the contract, at a closed lock.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidings_contract::{self as api, Command, ErrorCode};
use tidings_tests::project::Project;

use super::locked;
use crate::kit::alices_device;

/// What the screen of the lock needs.
const ANSWERED: [&str; 4] = ["left_behind", "lock_state", "start_over", "unlock"];

/// Arguments of every command: of one session, message and rule that are there.
#[allow(clippy::too_many_lines, reason = "a line for each command")]
fn arguments(
    session: &str,
    message: &str,
    rule: &str,
    workspace: &str,
) -> BTreeMap<&'static str, Value> {
    let (settings, form) = (
        api::Settings::default(),
        json!({
            "symbol": "BTC", "repeat": "every", "cooldown_s": 0, "expires_at": null, "tags": [],
            "condition": {"kind": "above", "price": "70000"},
        }),
    );
    let mut all = vec![
        (
            "check_project",
            json!({"url": "http://127.0.0.1:9", "key": "k"}),
        ),
        (
            "add_workspace",
            json!({"url": "http://127.0.0.1:9", "key": "k", "name": null}),
        ),
        ("sign_in", json!({"email": "a", "password": "p"})),
        ("sign_up", json!({"email": "a", "password": "p"})),
        (
            "verify_code",
            json!({"email": "a", "code": "1", "purpose": "recovery"}),
        ),
        ("sign_in_with_provider", json!({"provider": "github"})),
        ("verify_factor", json!({"factor": "f", "code": "1"})),
        ("enrol_factor", json!({"name": "n"})),
        ("remove_factor", json!({"factor": "f"})),
        ("set_name", json!({"name": "n"})),
        ("set_password", json!({"password": "p"})),
        ("voice_file", json!({"message": message})),
        ("unlock", json!({"passphrase": "wrong horse"})),
        (
            "set_passphrase",
            json!({"current": null, "passphrase": "another one"}),
        ),
        ("set_settings", json!({"settings": settings})),
        ("pause_download", json!({"paused": true})),
        ("frame_log", json!({"after": null})),
        ("open_link", json!({"url": "https://example.com"})),
        ("set_autostart", json!({"on": false})),
        ("choose_sound", json!({"name": "n", "data": ""})),
        ("mute_alerts", json!({"minutes": 5})),
        ("set_presence", json!({"presence": "away"})),
        (
            "messages",
            json!({"session": session, "at": {"at": "latest"}, "limit": 10}),
        ),
        ("find_date", json!({"session": session, "at": 0})),
        ("create_session", json!({"title": null})),
        (
            "update_session",
            json!({"session": session, "title": "t", "status": null}),
        ),
        (
            "send_message",
            json!({"session": session, "content": "c", "reply_to": null}),
        ),
        ("edit_message", json!({"message": message, "content": "c"})),
        ("retry_change", json!({"change": 1})),
        ("discard_change", json!({"change": 1})),
        ("answer_held", json!({"send": true})),
        ("mark_read", json!({"session": session, "message": message})),
        ("set_draft", json!({"session": session, "text": "t"})),
        ("typing", json!({"session": session, "typing": true})),
        ("pin_session", json!({"session": session, "pinned": true})),
        (
            "notify_session",
            json!({"session": session, "notify": "muted"}),
        ),
        ("search", json!({"query": "secret", "limit": 10})),
        ("suggest", json!({"query": "secert"})),
        (
            "create_invite",
            json!({"session": session, "role": "member", "seconds": 60}),
        ),
        ("withdraw_invite", json!({"invite": "i"})),
        ("redeem_invite", json!({"code": "c"})),
        (
            "set_member_role",
            json!({"session": session, "user_id": "u", "role": "member"}),
        ),
        ("remove_member", json!({"session": session, "user_id": "u"})),
        (
            "preview_retention",
            json!({"retention": {"keep": "months", "months": 1}}),
        ),
        ("export", json!({"session": null, "format": "json"})),
        ("import", json!({"piece": 0, "text": "", "last": true})),
        (
            "import_rules",
            json!({"piece": 0, "text": "", "last": true}),
        ),
        ("set_watch_list", json!({"symbols": []})),
        ("price_history", json!({"symbol": "BTC", "range": "1d"})),
        ("save_rule", json!({"id": null, "form": form})),
        ("preview_rule", json!({"form": form})),
        ("enable_rule", json!({"id": rule, "enabled": false})),
        (
            "snooze_rule",
            json!({"id": rule, "snooze": {"for": "wake"}}),
        ),
        ("mute_rule", json!({"id": rule, "muted": true})),
        ("delete_rule", json!({"id": rule})),
        ("firings", json!({"limit": 10, "symbol": null})),
    ];
    for name in ["select_workspace", "remove_workspace"] {
        all.push((name, json!({"id": workspace})));
    }
    for name in ["request_code", "resend_code", "reset_password"] {
        all.push((name, json!({"email": "a"})));
    }
    for name in ["delete_message", "retry_message", "discard_message"] {
        all.push((name, json!({"message": message})));
    }
    for name in [
        "open_session",
        "close_session",
        "delete_session",
        "details",
        "participants",
        "invites",
        "leave_session",
        "remove_from_device",
    ] {
        all.push((name, json!({"session": session})));
    }
    all.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_but_those_of_its_screen_is_answered_locked_and_changes_nothing() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    let session = app.session("Plans").await;
    let message = app.send(&session, "a secret").await;
    app.delivered(&message).await;
    let rule = app.ok(crate::alerts::crosses("70000")).await;
    let before = app.ok(api::GetSnapshot {}).await;
    let workspace = before.workspaces[0].id.clone();
    locked(&app).await;

    let arguments = arguments(&session, &message.id, &rule.id, &workspace);
    for name in arguments.keys() {
        assert!(Command::NAMES.contains(name), "no command {name}");
    }
    for name in Command::NAMES {
        if *name == "start_over" {
            continue;
        }
        // What has no arguments here takes none, or this is no command.
        let args = arguments.get(*name).cloned().unwrap_or_else(|| json!({}));
        let command = json!({"command": name, "args": args});
        let command: Command = serde_json::from_value(command)
            .unwrap_or_else(|error| panic!("arguments of {name}: {error}"));
        let answer = app.app.call(command).await;
        let code = answer.as_ref().err().map(|error| error.code);
        assert_eq!(
            code == Some(ErrorCode::Locked),
            !ANSWERED.contains(name),
            "{name}: {answer:?}"
        );
        let told = format!("{answer:?}");
        assert!(
            !told.contains("a secret") && !told.contains("Plans"),
            "{name}"
        );
    }

    app.ok(super::unlock(super::PASSPHRASE)).await;
    let after = app.ok(api::GetSnapshot {}).await;
    assert_eq!(after.workspaces, before.workspaces);
    assert_eq!(after.settings, before.settings);
    assert_eq!(after.alerts_muted_until, None);
    assert_eq!(app.contents(&session).await, ["a secret"]);
    let rules = app.ok(api::ListRules {}).await;
    assert_eq!(rules.len(), 1);
    assert!(rules[0].enabled);
    // The last of them does what it says, and is tested where it is about that.
    assert_eq!(
        app.refused(api::StartOver {}).await.code,
        ErrorCode::Invalid
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_before_it_closed_is_not_answered_after() {
    let project = Project::start().await;
    let (_device, app) = alices_device(&project).await;
    super::set(&app).await;
    // The server holds the answer back until the lock is closed.
    project
        .proxy
        .freeze(tidings_testkit::proxy::Direction::Down);
    let asked = Box::pin(app.call(api::CheckProject {
        url: project.proxy.url(),
        key: project.key(),
    }));
    let closed = Box::pin(async {
        app.ok(api::LockNow {}).await;
        project.proxy.thaw(tidings_testkit::proxy::Direction::Down);
    });
    let (answer, ()) = futures_util::future::join(asked, closed).await;
    assert_eq!(answer.unwrap_err().code, ErrorCode::Locked);
    app.stop().await;
}
