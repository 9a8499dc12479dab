//! The lock: what it keeps back, what goes on behind it, and what opens it.

mod commands;
mod notices;
mod opening;

use tidings_contract::{self as api, ErrorCode, LockStage};

use crate::kit::Client;

pub const PASSPHRASE: &str = "correct horse";

/// Sets the passphrase, and closes the lock.
pub async fn locked(app: &Client) {
    set(app).await;
    app.ok(api::LockNow {}).await;
}

pub async fn set(app: &Client) {
    let state = app
        .ok(api::SetPassphrase {
            current: None,
            passphrase: Some(PASSPHRASE.to_owned()),
        })
        .await;
    assert_eq!(state.stage, LockStage::Open);
}

pub fn unlock(passphrase: &str) -> api::Unlock {
    api::Unlock {
        passphrase: passphrase.to_owned(),
    }
}

pub async fn stage(app: &Client) -> LockStage {
    app.ok(api::GetLockState {}).await.stage
}

/// Gives a wrong passphrase, and says how that was answered.
pub async fn wrong(app: &Client) -> ErrorCode {
    app.refused(unlock("wrong horse")).await.code
}
