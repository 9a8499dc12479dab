//! `/admin/users` for the service role.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::Call;
use super::change::merge;
use super::error::AuthError;
use super::password;
use super::sign_in::find;
use super::user::User;
use crate::options::Secret;

/// Creates a user.
pub async fn create(call: Call) -> Result<Response, AuthError> {
    call.must_be_admin()?;
    let (email, phone) = (call.email()?, call.phone()?);
    if email.is_none() && phone.is_none() {
        return Err(AuthError::bad_request(
            "validation_failed",
            "Cannot create a user without either an email or phone",
        ));
    }
    let hash = new_hash(&call).await?;
    let truth = |name: &str| call.body.get(name).and_then(Value::as_bool) == Some(true);
    let confirmed = truth("email_confirm") || truth("phone_confirm");
    let id = match call.text("id") {
        Some(id) => Some(uuid(id)?),
        None => None,
    };
    let data = call.object("user_metadata").unwrap_or_default();
    let app = call.object("app_metadata").unwrap_or_default();
    call.state
        .store()
        .write(move |tx| {
            if find(tx.connection(), email.as_deref(), phone.as_deref())?.is_some() {
                return Err(AuthError::unprocessable(
                    "email_exists",
                    "A user with this email address has already been registered",
                ));
            }
            let mut user = User::new(email, phone, data, tx.now());
            user.id = id.unwrap_or(user.id);
            user.password_hash = hash;
            user.confirmed_at = confirmed.then(|| tx.now());
            merge(&mut user.app_metadata, app);
            user.save(tx.connection())?;
            Ok(Json(user.to_json()).into_response())
        })
        .await
}

/// Tells the users, page by page.
pub async fn list(call: Call) -> Result<Response, AuthError> {
    call.must_be_admin()?;
    let number = |name: &str, default: i64| {
        call.query
            .get(name)
            .and_then(|text| text.parse::<i64>().ok())
            .unwrap_or(default)
            .max(1)
    };
    let (page, size) = (number("page", 1), number("per_page", 50).min(1000));
    let users = call
        .state
        .store()
        .read(move |connection| {
            Ok::<_, AuthError>(User::list(
                connection,
                size,
                (page - 1).saturating_mul(size),
            )?)
        })
        .await?;
    let users: Vec<Value> = users.iter().map(User::to_json).collect();
    Ok(Json(json!({"users": users, "aud": "authenticated"})).into_response())
}

/// Tells one user.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Response, AuthError> {
    call.must_be_admin()?;
    let id = uuid(&id)?;
    let user = call
        .state
        .store()
        .read(move |connection| User::by_id(connection, &id)?.ok_or_else(unknown))
        .await?;
    Ok(Json(user.to_json()).into_response())
}

/// Changes one user.
pub async fn update(Path(id): Path<String>, call: Call) -> Result<Response, AuthError> {
    call.must_be_admin()?;
    let id = uuid(&id)?;
    let (email, phone) = (call.email()?, call.phone()?);
    let hash = new_hash(&call).await?;
    let data = call.object("user_metadata").unwrap_or_default();
    let app = call.object("app_metadata").unwrap_or_default();
    call.state
        .store()
        .write(move |tx| {
            let mut user = User::by_id(tx.connection(), &id)?.ok_or_else(unknown)?;
            user.email = email.or(user.email);
            user.phone = phone.or(user.phone);
            user.password_hash = hash.or(user.password_hash);
            merge(&mut user.user_metadata, data);
            merge(&mut user.app_metadata, app);
            user.updated_at = tx.now();
            user.save(tx.connection())?;
            Ok(Json(user.to_json()).into_response())
        })
        .await
}

/// Deletes one user with all sessions. The rows of the four tables stay.
pub async fn delete(Path(id): Path<String>, call: Call) -> Result<Response, AuthError> {
    call.must_be_admin()?;
    let id = uuid(&id)?;
    call.state
        .store()
        .write(move |tx| {
            if User::delete(tx.connection(), &id)? {
                Ok(Json(json!({})).into_response())
            } else {
                Err(unknown())
            }
        })
        .await
}

async fn new_hash(call: &Call) -> Result<Option<String>, AuthError> {
    match call.text("password") {
        Some(secret) => {
            password::check(secret)?;
            password::hash(Secret::new(secret)).await.map(Some)
        }
        None => Ok(None),
    }
}

fn uuid(text: &str) -> Result<String, AuthError> {
    Uuid::parse_str(text).map(|id| id.to_string()).map_err(|_| {
        AuthError::new(
            StatusCode::NOT_FOUND,
            "validation_failed",
            "user_id must be an UUID",
        )
    })
}

fn unknown() -> AuthError {
    AuthError::new(StatusCode::NOT_FOUND, "user_not_found", "User not found")
}
