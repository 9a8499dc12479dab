use thiserror::Error;

use crate::template::TemplateError;

/// Why a rule is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuleError {
    /// A threshold at or below zero is never reached.
    #[error("the price has to be more than 0")]
    PriceNotPositive,
    /// The band around a line or a bound.
    #[error("the re-arm percentage has to be at least 0 and less than 100")]
    RearmPercent,
    /// The margin of a change over 24 hours.
    #[error("the re-arm points have to be at least 0")]
    RearmPoints,
    /// A move of nothing is always true.
    #[error("the percentage has to be more than 0")]
    PercentNotPositive,
    /// A price cannot fall by all of itself.
    #[error("a fall has to be less than 100 percent")]
    FallOfEverything,
    /// A window without length.
    #[error("the window has to be at least 1 second")]
    EmptyWindow,
    /// A range below zero.
    #[error("the lower bound has to be at least 0")]
    LowNegative,
    /// A range without inside.
    #[error("the lower bound has to be less than the upper bound")]
    EmptyRange,
    /// Lines that lie on one another.
    #[error("the step has to be more than 0")]
    StepNotPositive,
    /// Without a margin, a price that wavers around a line would cross it each time.
    #[error("the re-arm percentage of a step has to be more than 0 and less than 100")]
    StepRearm,
    /// A volume or a market cap at or below zero is always reached, or never.
    #[error("the value has to be more than 0")]
    ValueNotPositive,
    /// A silence without length.
    #[error("the silence has to be at least 1 second")]
    EmptySilence,
    /// Another number of conditions.
    #[error("`all` takes exactly two conditions")]
    NotTwo,
    /// A kind that is not true or false at a tick.
    #[error("`{0}` cannot be one of two conditions at once: it is not true or false at a tick")]
    NoTruth(&'static str),
    /// Too many of them.
    #[error("a rule has at most {} tags", super::Rule::MOST_TAGS)]
    TooManyTags,
    /// One that cannot be shown or found.
    #[error(
        "a tag has 1 to {} characters, no control characters, and no blank at either end",
        super::Rule::LONGEST_TAG
    )]
    Tag,
    /// The same one again.
    #[error("the tag “{0}” is given twice")]
    TagTwice(String),
    /// A text that cannot be filled in.
    #[error(transparent)]
    Message(#[from] TemplateError),
}
