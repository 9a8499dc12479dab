//! Alert rules as the user makes and changes them.

mod messages;
mod portable;

use tidings_alerts::{Rule, RuleState, Template, describe};
use tidings_cache::{Cache, StoredRule};
use tidings_contract as api;
use tidings_model::{Json, Locale, Quote, RuleId, Timestamp};

pub(super) use self::messages::{told, usual};
pub(crate) use self::portable::Portable;
use super::market::{Kept, Market, json};
use crate::error::{EngineError, Result};

/// Reads a rule of the contract; what is wrong with it is said in one sentence.
pub(super) fn rule_of(form: &api::RuleForm) -> Result<Rule> {
    #[derive(serde::Serialize)]
    struct Wire<'a> {
        symbol: &'a str,
        condition: &'a api::ConditionForm,
        repeat: api::RepeatForm,
        #[serde(skip_serializing_if = "Option::is_none")]
        cooldown_s: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
        tags: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
    }
    let invalid = |error: serde_json::Error| EngineError::Invalid(error.to_string());
    let wire = Wire {
        symbol: form.symbol.trim(),
        condition: &form.condition,
        repeat: form.repeat,
        cooldown_s: form.cooldown_s,
        expires_at: form.expires_at.map(Timestamp::from_millis),
        tags: &form.tags,
        message: form.message.as_deref(),
    };
    let text = serde_json::to_string(&wire).map_err(invalid)?;
    serde_json::from_str(&text).map_err(invalid)
}

/// A rule as the contract shows it.
pub(super) fn form_of(rule: &Rule) -> Result<api::RuleForm> {
    let invalid = |error: serde_json::Error| EngineError::Invalid(error.to_string());
    let condition = serde_json::to_value(&rule.condition).map_err(invalid)?;
    Ok(api::RuleForm {
        symbol: rule.symbol.to_string(),
        condition: serde_json::from_value(condition).map_err(invalid)?,
        repeat: match rule.repeat {
            tidings_alerts::Repeat::Once => api::RepeatForm::Once,
            tidings_alerts::Repeat::Every => api::RepeatForm::Every,
        },
        cooldown_s: Some(rule.cooldown_s),
        expires_at: rule.expires_at.map(Timestamp::as_millis),
        tags: rule.tags.clone(),
        message: rule.message.as_ref().map(ToString::to_string),
    })
}

/// The prices that a rule waits for now.
pub(super) fn waits_for(state: &RuleState) -> api::WaitsFor {
    let waits = state.waits_for();
    api::WaitsFor {
        below: waits.below.map(ToString::to_string),
        above: waits.above.map(ToString::to_string),
    }
}

impl Market {
    /// A rule as the contract shows it. `now` by the server's clock.
    pub fn rule_row(&self, id: RuleId, locale: &Locale, now: Timestamp) -> Result<api::RuleRow> {
        let kept = self.rules.get(&id).ok_or_else(|| no_rule(id))?;
        let state = self.state_of(id);
        let price = self.quote(&kept.rule.symbol).map(|quote| &quote.price);
        let distance = price.and_then(|price| {
            describe::distance(&kept.rule.condition, price)
                .or_else(|| describe::distance_of(&state, price))
        });
        let paused = state.pause().map(|pause| api::RulePause {
            at: pause.at.as_millis(),
            reason: describe::paused(&pause, locale),
        });
        let snoozed = state.snoozed_until().filter(|until| *until > now);
        Ok(api::RuleRow {
            id: id.to_string(),
            form: form_of(&kept.rule)?,
            sentence: describe::sentence(&kept.rule.condition, locale),
            enabled: kept.enabled,
            off_since: state.off_since().map(Timestamp::as_millis),
            done: state.is_done(),
            expired: state.is_expired()
                || kept
                    .rule
                    .expires_at
                    .is_some_and(|end| now_is_after(end, self, &kept.rule)),
            paused,
            snoozed_until: snoozed.map(Timestamp::as_millis),
            muted: kept.muted,
            waits_for: waits_for(&state),
            last_fired: state.last_notified().map(Timestamp::as_millis),
            distance_percent: distance.map(|distance| distance.to_string()),
        })
    }

    /// All rules, oldest first.
    pub fn rule_rows(&self, locale: &Locale, now: Timestamp) -> Result<Vec<api::RuleRow>> {
        let ids = self.oldest_first().into_iter();
        ids.map(|id| self.rule_row(id, locale, now)).collect()
    }

    fn oldest_first(&self) -> Vec<RuleId> {
        let rules = self.rules.iter();
        let mut ids: Vec<(Timestamp, RuleId)> =
            rules.map(|(id, kept)| (kept.created_at, *id)).collect();
        ids.sort_unstable();
        ids.into_iter().map(|(_, id)| id).collect()
    }

    /// Makes or changes a rule. What has to be kept comes back.
    pub async fn save(
        &mut self,
        cache: &Cache,
        id: Option<RuleId>,
        rule: Rule,
        now: Timestamp,
    ) -> Result<RuleId> {
        let id = match id {
            Some(id) if self.rules.contains_key(&id) => id,
            Some(id) => return Err(no_rule(id)),
            None => RuleId::mint(),
        };
        self.put(cache, id, rule, now).await?;
        Ok(id)
    }

    /// Makes a rule under an id of the caller's, or changes the one that has it.
    pub async fn put(
        &mut self,
        cache: &Cache,
        id: RuleId,
        rule: Rule,
        now: Timestamp,
    ) -> Result<()> {
        self.seed(cache, [&rule], now).await?;
        let latest = self.quote(&rule.symbol).map(Quote::tick);
        let old = self.as_it_is(id);
        let enabled = old.as_ref().is_none_or(|kept| kept.enabled);
        let state = match (&old, enabled) {
            (Some(_), true) => match self.book.update(id, rule.clone(), now, latest.as_ref()) {
                Some(updated) => updated.state,
                None => self.book.create(id, rule.clone(), now, latest.as_ref()),
            },
            (None, _) => self.book.create(id, rule.clone(), now, latest.as_ref()),
            (Some(kept), false) => kept.state.clone(),
        };
        let kept = Kept {
            rule,
            enabled,
            muted: old.as_ref().is_some_and(|kept| kept.muted),
            created_at: old.as_ref().map_or(now, |kept| kept.created_at),
            state,
        };
        self.keep(cache, id, old, kept, now).await
    }

    /// Switches a rule on, which makes it new, or off.
    pub async fn enable(
        &mut self,
        cache: &Cache,
        id: RuleId,
        enabled: bool,
        now: Timestamp,
    ) -> Result<()> {
        let old = self.as_it_is(id).ok_or_else(|| no_rule(id))?;
        if old.enabled == enabled && !(enabled && old.state.has_ended()) {
            return Ok(());
        }
        let mut kept = old.clone();
        kept.enabled = enabled;
        if enabled {
            self.seed(cache, [&kept.rule], now).await?;
            let latest = self.quote(&kept.rule.symbol).map(Quote::tick);
            kept.state = self
                .book
                .create(id, kept.rule.clone(), now, latest.as_ref());
        } else {
            if let Some((_, state)) = self.book.remove(id) {
                kept.state = state;
            }
            kept.state.switch_off(now);
        }
        self.keep(cache, id, Some(old), kept, now).await
    }

    /// Has a rule's firings wait to be told until a time; `None`: no longer.
    pub async fn snooze(
        &mut self,
        cache: &Cache,
        id: RuleId,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        let old = self.as_it_is(id).ok_or_else(|| no_rule(id))?;
        let mut kept = old.clone();
        match self.book.snooze(id, until) {
            Some(state) => kept.state = state,
            None => kept.state.snooze(until),
        }
        self.keep(cache, id, Some(old), kept, now).await
    }

    /// Mutes a rule, or has it tell again.
    pub async fn mute(
        &mut self,
        cache: &Cache,
        id: RuleId,
        muted: bool,
        now: Timestamp,
    ) -> Result<()> {
        let old = self.as_it_is(id).ok_or_else(|| no_rule(id))?;
        let mut kept = old.clone();
        kept.muted = muted;
        self.keep(cache, id, Some(old), kept, now).await
    }

    /// Deletes a rule.
    pub async fn delete(&mut self, cache: &Cache, id: RuleId) -> Result<()> {
        if !self.rules.contains_key(&id) {
            return Err(no_rule(id));
        }
        cache.delete_rule(id).await?;
        self.rules.remove(&id);
        self.book.remove(id);
        self.supersede(id);
        self.snoozed.retain(|(_, firing)| firing.rule != id);
        self.untold.retain(|(_, fired)| fired.new.rule != id);
        Ok(())
    }

    /// Says what a rule would do. `usual` is the text of those without one; `now` by the server's
    /// clock.
    pub fn preview(
        &self,
        rule: &Rule,
        usual: Option<&Template>,
        locale: &Locale,
        now: Timestamp,
    ) -> api::RulePreview {
        let quote = self.quote(&rule.symbol);
        let empty = tidings_alerts::History::new();
        let history = self.book.history(&rule.symbol).unwrap_or(&empty);
        let arming = quote.and_then(|quote| describe::arming(rule, &quote.tick(), history, locale));
        let distance = quote.and_then(|quote| describe::distance(&rule.condition, &quote.price));
        api::RulePreview {
            valid: true,
            problem: None,
            message_problem: None,
            sentence: Some(describe::sentence(&rule.condition, locale)),
            armed_at_once: arming.as_ref().is_none_or(|arming| arming.at_once),
            arming: arming.map(|arming| arming.sentence),
            distance_percent: distance.map(|distance| distance.to_string()),
            past: None,
            past_unknown: None,
            notification: messages::preview(rule, usual, quote, locale, now),
        }
    }

    /// A rule with the state that the book has.
    fn as_it_is(&self, id: RuleId) -> Option<Kept> {
        let kept = self.rules.get(&id)?;
        Some(Kept {
            state: self.state_of(id),
            ..kept.clone()
        })
    }

    /// Saves what the book says of a rule already. When that fails the rule is as it was: `old`, or
    /// none.
    async fn keep(
        &mut self,
        cache: &Cache,
        id: RuleId,
        old: Option<Kept>,
        kept: Kept,
        now: Timestamp,
    ) -> Result<()> {
        let saved = match stored(id, &kept, now) {
            Ok(stored) => cache.save_rule(stored).await.map_err(EngineError::from),
            Err(error) => Err(error),
        };
        if saved.is_ok() {
            self.supersede(id);
            self.rules.insert(id, kept);
            return saved;
        }
        match old {
            Some(old) if old.enabled => {
                self.book.insert(id, old.rule.clone(), old.state.clone());
            }
            _ => {
                self.book.remove(id);
            }
        }
        saved
    }
}

/// A rule as the cache keeps it.
fn stored(id: RuleId, kept: &Kept, now: Timestamp) -> Result<StoredRule> {
    let invalid = |error: String| EngineError::Invalid(error);
    let definition = serde_json::to_string(&kept.rule).map_err(|e| invalid(e.to_string()))?;
    Ok(StoredRule {
        id,
        symbol: kept.rule.symbol.clone(),
        definition: Json::new(definition).map_err(|e| invalid(e.to_string()))?,
        state: json(&kept.state),
        enabled: kept.enabled,
        muted: kept.muted,
        created_at: kept.created_at,
        updated_at: now,
    })
}

fn now_is_after(end: Timestamp, market: &Market, rule: &Rule) -> bool {
    market
        .quote(&rule.symbol)
        .is_some_and(|quote| quote.time >= end)
}

fn no_rule(id: RuleId) -> EngineError {
    EngineError::NotFound(format!("There is no rule {id}."))
}
