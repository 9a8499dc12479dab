//! The paths of Auth.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
use axum::{Json, Router, middleware};
use serde_json::json;

use super::{admin, call, change, error, mfa, oauth, pending, sign_in};
use crate::state::AppState;

pub(crate) fn routes(state: &AppState) -> Router<AppState> {
    let keyed = Router::new()
        .route("/auth/v1/signup", post(sign_in::sign_up))
        .route("/auth/v1/token", post(sign_in::token))
        .route("/auth/v1/logout", post(sign_in::log_out))
        .route("/auth/v1/user", get(change::get_user).put(change::put_user))
        .route("/auth/v1/reauthenticate", get(change::reauthenticate))
        .route("/auth/v1/otp", post(pending::otp))
        .route("/auth/v1/magiclink", post(pending::otp))
        .route("/auth/v1/recover", post(pending::recover))
        .route("/auth/v1/resend", post(pending::resend))
        .route("/auth/v1/verify", post(pending::verify))
        .route("/auth/v1/factors", post(mfa::enrol))
        .route("/auth/v1/factors/{id}", delete(mfa::remove))
        .route("/auth/v1/factors/{id}/challenge", post(mfa::challenge))
        .route("/auth/v1/factors/{id}/verify", post(mfa::verify))
        .route("/auth/v1/settings", get(settings))
        .route("/auth/v1/health", get(health))
        .route("/auth/v1/admin/users", get(admin::list).post(admin::create))
        .route(
            "/auth/v1/admin/users/{id}",
            get(admin::get).put(admin::update).delete(admin::delete),
        )
        .route("/auth/v1/admin/users/{id}/factors", get(mfa::list))
        .route(
            "/auth/v1/admin/users/{id}/factors/{factor}",
            delete(mfa::remove_of),
        )
        .layer(middleware::from_fn_with_state(
            state.clone(),
            call::require_key,
        ));
    // A browser that follows a link has no key to show.
    Router::new()
        .route("/auth/v1/authorize", get(oauth::authorize))
        .route("/auth/v1/consent", get(oauth::consent))
        .route("/auth/v1/callback", get(oauth::callback))
        .route("/auth/v1/.well-known/jwks.json", get(jwks))
        .merge(keyed)
        .layer(middleware::from_fn(error::shape))
}

async fn settings(State(state): State<AppState>) -> impl IntoResponse {
    let behaviour = &state.behaviour().auth;
    let mut external = json!({
        "anonymous_users": false,
        "email": true,
        "phone": false,
        "apple": false,
        "github": false,
        "google": false,
    });
    for name in behaviour.stub_provider.iter().flat_map(|stub| &stub.names) {
        external[name] = json!(true);
    }
    Json(json!({
        "external": external,
        "disable_signup": !behaviour.signup,
        "mailer_autoconfirm": !behaviour.confirm_email,
        "phone_autoconfirm": true,
        "sms_provider": "",
        "saml_enabled": false,
    }))
}

async fn health() -> impl IntoResponse {
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "name": "tidings-local",
        "description": "Auth of the Tidings local workspace",
    }))
}

/// A shared secret has no public key: clients ask `/user` instead.
async fn jwks() -> impl IntoResponse {
    Json(json!({"keys": []}))
}
