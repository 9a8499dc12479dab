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

/// Quotes whatever is more than letters, digits, `-` and `_`.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !value.is_empty() && value.chars().all(plain) {
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
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn pairs(filter: &Filter) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        filter.pairs(&mut pairs);
        pairs
    }

    fn pair(filter: &Filter) -> String {
        let pairs = pairs(filter);
        assert_eq!(pairs.len(), 1);
        format!("{}={}", pairs[0].0, pairs[0].1)
    }

    #[test]
    fn a_read_of_a_page_before_a_cursor_is_written_as_postgrest_wants_it() {
        let before = Filter::lt("created_at", "2026-11-22T10:57:49.685164+00:00").or(Filter::eq(
            "created_at",
            "2026-11-22T10:57:49.685164+00:00",
        )
        .and(Filter::lt("id", "b8a0")));
        let query = Query::new()
            .columns(&["id", "price::text"])
            .filter(Filter::eq("session_id", "a,b (1)"))
            .filter(before)
            .descending("created_at")
            .descending("id")
            .limit(50)
            .offset(10);
        let expected = [
            ("select", "id,price::text"),
            ("session_id", "eq.a,b (1)"),
            (
                "or",
                "(created_at.lt.\"2026-11-22T10:57:49.685164+00:00\",\
                 and(created_at.eq.\"2026-11-22T10:57:49.685164+00:00\",id.lt.b8a0))",
            ),
            ("order", "created_at.desc,id.desc"),
            ("limit", "50"),
            ("offset", "10"),
        ];
        let pairs = query.pairs();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(pairs, expected);
    }

    #[test]
    fn every_condition_has_its_form_at_the_top_and_inside() {
        let all = |filter: Filter| {
            let inside = Filter::Any(vec![filter.clone()]);
            (pair(&filter), pair(&inside))
        };
        let cases = [
            (Filter::neq("a", "1"), "a=neq.1", "or=(a.neq.1)"),
            (Filter::gt("a", "x y"), "a=gt.x y", "or=(a.gt.\"x y\")"),
            (Filter::gte("a", ""), "a=gte.", "or=(a.gte.\"\")"),
            (
                Filter::lte("a", "\"\\"),
                "a=lte.\"\\",
                "or=(a.lte.\"\\\"\\\\\")",
            ),
            (
                Filter::any_of("a", ["1", "x,y"]),
                "a=in.(1,\"x,y\")",
                "or=(a.in.(1,\"x,y\"))",
            ),
            (Filter::In("a", vec![]), "a=in.()", "or=(a.in.())"),
            (Filter::IsNull("a"), "a=is.null", "or=(a.is.null)"),
            (Filter::Is("a", true), "a=is.true", "or=(a.is.true)"),
            (
                Filter::Not(Box::new(Filter::eq("a", "1"))),
                "a=not.eq.1",
                "or=(a.not.eq.1)",
            ),
            (
                Filter::Not(Box::new(Filter::eq("a", "1").or(Filter::IsNull("b")))),
                "not.or=(a.eq.1,b.is.null)",
                "or=(not.or(a.eq.1,b.is.null))",
            ),
            (
                Filter::Not(Box::new(Filter::Not(Box::new(Filter::Is("a", false))))),
                "a=is.false",
                "or=(a.is.false)",
            ),
        ];
        for (filter, top, inside) in cases {
            assert_eq!(all(filter), (top.to_owned(), inside.to_owned()));
        }
    }

    #[test]
    fn conditions_that_all_hold_stand_side_by_side() {
        let filter = Filter::eq("a", "1")
            .and(Filter::eq("b", "2"))
            .and(Filter::eq("c", "3"));
        let names: Vec<_> = pairs(&filter).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn an_empty_condition_restricts_nothing() {
        assert!(!Filter::All(vec![]).restricts());
        assert!(!Filter::Any(vec![]).restricts());
        assert!(!Filter::All(vec![Filter::All(vec![])]).restricts());
        assert!(!Filter::Not(Box::new(Filter::All(vec![]))).restricts());
        assert!(Filter::In("id", vec![]).restricts());
        assert!(Filter::eq("id", "1").and(Filter::IsNull("a")).restricts());
    }

    /// Reads a list of values by PostgREST's grammar: quoted with backslash escapes, or plain
    /// up to a comma or a bracket. Returns the values and what stands behind the list.
    fn read_list(text: &str) -> (Vec<String>, &str) {
        let mut values = Vec::new();
        let mut rest = text.strip_prefix('(').unwrap();
        loop {
            let mut value = String::new();
            if let Some(quoted) = rest.strip_prefix('"') {
                let mut chars = quoted.char_indices();
                loop {
                    match chars.next().unwrap() {
                        (at, '"') => {
                            rest = &quoted[at + 1..];
                            break;
                        }
                        (_, '\\') => value.push(chars.next().unwrap().1),
                        (_, c) => value.push(c),
                    }
                }
            } else {
                let end = rest.find([',', ')']).unwrap();
                value.push_str(&rest[..end]);
                rest = &rest[end..];
            }
            values.push(value);
            match rest.split_at(1) {
                (",", more) => rest = more,
                (")", behind) => return (values, behind),
                other => panic!("{other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn any_values_in_a_list_read_back(values in prop::collection::vec(any::<String>(), 1..6)) {
            let written = pair(&Filter::any_of("a", values.clone()));
            let (read, rest) = read_list(written.strip_prefix("a=in.").unwrap());
            prop_assert_eq!((read, rest), (values, ""));
        }

        #[test]
        fn any_value_inside_or_reads_back(value in any::<String>(), other in "[,.:()\"\\\\ ]{0,8}") {
            let both = Filter::eq("a", value.clone()).or(Filter::eq("b", other.clone()));
            let written = pair(&both);
            // As a list of two: the names and operators become part of plain text before a quote.
            let inner = written.strip_prefix("or=(a.eq.").unwrap();
            let (first, rest) = read_first(inner);
            prop_assert_eq!(first, value);
            let (second, rest) = read_first(rest.strip_prefix(",b.eq.").unwrap());
            prop_assert_eq!((second, rest), (other, ")"));
        }

        #[test]
        fn any_value_at_the_top_survives_the_address(value in any::<String>()) {
            let mut url = url::Url::parse("http://127.0.0.1/").unwrap();
            let query = Query::new().filter(Filter::eq("a", value.clone())).limit(1);
            for (name, value) in query.pairs() {
                url.query_pairs_mut().append_pair(&name, &value);
            }
            let read: Vec<_> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(&read, &[("a".to_owned(), format!("eq.{value}")), ("limit".to_owned(), "1".to_owned())]);
        }
    }

    /// The first value of a text, and what stands behind it.
    fn read_first(text: &str) -> (String, &str) {
        let list = format!("({text}");
        if !text.starts_with('"') {
            let end = text.find([',', ')']).unwrap();
            return (text[..end].to_owned(), &text[end..]);
        }
        let mut escaped = false;
        let end = text[1..]
            .char_indices()
            .find(|(_, c)| {
                let ends = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                ends
            })
            .unwrap()
            .0;
        let closed = format!("{})", &list[..end + 3]);
        (read_list(&closed).0.remove(0), &text[end + 2..])
    }
}
