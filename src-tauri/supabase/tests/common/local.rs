//! The local workspace's own server, and clients of it.

use std::sync::Arc;

use tidings_local::{AuthBehaviour, Behaviour, LocalServer, Options};
use tidings_supabase::{Auth, Http, MemoryStore, Project, ProjectKey, TokenManager};

pub async fn start(auth: AuthBehaviour) -> LocalServer {
    let behaviour = Behaviour {
        auth,
        ..Behaviour::default()
    };
    let options = Options {
        behaviour,
        ..Options::default()
    };
    LocalServer::start(options).await.unwrap()
}

pub fn auth(server: &LocalServer) -> Auth {
    let info = server.info();
    let key = ProjectKey::parse(info.publishable_key.reveal()).unwrap();
    let project = Project::new(&info.url, key).unwrap();
    Auth::new(Http::new().unwrap(), project)
}

pub async fn device(server: &LocalServer) -> (TokenManager, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    let tokens = TokenManager::open(auth(server), store.clone())
        .await
        .unwrap();
    (tokens, store)
}
