//! Storage: who stores, reads, replaces and removes objects.

use reqwest::Method;
use serde_json::{Value, json};
use tidings_local::{Behaviour, LocalServer};

use crate::support::{Actor, Told, anon, service, start, user};

const OBJECT: &str = "/storage/v1/object";

async fn bucket(server: &LocalServer, form: Value) {
    let told = service(server).post("/storage/v1/bucket", &form).await;
    assert_eq!(told.status, 200, "{}", told.text);
}

impl Actor {
    async fn store(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Told {
        let body = Some("\"sound\"");
        self.ask(method, &format!("{OBJECT}/{path}"), headers, body)
            .await
    }

    async fn read(&self, path: &str) -> Told {
        self.get(&format!("{OBJECT}/{path}")).await
    }
}

/// HTTP's status, and what the body says.
fn refusal(told: &Told) -> (u16, String, String) {
    let text = |name: &str| told.json()[name].as_str().unwrap_or_default().to_owned();
    (told.status.as_u16(), text("statusCode"), text("error"))
}

fn says(status: &str, error: &str) -> (u16, String, String) {
    (400, status.to_owned(), error.to_owned())
}

#[tokio::test]
async fn an_object_is_read_as_it_was_stored() {
    let server = start(Behaviour::default()).await;
    bucket(&server, json!({"name": "voice"})).await;
    let alice = user(&server, "alice").await;
    let path = "voice/maya/%C3%A4%20b%23.json";
    let told = alice.store(Method::POST, path, &[]).await;
    assert_eq!(told.status, 200, "{}", told.text);
    assert_eq!(told.json()["Key"], "voice/maya/ä b#.json");
    for way in ["", "authenticated/"] {
        let told = alice.read(&format!("{way}{path}")).await;
        assert_eq!(told.status, 200);
        assert_eq!(told.header("content-type"), "application/json");
        assert_eq!(told.text, "\"sound\"");
    }
}

#[tokio::test]
async fn ones_own_objects_are_replaced_and_removed_and_those_of_others_are_not() {
    let server = start(Behaviour::default()).await;
    bucket(&server, json!({"name": "voice"})).await;
    let (alice, bob) = (user(&server, "alice").await, user(&server, "bob").await);
    let first = alice.store(Method::POST, "voice/a", &[]).await.json();
    let again = alice.store(Method::POST, "voice/a", &[]).await;
    assert_eq!(refusal(&again), says("409", "Duplicate"));
    let upsert = [("x-upsert", "true")];
    let replaced = alice.store(Method::POST, "voice/a", &upsert).await.json();
    assert_eq!(first["Id"], replaced["Id"]);
    for method in [Method::POST, Method::PUT] {
        let refused = bob.store(method, "voice/a", &upsert).await;
        assert_eq!(refusal(&refused), says("403", "Unauthorized"));
    }
    assert_eq!(bob.read("authenticated/voice/a").await.status, 200);

    let names = json!({"prefixes": ["a", "b"]}).to_string();
    let remove = |actor: Actor| {
        let names = names.clone();
        async move {
            let path = format!("{OBJECT}/voice");
            let told = actor.ask(Method::DELETE, &path, &[], Some(&names)).await;
            told.json().as_array().unwrap().len()
        }
    };
    assert_eq!(remove(bob.clone()).await, 0);
    assert_eq!(remove(alice.clone()).await, 1);
    let gone = alice.read("authenticated/voice/a").await;
    assert_eq!(refusal(&gone), says("404", "not_found"));
}

#[tokio::test]
async fn strangers_read_public_buckets_alone_and_store_nothing() {
    let server = start(Behaviour::default()).await;
    bucket(&server, json!({"name": "open", "public": true})).await;
    bucket(&server, json!({"name": "closed"})).await;
    let (alice, nobody) = (user(&server, "alice").await, anon(&server));
    for name in ["open/a", "closed/a"] {
        assert_eq!(alice.store(Method::POST, name, &[]).await.status, 200);
        let refused = nobody.store(Method::POST, name, &[]).await;
        assert_eq!(refusal(&refused), says("403", "Unauthorized"));
    }
    assert_eq!(nobody.read("public/open/a").await.status, 200);
    let no_object = says("404", "not_found");
    assert_eq!(refusal(&nobody.read("public/closed/a").await), no_object);
    assert_eq!(refusal(&nobody.read("closed/a").await), no_object);
    assert_eq!(refusal(&alice.read("public/closed/a").await), no_object);
    let form = json!({"name": "mine"});
    let made = alice.post("/storage/v1/bucket", &form).await;
    assert_eq!(refusal(&made), says("403", "Unauthorized"));
    let stale = Actor {
        token: Some("a.b.c".to_owned()),
        ..alice.clone()
    };
    let refused = stale.read("authenticated/open/a").await;
    assert_eq!(refusal(&refused), says("403", "Unauthorized"));
    let keyless = Actor {
        key: "sb_publishable_unknown".to_owned(),
        ..alice
    };
    assert_eq!(keyless.read("authenticated/open/a").await.status, 401);
}

#[tokio::test]
async fn a_bucket_takes_what_it_says() {
    let server = start(Behaviour::default()).await;
    let form = json!({"name": "voice", "file_size_limit": 6, "allowed_mime_types": ["audio/*"]});
    bucket(&server, form).await;
    let again = json!({"name": "voice"});
    let again = service(&server).post("/storage/v1/bucket", &again).await;
    assert_eq!(refusal(&again), says("409", "Duplicate"));
    let alice = user(&server, "alice").await;
    let refused = alice.store(Method::POST, "voice/a", &[]).await;
    assert_eq!(refusal(&refused), says("415", "invalid_mime_type"));
    let put = |content: &'static str| {
        let request = alice
            .client
            .post(format!("{}{OBJECT}/voice/a", alice.url))
            .header("apikey", &alice.key)
            .header("content-type", "audio/ogg; codecs=opus")
            .bearer_auth(alice.token.clone().unwrap())
            .body(content);
        async move {
            let answer: Value = request.send().await.unwrap().json().await.unwrap();
            answer["statusCode"].as_str().map(str::to_owned)
        }
    };
    assert_eq!(put("OggS..1").await.as_deref(), Some("413"));
    assert_eq!(put("OggS..").await, None);
    let none = alice.store(Method::POST, "nowhere/a", &[]).await;
    assert_eq!(refusal(&none), says("404", "Bucket not found"));
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    let server = start(Behaviour::default()).await;
    bucket(&server, json!({"name": "voice"})).await;
    let alice = user(&server, "alice").await;
    for name in ["a%2F..%2Fb", "%2e%2e%2Fb", "a%00", "a%5Cb", "a%2F%2Fb"] {
        let refused = alice
            .store(Method::POST, &format!("voice/{name}"), &[])
            .await;
        assert_eq!(refusal(&refused), says("400", "InvalidKey"), "{name}");
    }
}
