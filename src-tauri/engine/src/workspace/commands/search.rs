//! Search, and what may have been meant by one that found nothing.

use tidings_cache::{SearchFilter, SearchFrom, SearchKind};
use tidings_contract as api;
use tidings_model::{Timestamp, UserId};

use super::super::{Core, index};
use super::{MAX_PAGE, invalid, session_id};
use crate::error::Result;

impl Core {
    pub async fn search(&self, args: api::Search) -> Result<api::SearchReply> {
        let limit = args.limit.clamp(1, MAX_PAGE) as usize;
        let filter = filter(args.filter)?;
        let results = self.cache.search_within(args.query, filter, limit).await?;
        let viewer = self.viewer();
        let mut hits = Vec::with_capacity(results.hits.len());
        for hit in &results.hits {
            let session = self.cache.session(hit.session.clone()).await?;
            hits.push(viewer.hit(hit, session.and_then(|s| s.session.title)));
        }
        // The index is a moment behind what has just come, which is looked through.
        let unindexed = if results.unindexed <= index::BATCH as u64 {
            0
        } else {
            results.unindexed
        };
        Ok(api::SearchReply {
            hits,
            more: results.more,
            searched: results.total.saturating_sub(unindexed),
            total: results.total,
            scanned: results.scanned,
            examined: results.examined,
        })
    }

    pub async fn suggest(&self, args: api::Suggest) -> Result<api::Suggestion> {
        let filter = filter(args.filter)?;
        let query = self.cache.suggest(args.query, filter).await?;
        Ok(api::Suggestion { query })
    }
}

fn filter(asked: Option<api::SearchFilter>) -> Result<SearchFilter> {
    let Some(asked) = asked else {
        return Ok(SearchFilter::default());
    };
    let from = match asked.from {
        Some(api::SearchFrom::Me) => Some(SearchFrom::Me),
        Some(api::SearchFrom::Assistant) => Some(SearchFrom::Assistant),
        Some(api::SearchFrom::User { user_id }) => {
            Some(SearchFrom::User(UserId::new(&user_id).map_err(invalid)?))
        }
        None => None,
    };
    Ok(SearchFilter {
        from,
        session: asked.session.as_deref().map(session_id).transpose()?,
        kind: asked.kind.map(|kind| match kind {
            api::SearchKind::Link => SearchKind::Link,
            api::SearchKind::Code => SearchKind::Code,
            api::SearchKind::Voice => SearchKind::Voice,
            api::SearchKind::Action => SearchKind::Action,
        }),
        after: asked.after.map(Timestamp::from_millis),
        before: asked.before.map(Timestamp::from_millis),
    })
}
