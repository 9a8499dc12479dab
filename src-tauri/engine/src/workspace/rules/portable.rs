//! Rules as they go into a file and come out of one.

use serde::{Deserialize, Serialize};
use tidings_alerts::{Rule, RuleState};
use tidings_cache::Cache;
use tidings_contract as api;
use tidings_model::{Quote, RuleId, Timestamp};

use super::{Kept, Market, stored};
use crate::error::Result;

/// A rule without its state: taken in, it is a rule made then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Portable {
    /// By it a rule is known again; one without is known by what it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RuleId>,
    #[serde(default = "on")]
    pub enabled: bool,
    #[serde(default)]
    pub muted: bool,
    pub rule: Rule,
}

const fn on() -> bool {
    true
}

impl Market {
    /// All rules, oldest first.
    pub fn portable(&self) -> Vec<Portable> {
        let ids = self.oldest_first().into_iter();
        let rules = ids.filter_map(|id| {
            let kept = self.rules.get(&id)?;
            Some(Portable {
                id: Some(id),
                enabled: kept.enabled,
                muted: kept.muted,
                rule: kept.rule.clone(),
            })
        });
        rules.collect()
    }

    /// Takes rules in, all or none; those that are here stay as they are.
    pub async fn take_in(
        &mut self,
        cache: &Cache,
        rules: Vec<Portable>,
        now: Timestamp,
    ) -> Result<api::ImportedRules> {
        let all = rules.len();
        let mut new: Vec<(RuleId, Kept)> = Vec::new();
        self.seed(cache, rules.iter().map(|portable| &portable.rule), now)
            .await?;
        for portable in rules {
            if self.knows(&portable, &new) {
                continue;
            }
            let id = portable.id.unwrap_or_else(RuleId::mint);
            let latest = self.quote(&portable.rule.symbol).map(Quote::tick);
            let state = if portable.enabled {
                self.book
                    .create(id, portable.rule.clone(), now, latest.as_ref())
            } else {
                // Switched on it is new, whatever it is now.
                let mut state = RuleState::new();
                state.switch_off(now);
                state
            };
            let kept = Kept {
                rule: portable.rule,
                enabled: portable.enabled,
                muted: portable.muted,
                created_at: now,
                state,
            };
            new.push((id, kept));
        }
        let rows = new.iter().map(|(id, kept)| stored(*id, kept, now));
        let rows: Result<Vec<_>> = rows.collect();
        let saved = match rows {
            Ok(rows) => cache.save_rules(rows).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        if let Err(error) = saved {
            for (id, _) in &new {
                self.book.remove(*id);
            }
            return Err(error);
        }
        let taken = new.len();
        self.rules.extend(new);
        Ok(api::ImportedRules {
            rules: taken as u64,
            known: (all - taken) as u64,
        })
    }

    /// Whether a rule is here, or among those that are about to be.
    fn knows(&self, portable: &Portable, new: &[(RuleId, Kept)]) -> bool {
        if let Some(id) = portable.id {
            return self.rules.contains_key(&id) || new.iter().any(|(known, _)| *known == id);
        }
        let here = self.rules.values().map(|kept| &kept.rule);
        let mut known = here.chain(new.iter().map(|(_, kept)| &kept.rule));
        known.any(|rule| *rule == portable.rule)
    }
}
