//! Prices and alerts.

use std::time::Duration;

use tidings_alerts::Template;
use tidings_cache::{FiringId, PriceGap};
use tidings_contract as api;
use tidings_model::{Symbol, Timestamp};

use super::{invalid, rule_id};
use crate::error::Result;
use crate::workspace::{Core, Portable, catch_up, listening, market, notices, past, quotes, rules};

const MAX_FIRINGS: u32 = 500;
const CHART_POINTS: usize = 400;
const SPARK_POINTS: usize = 48;

impl Core {
    pub async fn watch_list(&self) -> Result<Vec<api::QuoteRow>> {
        let mut listed = Vec::new();
        for symbol in self.cache.watch_list().await? {
            let spark = self.spark(&symbol).await?;
            let market = self.market.lock().await;
            listed.push(match market.quotes().get(&symbol) {
                Some(quote) => quotes::quote_row(self, quote, true, spark),
                None => unpriced(&symbol),
            });
        }
        Ok(listed)
    }

    pub async fn set_watch_list(&self, args: api::SetWatchList) -> Result<Vec<api::QuoteRow>> {
        let symbols: Result<Vec<Symbol>, _> = args.symbols.into_iter().map(Symbol::new).collect();
        self.cache.set_watch_list(symbols.map_err(invalid)?).await?;
        self.past_prices.look_again();
        self.watch_list().await
    }

    pub async fn symbols(&self) -> Result<Vec<api::QuoteRow>> {
        let watched = self.cache.watch_list().await?;
        let market = self.market.lock().await;
        let mut listed: Vec<api::QuoteRow> = market
            .quotes()
            .values()
            .map(|quote| {
                quotes::quote_row(self, quote, watched.contains(&quote.symbol), Vec::new())
            })
            .collect();
        listed.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        Ok(listed)
    }

    async fn spark(&self, symbol: &Symbol) -> Result<Vec<api::PricePoint>> {
        let day = Duration::from_hours(24);
        let now = self.now();
        let points = self
            .cache
            .history(symbol.clone(), now.minus(day), now, SPARK_POINTS)
            .await?;
        let points = points.iter().map(|each| api::PricePoint {
            volume: None,
            ..point(each)
        });
        Ok(points.collect())
    }

    pub async fn price_history(&self, args: api::GetPriceHistory) -> Result<api::PriceHistory> {
        const HOUR: u64 = 3600;
        let symbol = Symbol::new(args.symbol).map_err(invalid)?;
        let back = Duration::from_secs(match args.range {
            api::PriceRange::Hour => HOUR,
            api::PriceRange::Day => 24 * HOUR,
            api::PriceRange::Week => 7 * 24 * HOUR,
            api::PriceRange::Month => 30 * 24 * HOUR,
            api::PriceRange::Year => 365 * 24 * HOUR,
        });
        let now = self.now();
        let points = self
            .cache
            .history(symbol.clone(), now.minus(back), now, CHART_POINTS)
            .await?;
        let kept_from = self.cache.prices_from(symbol.clone()).await?;
        Ok(api::PriceHistory {
            symbol: symbol.to_string(),
            low: points
                .iter()
                .map(|point| &point.low)
                .min()
                .map(ToString::to_string),
            high: points
                .iter()
                .map(|point| &point.high)
                .max()
                .map(ToString::to_string),
            gaps: self
                .price_gaps(&symbol, now.minus(back), now, kept_from)
                .await?,
            from: now.minus(back).as_millis(),
            to: now.as_millis(),
            kept_from: kept_from.map(Timestamp::as_millis),
            points: points.iter().map(point).collect(),
        })
    }

    /// What is not known of a symbol from its oldest price on.
    async fn price_gaps(
        &self,
        symbol: &Symbol,
        from: Timestamp,
        now: Timestamp,
        kept_from: Option<Timestamp>,
    ) -> Result<Vec<api::PriceGap>> {
        let Some(from) = kept_from.map(|kept| kept.max(from)) else {
            return Ok(Vec::new());
        };
        let mut gaps = self.cache.price_gaps(symbol.clone(), from, now).await?;
        // The one that goes on is not written down yet.
        gaps.extend(listening::gap_until(self, catch_up::server_now(self)).await);
        if gaps.len() > CHART_POINTS {
            // The shortest are within one point.
            gaps.sort_by_key(|gap| std::cmp::Reverse(gap.until.since(gap.from)));
            gaps.truncate(CHART_POINTS);
            gaps.sort_by_key(|gap| gap.from);
        }
        Ok(gaps.iter().map(gap).collect())
    }

    pub async fn rules(&self) -> Result<Vec<api::RuleRow>> {
        let now = catch_up::server_now(self);
        self.market.lock().await.rule_rows(&self.locale(), now)
    }

    pub async fn save_rule(&self, args: api::SaveRule) -> Result<api::RuleRow> {
        let rule = rules::rule_of(&args.form)?;
        let id = args.id.as_deref().map(rule_id).transpose()?;
        // A rule sees the ticks after it was made, and their times are the server's.
        let now = catch_up::server_now(self);
        let mut market = market::settled(self).await?;
        let id = market.save(&self.cache, id, rule, now).await?;
        market.rule_row(id, &self.locale(), now)
    }

    pub async fn enable_rule(&self, args: &api::EnableRule) -> Result<api::RuleRow> {
        let id = rule_id(&args.id)?;
        let now = catch_up::server_now(self);
        let mut market = market::settled(self).await?;
        market.enable(&self.cache, id, args.enabled, now).await?;
        market.rule_row(id, &self.locale(), now)
    }

    pub async fn snooze_rule(&self, args: &api::SnoozeRule) -> Result<api::RuleRow> {
        const MOST: u32 = 525_600;
        let id = rule_id(&args.id)?;
        let now = catch_up::server_now(self);
        let until = match args.snooze {
            api::Snooze::Minutes { minutes } if (1..=MOST).contains(&minutes) => {
                Some(now.plus(Duration::from_mins(u64::from(minutes))))
            }
            api::Snooze::Until { at } if Timestamp::from_millis(at) > now => {
                Some(Timestamp::from_millis(at))
            }
            api::Snooze::Wake => None,
            api::Snooze::Minutes { .. } => {
                return Err(invalid(format!(
                    "An alert is snoozed for 1 to {MOST} minutes. Nothing was changed."
                )));
            }
            api::Snooze::Until { .. } => {
                return Err(invalid(
                    "An alert is snoozed until a time to come. Nothing was changed.",
                ));
            }
        };
        let mut market = market::settled(self).await?;
        market.snooze(&self.cache, id, until, now).await?;
        market.rule_row(id, &self.locale(), now)
    }

    pub async fn mute_rule(&self, args: &api::MuteRule) -> Result<api::RuleRow> {
        let id = rule_id(&args.id)?;
        let now = catch_up::server_now(self);
        let mut market = market::settled(self).await?;
        market.mute(&self.cache, id, args.muted, now).await?;
        market.rule_row(id, &self.locale(), now)
    }

    /// All rules, for a file.
    pub(crate) async fn portable_rules(&self) -> Vec<Portable> {
        self.market.lock().await.portable()
    }

    /// Takes rules of a file in, all or none.
    pub(crate) async fn take_rules(&self, rules: Vec<Portable>) -> Result<api::ImportedRules> {
        let now = catch_up::server_now(self);
        let mut market = market::settled(self).await?;
        market.take_in(&self.cache, rules, now).await
    }

    pub async fn delete_rule(&self, args: &api::DeleteRule) -> Result<api::Nothing> {
        let mut market = market::settled(self).await?;
        market.delete(&self.cache, rule_id(&args.id)?).await?;
        Ok(api::Nothing {})
    }

    pub async fn preview_rule(&self, args: api::PreviewRule) -> api::RulePreview {
        let mut form = args.form;
        // What is wrong with the text is said apart: the rest is told all the same.
        let message = form.message.as_deref().unwrap_or_default().trim();
        let message_problem = Template::read(message).err();
        if message_problem.is_some() {
            form.message = None;
        }
        let preview = match rules::rule_of(&form) {
            Ok(rule) => {
                // It does the same whatever it says.
                form.message = None;
                let past = past::of(self, &form, &rule).await;
                let (usual, now) = (rules::usual(self), catch_up::server_now(self));
                let market = self.market.lock().await;
                let preview = market.preview(&rule, usual.as_ref(), &self.locale(), now);
                let (past, past_unknown) = match past {
                    Ok(past) => (Some(past), None),
                    Err(unknown) => (None, Some(unknown.to_string())),
                };
                api::RulePreview {
                    past,
                    past_unknown,
                    ..preview
                }
            }
            Err(error) => api::RulePreview {
                valid: false,
                problem: Some(error.to_string()),
                message_problem: None,
                sentence: None,
                arming: None,
                armed_at_once: false,
                distance_percent: None,
                past: None,
                past_unknown: None,
                notification: None,
            },
        };
        api::RulePreview {
            valid: preview.valid && message_problem.is_none(),
            message_problem: message_problem.map(|problem| problem.to_string()),
            ..preview
        }
    }

    pub async fn firings(&self, args: api::ListFirings) -> Result<Vec<api::FiringRow>> {
        let limit = args.limit.clamp(1, MAX_FIRINGS) as usize;
        let before = match args.before.as_deref().map(str::parse) {
            None => None,
            Some(Ok(id)) => Some(FiringId::from_i64(id)),
            Some(Err(_)) => return Err(invalid("This is no id of an alert that fired.")),
        };
        let firings = match args.symbol {
            Some(symbol) => {
                let symbol = Symbol::new(symbol).map_err(invalid)?;
                self.cache.firings_of(symbol, limit, before).await?
            }
            None => self.cache.firings(limit, before).await?,
        };
        let locale = self.locale();
        Ok(firings
            .iter()
            .map(|row| notices::firing_row(row.id, &row.firing, &locale))
            .collect())
    }
}

fn point(point: &tidings_cache::PricePoint) -> api::PricePoint {
    api::PricePoint {
        time: point.time.as_millis(),
        price: point.price.to_string(),
        volume: point.volume.as_ref().map(ToString::to_string),
    }
}

/// A gap in milliseconds, at least one.
fn gap(gap: &PriceGap) -> api::PriceGap {
    api::PriceGap {
        from: gap.from.as_millis(),
        to: gap.until.as_millis().max(gap.from.as_millis() + 1),
    }
}

fn unpriced(symbol: &Symbol) -> api::QuoteRow {
    api::QuoteRow {
        symbol: symbol.to_string(),
        name: quotes::symbol_name(symbol.as_str()).map(str::to_owned),
        price: None,
        change_24h: None,
        change_percentage_24h: None,
        market_cap: None,
        volume_24h: None,
        time: None,
        stale: true,
        watched: true,
        spark: Vec::new(),
    }
}
