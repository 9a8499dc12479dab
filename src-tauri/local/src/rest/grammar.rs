//! What the query parameters can say.

/// A column, or a path into a `jsonb` column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The column.
    pub column: String,
    /// Names or positions below it.
    pub path: Vec<String>,
    /// Whether the last arrow was `->>`.
    pub as_text: bool,
}

/// One thing that `select` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectItem {
    /// `*`
    All,
    /// `alias:field::cast`
    Field {
        /// The name in the answer when it is not the field's own.
        alias: Option<String>,
        /// What is read.
        field: Field,
        /// The type it is turned into.
        cast: Option<String>,
    },
    /// `relation(…)`
    Embedded(String),
    /// `count()` and its like.
    Aggregate,
}

/// The operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `eq`
    Eq,
    /// `neq`
    Neq,
    /// `gt`
    Gt,
    /// `gte`
    Gte,
    /// `lt`
    Lt,
    /// `lte`
    Lte,
    /// `like`
    Like,
    /// `ilike`
    Ilike,
    /// `match`
    Match,
    /// `imatch`
    Imatch,
    /// `in`
    In,
    /// `is`
    Is,
    /// `isdistinct`
    IsDistinct,
    /// `cs`
    Contains,
    /// `cd`
    ContainedBy,
    /// Operators over arrays, ranges and search vectors, which no column here has.
    Foreign(&'static str),
}

/// Their names in a query.
pub const OPERATORS: &[(&str, Operator)] = &[
    ("eq", Operator::Eq),
    ("neq", Operator::Neq),
    ("gte", Operator::Gte),
    ("gt", Operator::Gt),
    ("lte", Operator::Lte),
    ("lt", Operator::Lt),
    ("like", Operator::Like),
    ("ilike", Operator::Ilike),
    ("match", Operator::Match),
    ("imatch", Operator::Imatch),
    ("in", Operator::In),
    ("isdistinct", Operator::IsDistinct),
    ("is", Operator::Is),
    ("cs", Operator::Contains),
    ("cd", Operator::ContainedBy),
    ("ov", Operator::Foreign("&&")),
    ("sl", Operator::Foreign("<<")),
    ("sr", Operator::Foreign(">>")),
    ("nxr", Operator::Foreign("&<")),
    ("nxl", Operator::Foreign("&>")),
    ("adj", Operator::Foreign("-|-")),
    ("fts", Operator::Foreign("@@")),
    ("plfts", Operator::Foreign("@@")),
    ("phfts", Operator::Foreign("@@")),
    ("wfts", Operator::Foreign("@@")),
];

/// Whether one or all of several values must match: `like(any).{a,b}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// `any`
    Any,
    /// `all`
    All,
}

/// `field=not.op(any).value`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What is tested.
    pub field: Field,
    /// Whether `not.` stands before the operator.
    pub negated: bool,
    /// How it is tested.
    pub operator: Operator,
    /// For several values at once.
    pub quantifier: Option<Quantifier>,
    /// One value, or those of a list.
    pub values: Vec<String>,
}

/// A tree of filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logic {
    /// A leaf.
    Filter(Filter),
    /// `and(…)`, `or(…)`, with `not.` before or not.
    Group {
        /// Whether all must hold (`and`) or one (`or`).
        all: bool,
        /// Whether the result is turned around.
        negated: bool,
        /// The parts.
        parts: Vec<Logic>,
    },
}

/// One key of `order`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderKey {
    /// What is compared.
    pub field: Field,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// Whether NULLs come first.
    pub nulls_first: bool,
}
