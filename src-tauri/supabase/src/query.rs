//! What a read asks for: the part of PostgREST's query language that chat needs.
//!
//! Names of columns are literals of the program; values come from anywhere, and are quoted
//! where the grammar gives characters a meaning.

use std::fmt::Write as _;

/// Columns, filters, order and bounds of a read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    columns: Vec<&'static str>,
    filters: Vec<Filter>,
    order: Vec<(&'static str, Direction)>,
    limit: Option<u32>,
    offset: Option<u32>,
    count: bool,
}

/// A condition on rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// `column op value`
    Compare(&'static str, Op, String),
    /// The column is one of the values; of none, when there are none.
    In(&'static str, Vec<String>),
    /// The column is NULL.
    IsNull(&'static str),
    /// The column is this truth value, and not NULL.
    Is(&'static str, bool),
    /// The contrary.
    Not(Box<Filter>),
    /// Every one of them.
    All(Vec<Filter>),
    /// At least one of them.
    Any(Vec<Filter>),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Eq,
    /// `<>`
    Neq,
    /// `>`
    Gt,
    /// `>=`
    Gte,
    /// `<`
    Lt,
    /// `<=`
    Lte,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Asc,
    Desc,
}

impl Query {
    /// All columns of all rows that may be seen.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only these columns (`name`, or `name::text` for a value that must stay exact text).
    #[must_use]
    pub fn columns(mut self, columns: &[&'static str]) -> Self {
        self.columns = columns.to_vec();
        self
    }

    /// Only rows that meet this condition, too.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// Orders by this column, smallest first; after the columns named before.
    #[must_use]
    pub fn ascending(mut self, column: &'static str) -> Self {
        self.order.push((column, Direction::Asc));
        self
    }

    /// Orders by this column, greatest first; after the columns named before.
    #[must_use]
    pub fn descending(mut self, column: &'static str) -> Self {
        self.order.push((column, Direction::Desc));
        self
    }

    /// At most so many rows. The server may give fewer: a full page proves nothing.
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Leaves so many rows out first.
    #[must_use]
    pub fn offset(mut self, rows: u32) -> Self {
        self.offset = Some(rows);
        self
    }

    /// Asks for the exact number of all rows that meet the filters.
    #[must_use]
    pub fn count(mut self) -> Self {
        self.count = true;
        self
    }

    pub(crate) fn counts(&self) -> bool {
        self.count
    }

    /// The pairs of the address's query, not yet percent-encoded.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        if !self.columns.is_empty() {
            pairs.push(("select".to_owned(), self.columns.join(",")));
        }
        for filter in &self.filters {
            filter.pairs(&mut pairs);
        }
        if !self.order.is_empty() {
            let keys: Vec<String> = self
                .order
                .iter()
                .map(|(column, direction)| match direction {
                    Direction::Asc => format!("{column}.asc"),
                    Direction::Desc => format!("{column}.desc"),
                })
                .collect();
            pairs.push(("order".to_owned(), keys.join(",")));
        }
        let mut number = |name: &str, value: Option<u32>| {
            if let Some(value) = value {
                pairs.push((name.to_owned(), value.to_string()));
            }
        };
        number("limit", self.limit);
        number("offset", self.offset);
        pairs
    }
}

impl Filter {
    /// `column = value`
    pub fn eq(column: &'static str, value: impl Into<String>) -> Self {
        Self::Compare(column, Op::Eq, value.into())
    }

    /// `column <> value`
    pub fn neq(column: &'static str, value: impl Into<String>) -> Self {
        Self::Compare(column, Op::Neq, value.into())
    }

    /// `column > value`
    pub fn gt(column: &'static str, value: impl Into<String>) -> Self {
        Self::Compare(column, Op::Gt, value.into())
    }

    /// `column >= value`
    pub fn gte(column: &'static str, value: impl Into<String>) -> Self {
        Self::Compare(column, Op::Gte, value.into())
    }

    /// `column < value`
    pub fn lt(column: &'static str, value: impl Into<String>) -> Self {
        Self::Compare(column, Op::Lt, value.into())
    }

    /// `column <= value`
    pub fn lte(column: &'static str, value: impl Into<String>) -> Self {
        Self::Compare(column, Op::Lte, value.into())
    }

    /// The column is one of the values.
    pub fn any_of(
        column: &'static str,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self::In(column, values.into_iter().map(Into::into).collect())
    }

    /// Both conditions.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All(mut all) => {
                all.push(other);
                Self::All(all)
            }
            one => Self::All(vec![one, other]),
        }
    }

    /// Either condition.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Any(mut any) => {
                any.push(other);
                Self::Any(any)
            }
            one => Self::Any(vec![one, other]),
        }
    }

    /// Whether it says anything at all: an empty list of conditions would mean every row.
    pub(crate) fn restricts(&self) -> bool {
        match self {
            Self::All(filters) | Self::Any(filters) => {
                !filters.is_empty() && filters.iter().all(Self::restricts)
            }
            Self::Not(filter) => filter.restricts(),
            Self::Compare(..) | Self::In(..) | Self::IsNull(_) | Self::Is(..) => true,
        }
    }

    /// As pairs of the query: here a value runs to the end of its pair and is not quoted.
    pub(crate) fn pairs(&self, pairs: &mut Vec<(String, String)>) {
        match self {
            Self::All(filters) => filters.iter().for_each(|filter| filter.pairs(pairs)),
            Self::Any(filters) => pairs.push(("or".to_owned(), list(filters))),
            Self::Not(filter) => match filter.as_ref() {
                Self::Not(twice) => twice.pairs(pairs),
                Self::All(filters) => pairs.push(("not.and".to_owned(), list(filters))),
                Self::Any(filters) => pairs.push(("not.or".to_owned(), list(filters))),
                simple => {
                    let mut inner = Vec::new();
                    simple.pairs(&mut inner);
                    pairs.extend(
                        inner
                            .into_iter()
                            .map(|(name, value)| (name, format!("not.{value}"))),
                    );
                }
            },
            Self::Compare(column, op, value) => {
                pairs.push(((*column).to_owned(), format!("{}.{value}", op.name())));
            }
            Self::In(column, values) => {
                pairs.push(((*column).to_owned(), format!("in.{}", values_list(values))));
            }
            Self::IsNull(column) => pairs.push(((*column).to_owned(), "is.null".to_owned())),
            Self::Is(column, value) => pairs.push(((*column).to_owned(), format!("is.{value}"))),
        }
    }

    /// Inside `and(…)` or `or(…)`, where a comma or a bracket ends a value.
    fn nested(&self, not: &str, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = match self {
            Self::All(filters) => write!(out, "{not}and{}", list(filters)),
            Self::Any(filters) => write!(out, "{not}or{}", list(filters)),
            Self::Not(filter) => {
                filter.nested(if not.is_empty() { "not." } else { "" }, out);
                Ok(())
            }
            Self::Compare(column, op, value) => {
                write!(out, "{column}.{not}{}.{}", op.name(), quoted(value))
            }
            Self::In(column, values) => write!(out, "{column}.{not}in.{}", values_list(values)),
            Self::IsNull(column) => write!(out, "{column}.{not}is.null"),
            Self::Is(column, value) => write!(out, "{column}.{not}is.{value}"),
        };
    }
}

impl Op {
    fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Neq => "neq",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
        }
    }
}

fn list(filters: &[Filter]) -> String {
    let mut out = String::from("(");
    for (index, filter) in filters.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        filter.nested("", &mut out);
    }
    out.push(')');
    out
}

fn values_list(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("({})", quoted.join(","))
}

/// Quotes whatever is more than letters, digits, `-` and `_`, and the text `null`, which not
/// every server takes for a text otherwise.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let word = !value.is_empty() && value.chars().all(plain);
    if word && !value.eq_ignore_ascii_case("null") {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
