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
            Filter::any_of("a", ["1", "x,y", "null"]),
            "a=in.(1,\"x,y\",\"null\")",
            "or=(a.in.(1,\"x,y\",\"null\"))",
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
