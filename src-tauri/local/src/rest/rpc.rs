//! `POST /rpc/<function>`: the functions of the members part.

use std::collections::BTreeMap;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::RestError;
use crate::auth::{Claims, Role};
use crate::state::AppState;
use crate::store::members::{self, Invite};
use crate::store::schema::Kind;
use crate::store::{PgError, StoreError, Value, policy};

/// The arguments of a call, by name.
type Arguments = BTreeMap<String, Box<RawValue>>;

const CREATE_INVITE: &str = "chat_create_invite";
const REDEEM_INVITE: &str = "chat_redeem_invite";

/// Calls the function `name`; a name or arguments that no function has are `PGRST202`.
pub async fn call(
    state: &AppState,
    claims: &Claims,
    name: &str,
    method: &Method,
    arguments: &Arguments,
) -> Result<Response, RestError> {
    let given = || arguments.keys().cloned().collect::<Vec<_>>();
    let has = |names: &[&str], required: &str| {
        arguments.contains_key(required)
            && arguments.keys().all(|name| names.contains(&name.as_str()))
    };
    let known = match name {
        CREATE_INVITE => has(&["session", "role", "seconds"], "session"),
        REDEEM_INVITE => has(&["code"], "code"),
        _ => false,
    };
    if !known || !state.store().parts().members {
        return Err(RestError::function(name, &given()));
    }
    if *method != Method::POST {
        let refusal = PgError::new(
            "25006",
            "cannot execute INSERT in a read-only transaction".to_owned(),
        );
        return Err(RestError::from_postgres(refusal, &claims.role));
    }
    if claims.role != Role::Authenticated {
        let message = format!("permission denied for function {name}");
        return Err(RestError::from_postgres(
            PgError::new("42501", message),
            &claims.role,
        ));
    }
    let arguments = Read {
        state,
        claims,
        arguments,
    };
    let body = if name == CREATE_INVITE {
        create_invite(&arguments).await?
    } else {
        redeem_invite(&arguments).await?
    };
    let mut response = (StatusCode::OK, body).into_response();
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

/// The arguments with the types that the function gives them.
struct Read<'a> {
    state: &'a AppState,
    claims: &'a Claims,
    arguments: &'a Arguments,
}

impl Read<'_> {
    fn value(&self, name: &str, kind: Kind, default: Value) -> Result<Value, RestError> {
        self.arguments.get(name).map_or(Ok(default), |raw| {
            Value::from_json(kind, raw, self.state.clock().now())
                .map_err(|refusal| RestError::from_postgres(refusal, &self.claims.role))
        })
    }

    fn text(&self, name: &str, default: Value) -> Result<Option<String>, RestError> {
        let value = self.value(name, Kind::Text, default)?;
        Ok(value.as_str().map(str::to_owned))
    }

    /// The user; empty for a token without one, whom nothing belongs to.
    fn user(&self) -> String {
        policy::subject(self.claims).unwrap_or_default().to_owned()
    }

    fn failed(&self, error: StoreError) -> RestError {
        RestError::from_store(error, &self.claims.role)
    }
}

#[derive(Serialize)]
struct Created<'a> {
    id: String,
    session_id: &'a str,
    role: &'a str,
    code: &'a str,
    expires_at: Box<RawValue>,
}

async fn create_invite(read: &Read<'_>) -> Result<String, RestError> {
    let session = read.text("session", Value::Null)?.unwrap_or_default();
    let role = read.text("role", Value::Text("member".to_owned()))?;
    let seconds = match read.value("seconds", Kind::BigInt, Value::Int(604_800))? {
        Value::Int(seconds) => Some(seconds),
        _ => None,
    };
    let user = read.user();
    let Invite { row, code } = read
        .state
        .store()
        .write(move |tx| members::create_invite(tx, &user, &session, role.as_deref(), seconds))
        .await
        .map_err(|error| read.failed(error))?;
    let mut expires_at = String::new();
    row.get("expires_at").write_json(&mut expires_at);
    let created = Created {
        id: row.key().to_text().unwrap_or_default(),
        session_id: row.get("session_id").as_str().unwrap_or_default(),
        role: row.get("role").as_str().unwrap_or_default(),
        code: &code,
        expires_at: RawValue::from_string(expires_at).map_err(|_| RestError::internal())?,
    };
    serde_json::to_string(&created).map_err(|_| RestError::internal())
}

#[derive(Serialize)]
struct Joined {
    session_id: String,
    role: String,
}

async fn redeem_invite(read: &Read<'_>) -> Result<String, RestError> {
    let code = read.text("code", Value::Null)?.unwrap_or_default();
    let user = read.user();
    if user.is_empty() {
        let message = "an invitation is redeemed by a user".to_owned();
        let refusal = PgError::new("42501", message);
        return Err(RestError::from_postgres(refusal, &read.claims.role));
    }
    let (session_id, role) = read
        .state
        .store()
        .write(move |tx| members::redeem_invite(tx, &user, &code))
        .await
        .map_err(|error| read.failed(error))?;
    serde_json::to_string(&Joined { session_id, role }).map_err(|_| RestError::internal())
}
