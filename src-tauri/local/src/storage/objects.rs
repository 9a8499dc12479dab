//! Buckets and objects as they are kept: rows of the one database, their content with them.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::{Value, json};
use tidings_model::Timestamp;
use uuid::Uuid;

use super::error::StorageError;

/// Longer names are refused.
const LONGEST: usize = 1024;

/// A bucket.
pub(super) struct Bucket {
    pub id: String,
    pub public: bool,
    /// The largest object it takes, in bytes.
    pub size_limit: Option<u64>,
    /// The types that it takes (`audio/*` among them); none: all.
    pub mime_types: Option<Vec<String>>,
}

impl Bucket {
    pub(super) fn find(connection: &Connection, id: &str) -> Result<Option<Self>, StorageError> {
        let row = connection
            .prepare_cached(
                "SELECT id, public, size_limit, mime_types FROM storage_buckets WHERE id = ?1",
            )?
            .query_row([id], Self::of_row)
            .optional()?;
        Ok(row)
    }

    pub(super) fn all(connection: &Connection) -> Result<Vec<Self>, StorageError> {
        let mut statement = connection.prepare_cached(
            "SELECT id, public, size_limit, mime_types FROM storage_buckets ORDER BY id",
        )?;
        let rows = statement.query_map([], Self::of_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn of_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let types: Option<String> = row.get(3)?;
        Ok(Self {
            id: row.get(0)?,
            public: row.get(1)?,
            size_limit: row.get::<_, Option<i64>>(2)?.map(i64::unsigned_abs),
            mime_types: types.and_then(|text| serde_json::from_str(&text).ok()),
        })
    }

    /// As answers tell of it.
    pub(super) fn listed(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.id,
            "public": self.public,
            "file_size_limit": self.size_limit,
            "allowed_mime_types": self.mime_types,
        })
    }

    /// Makes it; `false` when there is one of that name.
    pub(super) fn insert(&self, connection: &Connection) -> Result<bool, StorageError> {
        let limit = self
            .size_limit
            .map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let types = self
            .mime_types
            .as_ref()
            .map(|types| Value::from(types.clone()));
        let made = connection
            .prepare_cached(
                "INSERT INTO storage_buckets (id, public, size_limit, mime_types)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![
                self.id,
                self.public,
                limit,
                types.map(|types| types.to_string())
            ])?;
        Ok(made == 1)
    }

    /// Whether it takes an object of this type and size.
    pub(super) fn takes(&self, mime_type: &str, size: usize) -> Result<(), StorageError> {
        let plain = mime_type.split(';').next().unwrap_or_default().trim();
        let fits = |allowed: &String| match allowed.strip_suffix('*') {
            Some(family) => plain.starts_with(family),
            None => plain.eq_ignore_ascii_case(allowed),
        };
        if let Some(types) = &self.mime_types
            && !types.iter().any(fits)
        {
            return Err(StorageError::mime_type(plain));
        }
        if self
            .size_limit
            .is_some_and(|limit| u64::try_from(size).unwrap_or(u64::MAX) > limit)
        {
            return Err(StorageError::too_large());
        }
        Ok(())
    }
}

/// Who stored an object, and when.
pub(super) struct Stamp {
    pub id: String,
    pub owner: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    mime_type: String,
    size: i64,
}

impl Stamp {
    pub(super) fn find(
        connection: &Connection,
        bucket: &str,
        name: &str,
    ) -> Result<Option<Self>, StorageError> {
        let row = connection
            .prepare_cached(
                "SELECT id, owner, created_at, updated_at, mime_type, octet_length(content)
                 FROM storage_objects WHERE bucket = ?1 AND name = ?2",
            )?
            .query_row([bucket, name], |row| {
                let time = |at| Ok::<_, rusqlite::Error>(Timestamp::from_micros(row.get(at)?));
                Ok(Self {
                    id: row.get(0)?,
                    owner: row.get(1)?,
                    created_at: time(2)?,
                    updated_at: time(3)?,
                    mime_type: row.get(4)?,
                    size: row.get(5)?,
                })
            })
            .optional()?;
        Ok(row)
    }

    /// As the answer to a removal lists it.
    pub(super) fn listed(&self, bucket: &str, name: &str) -> Value {
        json!({
            "id": self.id,
            "bucket_id": bucket,
            "name": name,
            "owner": self.owner,
            "created_at": self.created_at.to_string(),
            "updated_at": self.updated_at.to_string(),
            "metadata": {"mimetype": self.mime_type, "size": self.size},
        })
    }

    /// As the object's own description tells it.
    pub(super) fn told(&self, bucket: &str, name: &str) -> Value {
        json!({
            "id": self.id,
            "bucket_id": bucket,
            "name": name,
            "size": self.size,
            "content_type": self.mime_type,
            "created_at": self.created_at.to_string(),
            "last_modified": self.updated_at.to_string(),
        })
    }
}

/// An object to be kept.
pub(super) struct NewObject {
    pub bucket: String,
    pub name: String,
    pub owner: Option<String>,
    pub mime_type: String,
    pub cache_control: String,
    pub content: bytes::Bytes,
}

impl NewObject {
    /// Keeps it in the place of one that has its name. Answers its id.
    pub(super) fn put(
        &self,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<String, StorageError> {
        let now = now.as_micros();
        let id = connection
            .prepare_cached(
                "INSERT INTO storage_objects (bucket, name, id, owner, mime_type, cache_control,
                     created_at, updated_at, content)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)
                 ON CONFLICT (bucket, name) DO UPDATE SET mime_type = excluded.mime_type,
                     cache_control = excluded.cache_control, updated_at = excluded.updated_at,
                     content = excluded.content
                 RETURNING id",
            )?
            .query_row(
                params![
                    self.bucket,
                    self.name,
                    Uuid::new_v4().to_string(),
                    self.owner,
                    self.mime_type,
                    self.cache_control,
                    now,
                    &self.content[..]
                ],
                |row| row.get(0),
            )?;
        Ok(id)
    }
}

/// An object as it is read.
pub(super) struct Content {
    pub mime_type: String,
    pub cache_control: String,
    pub bytes: Vec<u8>,
}

impl Content {
    pub(super) fn find(
        connection: &Connection,
        bucket: &str,
        name: &str,
    ) -> Result<Option<Self>, StorageError> {
        let read = |row: &Row<'_>| {
            Ok(Self {
                mime_type: row.get(0)?,
                cache_control: row.get(1)?,
                bytes: row.get(2)?,
            })
        };
        let row = connection
            .prepare_cached(
                "SELECT mime_type, cache_control, content FROM storage_objects
                 WHERE bucket = ?1 AND name = ?2",
            )?
            .query_row([bucket, name], read)
            .optional()?;
        Ok(row)
    }
}

/// Removes an object.
pub(super) fn remove(
    connection: &Connection,
    bucket: &str,
    name: &str,
) -> Result<(), StorageError> {
    connection
        .prepare_cached("DELETE FROM storage_objects WHERE bucket = ?1 AND name = ?2")?
        .execute([bucket, name])?;
    Ok(())
}

/// Checks the name of an object.
pub(super) fn check_name(name: &str) -> Result<(), StorageError> {
    let odd = |c: char| c.is_control() || c == '\\';
    let leads = |part: &str| matches!(part, "" | "." | "..");
    if name.len() > LONGEST || name.contains(odd) || name.split('/').any(leads) {
        return Err(StorageError::key(name));
    }
    Ok(())
}
