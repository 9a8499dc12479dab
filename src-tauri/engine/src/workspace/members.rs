//! Whether the project has the members part (`supabase/README.md`). With it the channels of
//! sessions are private: the public ones of the same names are others, where nobody is.

use std::sync::atomic::Ordering;

use tidings_cache::{Cache, CacheError};
use tidings_supabase::Query;

use super::catch_up::Error;
use super::{Core, people};

/// The view that the part brings.
const INFO: &str = "chat_members_info";
/// Name of the fact that it was there.
const KNOWN: &str = "members_part";
/// How PostgREST says that there is no such table: by itself, and by PostgreSQL's word before
/// its version 12.2.
const ABSENT: [&str; 2] = ["PGRST205", "42P01"];

/// What was found last, so that the first channel of a start is joined as it should be.
pub(super) async fn known(cache: &Cache) -> Result<bool, CacheError> {
    Ok(cache.get_meta(KNOWN).await?.is_some())
}

/// Asks the project. The open session's channel is joined anew when the answer is another one.
pub(super) async fn look(core: &Core) -> Result<(), Error> {
    let query = Query::new().columns(&["version"]).limit(1);
    let there = match core.rest.select(INFO, &query).await {
        Ok(_) => true,
        Err(error) if error.code().is_some_and(|code| ABSENT.contains(&code)) => false,
        Err(error) => return Err(error.into()),
    };
    if core.members.load(Ordering::SeqCst) != there {
        let fact = there.then(|| "installed".to_owned());
        // First what can fail: the next catch-up tries again.
        core.cache.set_meta(KNOWN, fact).await?;
        core.members.store(there, Ordering::SeqCst);
        people::join_again(core).await;
    }
    Ok(())
}
