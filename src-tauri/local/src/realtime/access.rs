//! Who may use a private channel: what stands for the policies on `realtime.messages`.

use super::behaviour::Access;
use crate::auth::{Claims, Role};
use crate::state::AppState;
use crate::store::{StoreError, policy};

/// What a session's channel is called before its id.
const SESSION: &str = "session:";

/// What `claims` may do on the private channel `name` (without `realtime:`). With the members
/// part the channel of a session is for those who take part in it; every other one follows
/// [`super::RealtimeBehaviour::private`].
pub(super) async fn private(state: &AppState, claims: &Claims, name: &str) -> Access {
    let session = name
        .strip_prefix(SESSION)
        .filter(|_| state.store().parts().members && claims.role != Role::ServiceRole);
    let Some(session) = session.map(str::to_owned) else {
        return state.realtime().behaviour.private.access(claims, name);
    };
    let Some(user) = policy::subject(claims).map(str::to_owned) else {
        return Access::NONE;
    };
    let role = state
        .store()
        .read(move |connection| Ok::<_, StoreError>(policy::role_in(connection, &user, &session)?))
        .await;
    match role.as_ref().map(Option::as_deref) {
        Ok(Some("owner" | "member")) => Access::FULL,
        Ok(Some("reader")) => Access::READER,
        Ok(_) => Access::NONE,
        Err(error) => {
            tracing::error!(%error, "a membership could not be read");
            Access::NONE
        }
    }
}
