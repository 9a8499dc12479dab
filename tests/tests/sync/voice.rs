//! Files of voice messages: fetched once, kept, and never from elsewhere.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tidings_contract::{self as api, ErrorCode, NamedFile};
use tidings_testkit::bob;
use tidings_tests::peer::Peer;
use tidings_tests::project::{Asked, Project};
use tidings_tests::sound::wav;

use crate::kit::{Client, Device, alices_device};

/// What is asked of Storage.
const STORAGE: &str = "/storage/";

/// A project with a bucket, Alice's app on it, and Bob, who records.
struct Stage {
    project: Project,
    device: Device,
    app: Client,
    session: String,
    /// What is asked of the server, that of others included.
    asked: Asked,
    bob: Peer,
}

impl Stage {
    async fn new() -> Self {
        let project = Project::start().await;
        project.service().make_bucket("voice", false).await.unwrap();
        let (device, app) = alices_device(&project).await;
        let session = app.session("Plans").await;
        let bob = project.newcomer(&bob()).await;
        let asked = project.watch();
        Self {
            project,
            device,
            app,
            session,
            asked,
            bob,
        }
    }

    /// A voice message with this metadata, once the app has it.
    async fn message(&self, metadata: Value) -> api::MessageRow {
        let row = json!({
            "session_id": self.session, "user_id": self.bob.user(), "role": "user",
            "content": "A word", "message_type": "voice", "metadata": metadata,
        });
        let stored = self.project.service().insert("chat_messages", row).await;
        let id = stored.unwrap()["id"].as_str().unwrap().to_owned();
        self.app
            .message("the voice message", &self.session, &id, |_| true)
            .await
    }

    /// One with a file of its own.
    async fn recorded(&self, name: &str, content: Vec<u8>) -> String {
        let path = format!("voice/{name}");
        self.bob.store(&path, "audio/wav", content).await.unwrap();
        let file = json!({"file": {"bucket": "voice", "path": name}});
        let row = self.message(file).await;
        assert_eq!(row.file, Some(NamedFile::Project));
        row.id
    }

    async fn hear(&self, message: &str) -> Vec<u8> {
        hear(&self.app, message).await
    }

    async fn refused(&self, message: &str) -> api::ApiError {
        self.app.refused(wanted(message)).await
    }

    /// How often a file was asked for.
    fn fetched(&self) -> usize {
        let asked = self.asked.of(STORAGE);
        asked.iter().filter(|line| line.starts_with("GET")).count()
    }
}

fn wanted(message: &str) -> api::GetVoiceFile {
    api::GetVoiceFile {
        message: message.to_owned(),
    }
}

async fn hear(app: &Client, message: &str) -> Vec<u8> {
    let file = app.ok(wanted(message)).await;
    assert_eq!(file.mime_type, "audio/wav");
    STANDARD.decode(file.content).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_fetched_once_and_heard_without_a_connection_and_after_a_restart() {
    let stage = Stage::new().await;
    let message = stage.recorded("maya/a%20b.wav", wav(800)).await;
    // Metadata names it as it is, not encoded.
    assert_eq!(stage.refused(&message).await.code, ErrorCode::NotFound);
    let named = json!({"file": {"bucket": "voice", "path": "maya/a b.wav"}});
    let message = stage.message(named).await.id;
    stage.asked.forget();

    let all = tokio::join!(
        stage.hear(&message),
        stage.hear(&message),
        stage.hear(&message)
    );
    assert_eq!(all, (wav(800), wav(800), wav(800)));
    assert_eq!(stage.fetched(), 1, "who wants it meanwhile waits for it");

    stage.project.proxy.go_offline();
    stage.app.offline().await;
    assert_eq!(stage.hear(&message).await, wav(800));
    let Stage { device, app, .. } = stage;
    app.stop().await;
    let app = device.start().await;
    assert_eq!(hear(&app, &message).await, wav(800));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_heard_needs_a_connection_once() {
    let stage = Stage::new().await;
    let message = stage.recorded("a.wav", wav(80)).await;
    stage.project.proxy.go_offline();
    stage.app.offline().await;
    let refused = stage.refused(&message).await;
    assert_eq!(refused.code, ErrorCode::Offline);
    assert!(refused.message.contains("Once heard"), "{refused}");
    stage.project.proxy.heal();
    stage.app.ok(api::Connect {}).await;
    stage.app.live().await;
    assert_eq!(stage.hear(&message).await, wav(80));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_too_large_or_no_audio_says_so_and_is_not_kept() {
    let stage = Stage::new().await;
    let gone = stage.recorded("gone.wav", wav(80)).await;
    stage.bob.remove("voice", &["gone.wav"]).await.unwrap();
    let refused = stage.refused(&gone).await;
    assert_eq!(refused.code, ErrorCode::NotFound);
    assert!(refused.message.contains("not in the project"), "{refused}");

    let large = stage.recorded("large.wav", wav(25 << 20)).await;
    let refused = stage.refused(&large).await;
    assert_eq!(refused.code, ErrorCode::Refused);
    assert!(refused.message.contains("25 MiB"), "{refused}");

    let page = b"<!doctype html><script>alert(1)</script>".to_vec();
    let page = stage.recorded("page.wav", page).await;
    let refused = stage.refused(&page).await;
    assert_eq!(refused.code, ErrorCode::Refused);
    assert!(refused.message.contains("no audio"), "{refused}");
    let fetched = stage.fetched();
    stage.refused(&page).await;
    assert_eq!(stage.fetched(), fetched + 1, "nothing of it was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_of_another_host_or_beside_storage() {
    let stage = Stage::new().await;
    let url = "https://files.example.org/a.wav";
    let elsewhere = stage.message(json!({"file": url})).await;
    assert_eq!(
        elsewhere.file,
        Some(NamedFile::Elsewhere {
            url: url.to_owned()
        })
    );
    let own = stage.project.server.info().url;
    let mut rows = vec![elsewhere];
    for file in [
        json!({"bucket": "voice", "path": "../../rest/v1/chat_messages"}),
        json!({"bucket": "..", "path": "a.wav"}),
        json!("voice/%2e%2e/../a.wav"),
        json!("file:///etc/passwd"),
        json!(["voice", "a.wav"]),
    ] {
        let row = stage.message(json!({"file": file})).await;
        assert_eq!(row.file, None, "{file}");
        rows.push(row);
    }
    // Beside the proxy it is another origin than the workspace's.
    let beside = format!("{own}/storage/v1/object/public/voice/a.wav");
    rows.push(stage.message(json!({"file": beside})).await);
    for row in rows {
        let refused = stage.refused(&row.id).await;
        assert_eq!(refused.code, ErrorCode::Invalid, "{:?}", row.metadata);
    }
    assert_eq!(stage.asked.of(STORAGE), Vec::<String>::new());

    let through = format!(
        "{}/storage/v1/object/public/voice/a.wav?token=x",
        stage.project.proxy.url()
    );
    stage
        .bob
        .store("voice/a.wav", "audio/wav", wav(8))
        .await
        .unwrap();
    stage.asked.forget();
    let row = stage.message(json!({"audio_url": through})).await;
    assert_eq!(row.file, Some(NamedFile::Project));
    assert_eq!(stage.hear(&row.id).await, wav(8));
    let asked = stage.asked.of(STORAGE);
    let expected = "GET /storage/v1/object/authenticated/voice/a.wav?";
    assert_eq!(asked, [expected], "with one's own rights, not by the token");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_renewed() {
    let stage = Stage::new().await;
    let message = stage.recorded("a.wav", wav(80)).await;
    let later = i64::try_from(Duration::from_hours(2).as_secs()).unwrap();
    stage.project.server.state().hooks().set_clock_offset(later);
    assert_eq!(stage.hear(&message).await, wav(80));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_with_its_message() {
    let stage = Stage::new().await;
    let message = stage.recorded("a.wav", wav(80)).await;
    assert_eq!(stage.hear(&message).await, wav(80));
    let query = format!("id=eq.{message}");
    let service = stage.project.service();
    service.delete("chat_messages", &query).await.unwrap();
    let gone = stage
        .app
        .until("the deletion", crate::kit::latest(&stage.session), |page| {
            page.rows.iter().all(|row| row.id != message)
        });
    gone.await;
    assert_eq!(stage.refused(&message).await.code, ErrorCode::NotFound);
}
