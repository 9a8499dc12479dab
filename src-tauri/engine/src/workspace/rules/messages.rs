//! What is told of a firing in the user's own words.

use tidings_alerts::describe::{self, Told};
use tidings_alerts::{Firing, Placeholder, Rule, Template};
use tidings_contract as api;
use tidings_model::{Locale, Quote, Timestamp};

use crate::workspace::Core;
use crate::workspace::notices::clock_time;

/// The text of rules that have none of their own, as the settings say it.
pub(in crate::workspace) fn usual(core: &Core) -> Option<Template> {
    let settings = core.settings.borrow();
    // It was read when it was set.
    Template::read(&settings.alert_message).ok().flatten()
}

/// The user's own text of a firing, filled in; `None` where there is none.
pub(in crate::workspace) fn told(
    core: &Core,
    rule: &Rule,
    firing: &Firing,
    quote: Option<&Quote>,
) -> Option<String> {
    let usual = || usual(core);
    let template = rule.message.clone().or_else(usual)?;
    let told = Told {
        rule,
        firing,
        quote,
        clock: &clock_time,
        locale: &core.locale(),
    };
    told.fill(&template)
}

/// What would be told of a rule if it came true next.
pub(super) fn preview(
    rule: &Rule,
    usual: Option<&Template>,
    quote: Option<&Quote>,
    locale: &Locale,
    now: Timestamp,
) -> Option<api::NotificationPreview> {
    let firing = describe::sample(rule, quote, now)?;
    let told = Told {
        rule,
        firing: &firing,
        quote,
        clock: &clock_time,
        locale,
    };
    let template = rule.message.as_ref().or(usual);
    let values = Placeholder::ALL.map(|placeholder| api::PlaceholderValue {
        placeholder: in_contract(placeholder),
        text: told.value(placeholder),
    });
    Some(api::NotificationPreview {
        title: told.title(),
        body: template
            .and_then(|template| told.fill(template))
            .unwrap_or_else(|| told.details()),
        values: values.into(),
    })
}

const fn in_contract(placeholder: Placeholder) -> api::Placeholder {
    match placeholder {
        Placeholder::Symbol => api::Placeholder::Symbol,
        Placeholder::Price => api::Placeholder::Price,
        Placeholder::Threshold => api::Placeholder::Threshold,
        Placeholder::Condition => api::Placeholder::Condition,
        Placeholder::Move => api::Placeholder::Move,
        Placeholder::Change24h => api::Placeholder::Change24h,
        Placeholder::Volume => api::Placeholder::Volume,
        Placeholder::MarketCap => api::Placeholder::MarketCap,
        Placeholder::Time => api::Placeholder::Time,
        Placeholder::Tags => api::Placeholder::Tags,
        Placeholder::Details => api::Placeholder::Details,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_stands_in_braces_is_the_word_of_the_contract() {
        for placeholder in Placeholder::ALL {
            let word = serde_json::to_value(in_contract(placeholder)).unwrap();
            assert_eq!(word, placeholder.name());
        }
    }
}
