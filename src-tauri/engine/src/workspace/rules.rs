//! Alert rules as the user makes and changes them.

use tidings_alerts::{Rule, describe};
use tidings_cache::{Cache, StoredRule};
use tidings_contract as api;
use tidings_model::{Json, Locale, Quote, RuleId, Timestamp};

use super::market::{Kept, Market, json};
use crate::error::{EngineError, Result};

/// Reads a rule of the contract; what is wrong with it is said in one sentence.
pub(super) fn rule_of(form: &api::RuleForm) -> Result<Rule> {
    #[derive(serde::Serialize)]
    struct Wire<'a> {
        symbol: &'a str,
        condition: serde_json::Value,
        repeat: api::RepeatForm,
        #[serde(skip_serializing_if = "Option::is_none")]
        cooldown_s: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    }
    let invalid = |error: serde_json::Error| EngineError::Invalid(error.to_string());
    let mut condition = serde_json::to_value(&form.condition).map_err(invalid)?;
    if let Some(fields) = condition.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    let wire = Wire {
        symbol: form.symbol.trim(),
        condition,
        repeat: form.repeat,
        cooldown_s: form.cooldown_s,
        expires_at: form.expires_at.map(Timestamp::from_millis),
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
    })
}

impl Market {
    /// A rule as the contract shows it.
    pub fn rule_row(&self, id: RuleId, locale: &Locale) -> Result<api::RuleRow> {
        let kept = self.rules.get(&id).ok_or_else(|| no_rule(id))?;
        let state = self.state_of(id);
        let now = self.quotes.get(&kept.rule.symbol).map(|quote| &quote.price);
        let distance = now.and_then(|now| describe::distance(&kept.rule.condition, now));
        Ok(api::RuleRow {
            id: id.to_string(),
            form: form_of(&kept.rule)?,
            sentence: describe::sentence(&kept.rule.condition, locale),
            enabled: kept.enabled,
            done: state.is_done(),
            expired: state.is_expired()
                || kept
                    .rule
                    .expires_at
                    .is_some_and(|end| now_is_after(end, self, &kept.rule)),
            last_fired: state.last_notified().map(Timestamp::as_millis),
            distance_percent: distance.map(|distance| distance.to_string()),
        })
    }

    /// All rules, oldest first.
    pub fn rule_rows(&self, locale: &Locale) -> Result<Vec<api::RuleRow>> {
        let mut ids: Vec<(Timestamp, RuleId)> = self
            .rules
            .iter()
            .map(|(id, kept)| (kept.created_at, *id))
            .collect();
        ids.sort_unstable();
        ids.into_iter()
            .map(|(_, id)| self.rule_row(id, locale))
            .collect()
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
        self.seed(cache, &rule, now).await?;
        let latest = self.quotes.get(&rule.symbol).map(Quote::tick);
        let old = self.rules.get(&id).cloned();
        let enabled = old.as_ref().is_none_or(|kept| kept.enabled);
        let state = match (&old, enabled) {
            (Some(_), true) => match self.book.update(id, rule.clone(), now, latest.as_ref()) {
                Some(updated) => updated.state,
                None => self.book.create(id, rule.clone(), now, latest.as_ref()),
            },
            (None, _) => self.book.create(id, rule.clone(), now, latest.as_ref()),
            (Some(kept), false) => kept.state.clone(),
        };
        let created_at = old.map_or(now, |kept| kept.created_at);
        self.keep(
            cache,
            id,
            Kept {
                rule,
                enabled,
                created_at,
                state,
            },
            now,
        )
        .await
    }

    /// Switches a rule on, which makes it new, or off.
    pub async fn enable(
        &mut self,
        cache: &Cache,
        id: RuleId,
        enabled: bool,
        now: Timestamp,
    ) -> Result<()> {
        let mut kept = self.rules.get(&id).cloned().ok_or_else(|| no_rule(id))?;
        let ended = self.state_of(id).has_ended();
        if kept.enabled == enabled && !(enabled && ended) {
            return Ok(());
        }
        kept.enabled = enabled;
        if enabled {
            let latest = self.quotes.get(&kept.rule.symbol).map(Quote::tick);
            kept.state = self
                .book
                .create(id, kept.rule.clone(), now, latest.as_ref());
        } else if let Some((_, state)) = self.book.remove(id) {
            kept.state = state;
        }
        self.keep(cache, id, kept, now).await
    }

    /// Deletes a rule.
    pub async fn delete(&mut self, cache: &Cache, id: RuleId) -> Result<()> {
        self.rules.remove(&id).ok_or_else(|| no_rule(id))?;
        self.book.remove(id);
        Ok(cache.delete_rule(id).await?)
    }

    /// Says what a rule would do.
    pub fn preview(&self, rule: &Rule, locale: &Locale) -> api::RulePreview {
        let quote = self.quotes.get(&rule.symbol);
        let empty = tidings_alerts::History::new();
        let history = self.book.history(&rule.symbol).unwrap_or(&empty);
        let arming = quote.and_then(|quote| describe::arming(rule, &quote.tick(), history, locale));
        let distance = quote.and_then(|quote| describe::distance(&rule.condition, &quote.price));
        api::RulePreview {
            valid: true,
            problem: None,
            sentence: Some(describe::sentence(&rule.condition, locale)),
            armed_at_once: arming.as_ref().is_none_or(|arming| arming.at_once),
            arming: arming.map(|arming| arming.sentence),
            distance_percent: distance.map(|distance| distance.to_string()),
        }
    }

    async fn keep(&mut self, cache: &Cache, id: RuleId, kept: Kept, now: Timestamp) -> Result<()> {
        let invalid = |error: String| EngineError::Invalid(error);
        let definition = serde_json::to_string(&kept.rule).map_err(|e| invalid(e.to_string()))?;
        let stored = StoredRule {
            id,
            symbol: kept.rule.symbol.clone(),
            definition: Json::new(definition).map_err(|e| invalid(e.to_string()))?,
            state: json(&kept.state),
            enabled: kept.enabled,
            created_at: kept.created_at,
            updated_at: now,
        };
        self.rules.insert(id, kept);
        Ok(cache.save_rule(stored).await?)
    }
}

fn now_is_after(end: Timestamp, market: &Market, rule: &Rule) -> bool {
    market
        .quotes
        .get(&rule.symbol)
        .is_some_and(|quote| quote.time >= end)
}

fn no_rule(id: RuleId) -> EngineError {
    EngineError::NotFound(format!("There is no rule {id}."))
}
