//! Keeps one's own profile equal to one's own name.

use std::sync::Arc;

use serde::Serialize;
use tidings_model::UserId;

use super::super::catch_up::Error;
use super::super::remote::table;
use super::super::{Core, people};

/// Name of the fact what this device wrote last.
const WRITTEN: &str = "profile_written";

#[derive(Serialize)]
struct ProfileRow<'a> {
    user_id: &'a str,
    display_name: &'a str,
}

/// Writes the profile when the name changed and after catch-ups, and then says the new name on
/// the open session's channel: who hears it there reads the profile. Runs until the workspace
/// closes.
pub(in super::super) async fn keep(core: Arc<Core>) {
    let mut account = core.tokens.state();
    let mut told = people::called(&core);
    loop {
        tokio::select! {
            () = core.members.profile.notified() => {}
            changed = account.changed() => if changed.is_err() { return },
        }
        if let Err(error) = write(&core).await {
            // The next catch-up tries again.
            tracing::info!(%error, "the own name was not written");
        }
        let called = people::called(&core);
        if told != called {
            told = called;
            people::track(&core).await;
        }
    }
}

async fn write(core: &Core) -> Result<(), Error> {
    let (Some(user), Some(name)) = (core.tokens.user(), people::called(core)) else {
        return Ok(());
    };
    let Ok(me) = UserId::new(user.id) else {
        return Ok(());
    };
    if !core.part().is_installed() {
        return Ok(());
    }
    let names = core.names();
    let known = names.of(&me);
    let written = core.cache.get_meta(WRITTEN).await?;
    if known == Some(&name) {
        if written.as_deref() != Some(&name) {
            core.cache.set_meta(WRITTEN, Some(name)).await?;
        }
        return Ok(());
    }
    // Another device has changed it, and this one's session does not know the new name yet.
    if known.is_some() && written.as_deref() == Some(&name) {
        return Ok(());
    }
    let row = ProfileRow {
        user_id: me.as_str(),
        display_name: &name,
    };
    core.rest.upsert(table::PROFILES, "user_id", &row).await?;
    core.cache
        .profiles_listed(vec![(me, name.clone())], false)
        .await?;
    Ok(core.cache.set_meta(WRITTEN, Some(name)).await?)
}
