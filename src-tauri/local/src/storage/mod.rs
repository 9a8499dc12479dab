//! Storage: buckets, and objects that are stored, replaced, read and removed.
//!
//! Real projects decide by policies. Here whoever is signed in stores objects and reads all of them,
//! and replaces and removes one's own; public buckets are read by everybody; the service role may do
//! everything, and it alone makes buckets.

mod error;
mod objects;

use axum::body::to_bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router, middleware};
use bytes::Bytes;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::{Claims, Role};
use crate::gateway::{self, Caller};
use crate::hooks;
use crate::state::AppState;
use error::{Refused, StorageError};
use objects::{Bucket, Content, NewObject, Stamp};

/// The largest object, as a project has it unless it is set otherwise.
const LARGEST: usize = 50 << 20;
/// What a form says beside the object in it.
const FORM: usize = 64 << 10;
const OCTETS: &str = "application/octet-stream";

pub(crate) fn routes(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/storage/v1/bucket", get(buckets).post(make_bucket))
        .route("/storage/v1/bucket/{id}", get(bucket))
        .route("/storage/v1/object/{bucket}", delete(remove))
        .route(
            "/storage/v1/object/{bucket}/{*name}",
            get(read).post(store).put(store),
        )
        .route(
            "/storage/v1/object/authenticated/{bucket}/{*name}",
            get(read),
        )
        .route("/storage/v1/object/info/{bucket}/{*name}", get(info))
        .route(
            "/storage/v1/object/public/{bucket}/{*name}",
            get(read_public),
        )
        .layer(DefaultBodyLimit::max(LARGEST + FORM))
        .layer(middleware::from_fn_with_state(state.clone(), hooks::limit))
}

/// Who asks.
fn identify(state: &AppState, headers: &HeaderMap) -> Result<Claims, Refused> {
    let Caller { key, bearer } = gateway::caller(state, headers, "")?;
    match bearer {
        Some(token) => Ok(state.verify(&token).map_err(StorageError::from)?),
        None => Ok(key),
    }
}

#[derive(Deserialize)]
struct BucketForm {
    id: Option<String>,
    name: String,
    #[serde(default)]
    public: bool,
    #[serde(default)]
    file_size_limit: Option<u64>,
    #[serde(default)]
    allowed_mime_types: Option<Vec<String>>,
}

async fn make_bucket(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    let claims = identify(&state, &headers)?;
    if claims.role != Role::ServiceRole {
        return Err(StorageError::row_security().into());
    }
    let form: BucketForm =
        serde_json::from_slice(&body).map_err(|error| StorageError::body(error.to_string()))?;
    let bucket = Bucket {
        id: form.id.unwrap_or(form.name),
        public: form.public,
        size_limit: form.file_size_limit,
        mime_types: form.allowed_mime_types,
    };
    if bucket.id.contains('/') {
        return Err(StorageError::key(&bucket.id).into());
    }
    objects::check_name(&bucket.id)?;
    let name = bucket.id.clone();
    let made = state
        .store()
        .write(move |tx| bucket.insert(tx.connection()))
        .await?;
    if !made {
        return Err(StorageError::duplicate().into());
    }
    Ok(Json(json!({"name": name})))
}

async fn bucket(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    let claims = identify(&state, &headers)?;
    let found = state
        .store()
        .read(move |connection| Bucket::find(connection, &id))
        .await?;
    let bucket = found
        .filter(|_| claims.role != Role::Anon)
        .ok_or_else(StorageError::no_bucket)?;
    Ok(Json(bucket.listed()))
}

async fn buckets(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Json<Vec<Value>>, Refused> {
    let claims = identify(&state, &headers)?;
    if claims.role == Role::Anon {
        return Ok(Json(Vec::new()));
    }
    let all = state.store().read(Bucket::all).await?;
    Ok(Json(all.iter().map(Bucket::listed).collect()))
}

async fn read(
    State(state): State<AppState>,
    Path((bucket, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let claims = identify(&state, &headers)?;
    answer(&state, bucket, name, claims.role != Role::Anon).await
}

async fn read_public(
    State(state): State<AppState>,
    Path((bucket, name)): Path<(String, String)>,
) -> Result<Response, Refused> {
    answer(&state, bucket, name, false).await
}

/// What is known of an object, without its content.
async fn info(
    State(state): State<AppState>,
    Path((bucket, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    let signed_in = identify(&state, &headers)?.role != Role::Anon;
    let told = state
        .store()
        .read(move |connection| {
            let bucket = existing(connection, &bucket)?;
            let stamp = Stamp::find(connection, &bucket.id, &name)?;
            let seen = stamp.filter(|_| bucket.public || signed_in);
            seen.map(|stamp| stamp.told(&bucket.id, &name))
                .ok_or_else(StorageError::no_object)
        })
        .await?;
    Ok(Json(told))
}

async fn answer(
    state: &AppState,
    bucket: String,
    name: String,
    signed_in: bool,
) -> Result<Response, Refused> {
    let found = state
        .store()
        .read(move |connection| {
            let bucket = existing(connection, &bucket)?;
            if !bucket.public && !signed_in {
                return Err(StorageError::no_object());
            }
            Content::find(connection, &bucket.id, &name)?.ok_or_else(StorageError::no_object)
        })
        .await?;
    let value = |text: &str| {
        HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(OCTETS))
    };
    let headers = [
        (CONTENT_TYPE, value(&found.mime_type)),
        (CACHE_CONTROL, value(&found.cache_control)),
    ];
    Ok((headers, found.bytes).into_response())
}

async fn store(
    State(state): State<AppState>,
    Path((bucket, name)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Refused> {
    let claims = identify(&state, request.headers())?;
    let replace = *request.method() == Method::PUT
        || text(request.headers(), "x-upsert").is_some_and(|value| value == "true");
    objects::check_name(&name)?;
    let Body {
        mime_type,
        cache_control,
        content,
    } = Body::read(&state, request).await?;
    let object = NewObject {
        bucket,
        name,
        owner: claims.sub.clone(),
        mime_type,
        cache_control,
        content,
    };
    let key = format!("{}/{}", object.bucket, object.name);
    let id = state
        .store()
        .write(move |tx| {
            let bucket = existing(tx.connection(), &object.bucket)?;
            if claims.role == Role::Anon {
                return Err(StorageError::row_security());
            }
            bucket.takes(&object.mime_type, object.content.len())?;
            match Stamp::find(tx.connection(), &object.bucket, &object.name)? {
                Some(_) if !replace => return Err(StorageError::duplicate()),
                Some(stamp) if !owns(&claims, &stamp) => return Err(StorageError::row_security()),
                Some(_) | None => {}
            }
            object.put(tx.connection(), tx.now())
        })
        .await?;
    Ok(Json(json!({"Id": id, "Key": key})))
}

#[derive(Deserialize)]
struct Prefixes {
    prefixes: Vec<String>,
}

/// Removes those of the named objects that are one's own, and lists them.
async fn remove(
    State(state): State<AppState>,
    Path(bucket): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Vec<Value>>, Refused> {
    let claims = identify(&state, &headers)?;
    let Prefixes { prefixes } =
        serde_json::from_slice(&body).map_err(|error| StorageError::body(error.to_string()))?;
    let removed = state
        .store()
        .write(move |tx| {
            let bucket = existing(tx.connection(), &bucket)?;
            let mut removed = Vec::new();
            for name in prefixes {
                let found = Stamp::find(tx.connection(), &bucket.id, &name)?;
                if let Some(stamp) = found.filter(|stamp| owns(&claims, stamp)) {
                    objects::remove(tx.connection(), &bucket.id, &name)?;
                    removed.push(stamp.listed(&bucket.id, &name));
                }
            }
            Ok::<_, StorageError>(removed)
        })
        .await?;
    Ok(Json(removed))
}

fn existing(connection: &Connection, id: &str) -> Result<Bucket, StorageError> {
    Bucket::find(connection, id)?.ok_or_else(StorageError::no_bucket)
}

fn owns(claims: &Claims, stamp: &Stamp) -> bool {
    claims.role == Role::ServiceRole || (claims.sub.is_some() && claims.sub == stamp.owner)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// An object as it was sent: raw, or in a form with an empty field name.
struct Body {
    mime_type: String,
    cache_control: String,
    content: Bytes,
}

impl Body {
    async fn read(state: &AppState, request: Request) -> Result<Self, StorageError> {
        let mime_type = text(request.headers(), "content-type").unwrap_or(OCTETS);
        if mime_type.starts_with("multipart/form-data") {
            return Self::read_form(state, request).await;
        }
        let cache_control = text(request.headers(), "cache-control").unwrap_or("no-cache");
        let (mime_type, cache_control) = (mime_type.to_owned(), cache_control.to_owned());
        let content = to_bytes(request.into_body(), LARGEST)
            .await
            .map_err(|_| StorageError::too_large())?;
        Ok(Self {
            mime_type,
            cache_control,
            content,
        })
    }

    async fn read_form(state: &AppState, request: Request) -> Result<Self, StorageError> {
        let odd = |error: String| StorageError::body(error);
        let mut form = Multipart::from_request(request, state)
            .await
            .map_err(|error| odd(error.to_string()))?;
        let mut cache_control = "no-cache".to_owned();
        while let Some(field) = form
            .next_field()
            .await
            .map_err(|error| odd(error.to_string()))?
        {
            match field.name() {
                Some("") | None => {
                    let mime_type = field.content_type().unwrap_or(OCTETS).to_owned();
                    let content = field.bytes().await.map_err(|_| StorageError::too_large())?;
                    if content.len() > LARGEST {
                        return Err(StorageError::too_large());
                    }
                    return Ok(Self {
                        mime_type,
                        cache_control,
                        content,
                    });
                }
                Some("cacheControl") => {
                    let seconds = field.text().await.map_err(|error| odd(error.to_string()))?;
                    cache_control = format!("max-age={seconds}");
                }
                Some(_) => {}
            }
        }
        Err(StorageError::body("No content provided"))
    }
}
