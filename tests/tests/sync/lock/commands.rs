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
fn arguments(session: &str, message: &str, rule: &str, workspace: &str) -> BTreeMap<String, Value> {
    let (settings, form) = (
        api::Settings::default(),
        json!({
            "symbol": "BTC", "repeat": "every", "cooldown_s": 0, "expires_at": null, "tags": [],
            "condition": {"kind": "above", "price": "70000"},
        }),
    );
    let mut all = json!({
        "check_project": {"url": "http://127.0.0.1:9", "key": "k"},
        "add_workspace": {"url": "http://127.0.0.1:9", "key": "k", "name": null},
        "sign_in": {"email": "a", "password": "p"},
        "sign_up": {"email": "a", "password": "p"},
        "verify_code": {"email": "a", "code": "1", "purpose": "recovery"},
        "sign_in_with_provider": {"provider": "github"},
        "verify_factor": {"factor": "f", "code": "1"},
        "enrol_factor": {"name": "n"},
        "remove_factor": {"factor": "f"},
        "set_name": {"name": "n"},
        "set_password": {"password": "p"},
        "unlock": {"passphrase": "wrong horse"},
        "set_passphrase": {"current": null, "passphrase": "another one"},
        "set_settings": {"settings": settings},
        "pause_download": {"paused": true},
        "frame_log": {"after": null},
        "open_link": {"url": "https://example.com"},
        "set_autostart": {"on": false},
        "choose_sound": {"name": "n", "data": ""},
        "mute_alerts": {"minutes": 5},
        "set_presence": {"presence": "away"},
        "messages": {"session": session, "at": {"at": "latest"}, "limit": 10},
        "find_date": {"session": session, "at": 0},
        "create_session": {"title": null},
        "update_session": {"session": session, "title": "t", "status": null},
        "send_message": {"session": session, "content": "c", "reply_to": null},
        "edit_message": {"message": message, "content": "c"},
        "retry_change": {"change": 1},
        "discard_change": {"change": 1},
        "answer_held": {"send": true},
        "mark_read": {"session": session, "message": message},
        "set_draft": {"session": session, "text": "t"},
        "typing": {"session": session, "typing": true},
        "pin_session": {"session": session, "pinned": true},
        "notify_session": {"session": session, "notify": "muted"},
        "search": {"query": "secret", "limit": 10},
        "create_invite": {"session": session, "role": "member", "seconds": 60},
        "withdraw_invite": {"invite": "i"},
        "redeem_invite": {"code": "c"},
        "set_member_role": {"session": session, "user_id": "u", "role": "member"},
        "remove_member": {"session": session, "user_id": "u"},
        "preview_retention": {"retention": {"keep": "months", "months": 1}},
        "export": {"session": null, "format": "json"},
        "import": {"piece": 0, "text": "", "last": true},
        "import_rules": {"piece": 0, "text": "", "last": true},
        "set_watch_list": {"symbols": []},
        "price_history": {"symbol": "BTC", "range": "day"},
        "save_rule": {"id": null, "form": form},
        "preview_rule": {"form": form},
        "enable_rule": {"id": rule, "enabled": false},
        "snooze_rule": {"id": rule, "snooze": {"for": "wake"}},
        "mute_rule": {"id": rule, "muted": true},
        "delete_rule": {"id": rule},
        "firings": {"limit": 10, "symbol": null},
    });
    let fields = all.as_object_mut().unwrap();
    for name in ["select_workspace", "remove_workspace"] {
        fields.insert(name.to_owned(), json!({"id": workspace}));
    }
    for name in ["request_code", "resend_code", "reset_password"] {
        fields.insert(name.to_owned(), json!({"email": "a"}));
    }
    for name in ["delete_message", "retry_message", "discard_message"] {
        fields.insert(name.to_owned(), json!({"message": message}));
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
        fields.insert(name.to_owned(), json!({"session": session}));
    }
    fields.clone().into_iter().collect()
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
        assert!(Command::NAMES.contains(&name.as_str()), "no command {name}");
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
    let session = app.session("Plans").await;
    super::set(&app).await;
    // The server holds the answer back until the lock is closed.
    project
        .proxy
        .freeze(tidings_testkit::proxy::Direction::Down);
    let asked = app.call(api::ListParticipants {
        session: session.clone(),
    });
    let closed = async {
        app.ok(api::LockNow {}).await;
        project.proxy.thaw(tidings_testkit::proxy::Direction::Down);
    };
    let (answer, ()) = futures_util::future::join(asked, closed).await;
    assert_eq!(answer.unwrap_err().code, ErrorCode::Locked);
    app.stop().await;
}
