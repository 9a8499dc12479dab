//! A server under test, and people at it.

use std::sync::Arc;

use serde_json::{Value, json};
use tidings_local::{LocalServer, Options};
use tidings_supabase::{
    Auth, AuthState, Filter, Http, Insert, MemoryStore, Project, ProjectKey, Rest, Rows, Secret,
    SessionStore as _, SignUp, TokenManager,
};
use tidings_tests::peer::Peer;
use uuid::Uuid;

use crate::lite;

/// A server with the four tables.
pub struct Target {
    pub url: String,
    pub key: String,
    pub service_key: String,
    pub jwt_secret: String,
    /// Whether a violated CHECK has PostgREST's own code and status.
    pub check_code: &'static str,
    /// Whether numbers keep more digits than a double has.
    pub exact: bool,
    _server: Option<LocalServer>,
}

/// A user with a client of their own.
pub struct Person {
    pub id: String,
    pub email: String,
    pub password: Secret,
    pub store: Arc<MemoryStore>,
    pub tokens: TokenManager,
    pub rest: Rest,
}

impl Target {
    /// The vendor's server; `None`, with the reason printed, where it cannot run.
    pub fn lite() -> Option<Self> {
        match tokio::task::block_in_place(lite::lite) {
            Ok(lite) => Some(Self {
                url: lite.url.clone(),
                key: lite.publishable_key.clone(),
                service_key: lite.secret_key.clone(),
                jwt_secret: lite.jwt_secret.clone(),
                check_code: "SUP",
                exact: false,
                _server: None,
            }),
            Err(why) => {
                println!("SKIPPED: @supabase/lite: {why}");
                None
            }
        }
    }

    /// The local workspace's server.
    pub async fn local() -> Self {
        let server = LocalServer::start(Options::default()).await.unwrap();
        let info = server.info();
        Self {
            url: info.url,
            key: info.publishable_key.reveal().to_owned(),
            service_key: info.service_role_key.reveal().to_owned(),
            jwt_secret: info.jwt_secret.reveal().to_owned(),
            check_code: "23514",
            exact: true,
            _server: Some(server),
        }
    }

    pub fn auth(&self) -> Auth {
        Auth::new(Http::new().unwrap(), self.project(&self.key))
    }

    pub fn project(&self, key: &str) -> Project {
        Project::new(&self.url, ProjectKey::parse(key).unwrap()).unwrap()
    }

    /// A client that speaks for nobody.
    pub fn nobody(&self) -> Rest {
        Rest::new(Http::new().unwrap(), self.project(&self.key))
    }

    /// A client that speaks for whoever these tokens belong to.
    pub fn rest(&self, tokens: &TokenManager) -> Rest {
        self.nobody().with_tokens(tokens.clone())
    }

    /// The service, which no policy binds.
    pub fn service(&self) -> Peer {
        Peer::service(&self.url, &self.service_key).unwrap()
    }

    /// A manager over what is kept, as another start of the program finds it.
    pub async fn open(&self, store: &Arc<MemoryStore>) -> TokenManager {
        TokenManager::open(self.auth(), store.clone())
            .await
            .unwrap()
    }

    /// Somebody new, signed in.
    pub async fn newcomer(&self, name: &str) -> Person {
        let store = Arc::new(MemoryStore::new());
        let tokens = self.open(&store).await;
        let email = format!("{name}-{}@example.com", Uuid::new_v4());
        let password = Secret::new(Uuid::new_v4().to_string());
        let answer = tokens.sign_up(&email, &password).await.unwrap();
        let SignUp::Session(session) = answer else {
            panic!("the address would have to be confirmed");
        };
        Person {
            id: session.user.id,
            email,
            password,
            rest: self.rest(&tokens),
            store,
            tokens,
        }
    }
}

impl Person {
    /// Opens a session of one's own.
    pub async fn session(&self) -> String {
        let id = format!("s-{}", Uuid::new_v4());
        let row = json!({"id": id, "user_id": self.id, "title": "Plans"});
        let made = self
            .rest
            .insert_ignore_duplicates("chat_sessions", &row)
            .await;
        assert!(matches!(made.unwrap(), Insert::Inserted(_)));
        id
    }

    /// A message as a client writes it.
    pub fn message(&self, session: &str, content: &str) -> Value {
        json!({
            "id": Uuid::now_v7(),
            "session_id": session,
            "user_id": self.id,
            "role": "user",
            "content": content,
        })
    }

    /// Writes a message and returns it as stored.
    pub async fn write(&self, message: &Value) -> Value {
        let stored = self
            .rest
            .insert_ignore_duplicates("chat_messages", message)
            .await
            .unwrap();
        match stored {
            Insert::Inserted(row) => serde_json::from_str(row.get()).unwrap(),
            Insert::AlreadyThere => panic!("{message} was there already"),
        }
    }

    /// The kept refresh token.
    pub fn kept(&self) -> Option<Secret> {
        Some(self.store.load().unwrap()?.refresh_token)
    }

    pub fn state(&self) -> AuthState {
        self.tokens.state().borrow().clone()
    }
}

/// The rows as JSON.
pub fn values(rows: &Rows) -> Vec<Value> {
    rows.rows
        .iter()
        .map(|row| serde_json::from_str(row.get()).unwrap())
        .collect()
}

/// `column = value`
pub fn is(column: &'static str, value: &Value) -> Filter {
    Filter::eq(column, value.as_str().unwrap())
}

/// `session_id = session`
pub fn in_session(session: &str) -> Filter {
    Filter::eq("session_id", session)
}
