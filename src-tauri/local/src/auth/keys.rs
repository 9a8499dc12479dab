//! The keys that a request shows as `apikey`.

use std::fmt;

use subtle::ConstantTimeEq;

use super::token::{self, Claims, Role};
use crate::options::{Secret, Secrets};

/// The server's keys.
#[derive(Clone)]
pub struct Keys {
    secrets: Secrets,
    anon_key: Secret,
    service_jwt: Secret,
}

impl Keys {
    /// From the caller's secrets; the legacy keys follow from the token secret.
    pub fn new(secrets: Secrets) -> Self {
        let legacy = |role| Secret::new(token::legacy_key(secrets.jwt_secret.reveal(), role));
        Self {
            anon_key: legacy("anon"),
            service_jwt: legacy("service_role"),
            secrets,
        }
    }

    /// `sb_publishable_…`
    pub fn publishable_key(&self) -> &str {
        self.secrets.publishable_key.reveal()
    }

    /// The legacy JWT of the role `anon`.
    pub fn anon_key(&self) -> &str {
        self.anon_key.reveal()
    }

    /// The service role's key as the caller gave it.
    pub fn service_role_key(&self) -> &str {
        self.secrets.service_role_key.reveal()
    }

    /// The secret of all tokens.
    pub fn jwt_secret(&self) -> &str {
        self.secrets.jwt_secret.reveal()
    }

    /// What `key` stands for: the claims of its role, or `None` when it is no key of this
    /// server. A user's token is no key here (Realtime takes one; it verifies it itself).
    pub fn claims_of(&self, key: &str) -> Option<Claims> {
        let same = |own: &str| bool::from(own.as_bytes().ct_eq(key.as_bytes()));
        let anon = same(self.publishable_key()) | same(self.anon_key());
        let service = same(self.service_role_key()) | same(self.service_jwt.reveal());
        if service {
            Some(Claims::of_role(Role::ServiceRole))
        } else if anon {
            Some(Claims::of_role(Role::Anon))
        } else {
            None
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}
