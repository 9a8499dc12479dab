//! What people are called: rows of `chat_profiles`, which nothing tells live. They are read when
//! catching up, for people who are new, and when somebody goes by another name than is known.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tidings_cache::{Cache, CacheError};
use tidings_model::{Json, UserId};
use tidings_supabase::{Filter, Query};

use super::super::Core;
use super::super::catch_up::Error;
use super::super::remote::{self, Fields, table};
use super::super::rows::short_id;

/// Rows asked for at once.
const PAGE: u32 = 500;
/// Users asked for at once.
const KEYS: usize = 60;

/// The names of people as they themselves say, by user.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Arc<HashMap<UserId, String>>);

impl Names {
    /// The name of somebody, if it is known.
    pub fn of(&self, user: &UserId) -> Option<&str> {
        self.0.get(user).map(String::as_str)
    }

    /// The name of somebody whose id may not be one.
    pub fn of_id(&self, user: &str) -> Option<&str> {
        self.of(&UserId::new(user).ok()?)
    }

    /// What a message's author is called: by the profile, else by a name in the message's
    /// metadata, else by a short form of the id.
    pub fn author(&self, metadata: &Json, user: Option<&UserId>) -> Option<String> {
        let known = user.and_then(|user| self.of(user)).map(str::to_owned);
        known
            .or_else(|| Self::written(metadata))
            .or_else(|| user.map(|id| short_id(id.as_str())))
    }

    /// The name that a message carries.
    pub fn written(metadata: &Json) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Written {
            #[serde(default)]
            user_name: Option<String>,
        }
        let written = metadata.read::<Written>()?.user_name?;
        (!written.trim().is_empty()).then_some(written)
    }
}

/// The names that are kept.
pub(super) async fn known_names(cache: &Cache) -> Result<Names, CacheError> {
    Ok(Names(Arc::new(cache.names().await?)))
}

/// The name that somebody was last heard to go by, where it is not the one that is known: asked
/// for once each.
#[derive(Debug, Default)]
pub(super) struct Heard(Mutex<HashMap<UserId, String>>);

/// Somebody goes by this name now: if another one is known, the profile is read.
pub(in super::super) fn heard(core: &Core, user: &UserId, name: &str) {
    if !core.part().is_installed() || core.names().of(user) == Some(name) {
        return;
    }
    let mut heard = core
        .members
        .heard
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if heard.get(user).map(String::as_str) != Some(name) {
        heard.insert(user.clone(), name.to_owned());
        core.sync.names([user.clone()]);
    }
}

/// These people are met: who has no name here yet is looked up.
pub(in super::super) fn meet(core: &Core, users: BTreeSet<UserId>) {
    let names = core.names();
    let nameless = users.into_iter().filter(|user| names.of(user).is_none());
    core.sync.names(nameless);
}

/// Reads the names of some people.
pub(in super::super) async fn read_names(
    core: &Core,
    users: BTreeSet<UserId>,
) -> Result<(), Error> {
    if !core.part().is_installed() {
        return Ok(());
    }
    let users: Vec<UserId> = users.into_iter().collect();
    for keys in users.chunks(KEYS) {
        let wanted = Filter::any_of("user_id", keys.iter().map(UserId::to_string));
        let query = Query::new().filter(wanted);
        let answer = core.rest.select(table::PROFILES, &query).await?;
        let (names, _) = taken(&answer.rows);
        core.cache.profiles_listed(names, false).await?;
    }
    Ok(())
}

/// Reads all names that the account is shown.
pub(super) async fn read_all(core: &Core) -> Result<(), Error> {
    let mut names: Vec<(UserId, String)> = Vec::new();
    let (mut total, mut whole) = (None, true);
    loop {
        let mut query = Query::new().ascending("user_id").limit(PAGE);
        query = match names.last() {
            None => query.count(),
            Some((last, _)) => query.filter(Filter::gt("user_id", last.to_string())),
        };
        let answer = core.rest.select(table::PROFILES, &query).await?;
        total = total.or(answer.total);
        let (page, readable) = taken(&answer.rows);
        whole &= readable;
        let end = page.is_empty();
        names.extend(page);
        // The project may give fewer rows at once than were asked for.
        if end || total == Some(names.len() as u64) {
            break;
        }
    }
    let complete = whole && total.is_some_and(|total| total == names.len() as u64);
    Ok(core.cache.profiles_listed(names, complete).await?)
}

fn taken(rows: &[Box<serde_json::value::RawValue>]) -> (Vec<(UserId, String)>, bool) {
    let mut names = Vec::with_capacity(rows.len());
    for row in rows {
        let fields = Fields::of_answer(row, table::PROFILES);
        match fields.and_then(|fields| remote::profile(&fields)) {
            Ok(profile) => names.push(profile),
            Err(error) => tracing::warn!(%error, "a name was left out"),
        }
    }
    let whole = names.len() == rows.len();
    (names, whole)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_author_goes_by_the_profile_then_by_the_message_then_by_the_id() {
        let user = UserId::new("018f3b6c-0000-7000-8000-00000000abcd").unwrap();
        let known = Names(Arc::new(HashMap::from([(
            user.clone(),
            "Robert".to_owned(),
        )])));
        let written = Json::new(r#"{"user_name":"Bob"}"#).unwrap();
        let author = |names: &Names, metadata: &Json| names.author(metadata, Some(&user));
        let nobody = Names::default();
        assert_eq!(author(&known, &written).as_deref(), Some("Robert"));
        assert_eq!(author(&nobody, &written).as_deref(), Some("Bob"));
        assert_eq!(author(&nobody, &Json::empty()).as_deref(), Some("…abcd"));
        let blank = Json::new(r#"{"user_name":"  "}"#).unwrap();
        assert_eq!(author(&nobody, &blank).as_deref(), Some("…abcd"));
        assert_eq!(nobody.author(&Json::empty(), None), None);
    }
}
