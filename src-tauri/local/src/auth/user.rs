//! Users and their rows.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Map, Value, json};
use tidings_model::Timestamp;
use uuid::Uuid;

use super::factor::Factor;

/// One user.
#[derive(Debug, Clone)]
#[allow(clippy::struct_field_names)] // Clients know it as user_metadata.
pub struct User {
    /// The id; `sub` in tokens.
    pub id: String,
    /// The e-mail address, lower case.
    pub email: Option<String>,
    /// The telephone number, digits only.
    pub phone: Option<String>,
    /// The hash of the password.
    pub password_hash: Option<String>,
    /// When address or number was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// The last sign-in.
    pub last_sign_in_at: Option<Timestamp>,
    /// What only the server writes: the providers.
    pub app_metadata: Map<String, Value>,
    /// What the user may write.
    pub user_metadata: Map<String, Value>,
    /// When the user came to be.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
    /// The second factors, those not verified yet included.
    pub factors: Vec<Factor>,
}

const COLUMNS: &str = "id, email, phone, password_hash, confirmed_at, last_sign_in_at, \
    app_metadata, user_metadata, created_at, updated_at";

impl User {
    /// A new user, not yet stored or confirmed.
    pub fn new(
        email: Option<String>,
        phone: Option<String>,
        data: Map<String, Value>,
        now: Timestamp,
    ) -> Self {
        let provider = if email.is_some() || phone.is_none() {
            "email"
        } else {
            "phone"
        };
        let mut app_metadata = Map::new();
        app_metadata.insert("provider".to_owned(), json!(provider));
        app_metadata.insert("providers".to_owned(), json!([provider]));
        Self {
            id: Uuid::new_v4().to_string(),
            email,
            phone,
            password_hash: None,
            confirmed_at: None,
            last_sign_in_at: None,
            app_metadata,
            user_metadata: data,
            created_at: now,
            updated_at: now,
            factors: Vec::new(),
        }
    }

    /// Whether a second factor is asked for.
    pub fn has_factor(&self) -> bool {
        self.factors.iter().any(|factor| factor.verified)
    }

    /// The user with this id.
    pub fn by_id(connection: &Connection, id: &str) -> rusqlite::Result<Option<Self>> {
        Self::find(connection, "id", id)
    }

    /// The user with this address.
    pub fn by_email(connection: &Connection, email: &str) -> rusqlite::Result<Option<Self>> {
        Self::find(connection, "email", email)
    }

    /// The user with this number.
    pub fn by_phone(connection: &Connection, phone: &str) -> rusqlite::Result<Option<Self>> {
        Self::find(connection, "phone", phone)
    }

    /// All users in the order they came, the first `most` of them after `skip`.
    pub fn list(connection: &Connection, most: i64, skip: i64) -> rusqlite::Result<Vec<Self>> {
        let sql =
            format!("SELECT {COLUMNS} FROM auth_users ORDER BY created_at, id LIMIT ?1 OFFSET ?2");
        let users = connection
            .prepare_cached(&sql)?
            .query_map([most, skip], Self::read)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        users
            .into_iter()
            .map(|user| user.with_factors(connection))
            .collect()
    }

    /// Stores the user, new or changed.
    pub fn save(&self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT INTO auth_users (id, email, phone, password_hash, confirmed_at, \
            last_sign_in_at, app_metadata, user_metadata, created_at, updated_at) \
            VALUES (:id, :email, :phone, :password, :confirmed, :last, :app, :user, :created, \
            :updated) \
            ON CONFLICT (id) DO UPDATE SET email = excluded.email, phone = excluded.phone, \
            password_hash = excluded.password_hash, confirmed_at = excluded.confirmed_at, \
            last_sign_in_at = excluded.last_sign_in_at, app_metadata = excluded.app_metadata, \
            user_metadata = excluded.user_metadata, updated_at = excluded.updated_at";
        connection.prepare_cached(sql)?.execute(named_params! {
            ":id": self.id,
            ":email": self.email,
            ":phone": self.phone,
            ":password": self.password_hash,
            ":confirmed": self.confirmed_at.map(Timestamp::as_micros),
            ":last": self.last_sign_in_at.map(Timestamp::as_micros),
            ":app": Value::from(self.app_metadata.clone()).to_string(),
            ":user": Value::from(self.user_metadata.clone()).to_string(),
            ":created": self.created_at.as_micros(),
            ":updated": self.updated_at.as_micros(),
        })?;
        Ok(())
    }

    /// Removes the user with this id, sessions included; whether there was one.
    pub fn delete(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
        Ok(connection.execute("DELETE FROM auth_users WHERE id = ?1", [id])? > 0)
    }

    /// As clients read it.
    pub fn to_json(&self) -> Value {
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let mut metadata = self.user_metadata.clone();
        metadata.insert("sub".to_owned(), json!(self.id));
        let verified = self.confirmed_at.is_some();
        if let Some(email) = &self.email {
            metadata.insert("email".to_owned(), json!(email));
            metadata.insert("email_verified".to_owned(), json!(verified));
            metadata.insert("phone_verified".to_owned(), json!(false));
        }
        let identity = json!({
            "identity_id": self.id,
            "id": self.id,
            "user_id": self.id,
            "identity_data": metadata,
            "provider": self.app_metadata.get("provider"),
            "last_sign_in_at": time(self.last_sign_in_at),
            "created_at": time(Some(self.created_at)),
            "updated_at": time(Some(self.updated_at)),
            "email": self.email,
        });
        let mut user = json!({
            "id": self.id,
            "aud": "authenticated",
            "role": "authenticated",
            "email": self.email.as_deref().unwrap_or_default(),
            "phone": self.phone.as_deref().unwrap_or_default(),
            "app_metadata": self.app_metadata,
            "user_metadata": metadata,
            "identities": [identity],
            "created_at": time(Some(self.created_at)),
            "updated_at": time(Some(self.updated_at)),
            "is_anonymous": false,
        });
        if let Some(at) = time(self.confirmed_at) {
            user["confirmed_at"] = json!(at);
            let which = if self.email.is_some() {
                "email_confirmed_at"
            } else {
                "phone_confirmed_at"
            };
            user[which] = json!(at);
        }
        if let Some(at) = time(self.last_sign_in_at) {
            user["last_sign_in_at"] = json!(at);
        }
        if !self.factors.is_empty() {
            user["factors"] = self.factors.iter().map(Factor::to_json).collect();
        }
        user
    }

    fn find(connection: &Connection, column: &str, value: &str) -> rusqlite::Result<Option<Self>> {
        let sql = format!("SELECT {COLUMNS} FROM auth_users WHERE {column} = ?1");
        let found = connection
            .prepare_cached(&sql)?
            .query_row([value], Self::read)
            .optional()?;
        found.map(|user| user.with_factors(connection)).transpose()
    }

    fn with_factors(mut self, connection: &Connection) -> rusqlite::Result<Self> {
        self.factors = Factor::of_user(connection, &self.id)?;
        Ok(self)
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let map = |text: String| serde_json::from_str(&text).unwrap_or_default();
        let time = |micros: Option<i64>| micros.map(Timestamp::from_micros);
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            phone: row.get(2)?,
            password_hash: row.get(3)?,
            confirmed_at: time(row.get(4)?),
            last_sign_in_at: time(row.get(5)?),
            app_metadata: map(row.get(6)?),
            user_metadata: map(row.get(7)?),
            created_at: Timestamp::from_micros(row.get(8)?),
            updated_at: Timestamp::from_micros(row.get(9)?),
            factors: Vec::new(),
        })
    }
}
