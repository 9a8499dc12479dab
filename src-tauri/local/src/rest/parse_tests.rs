#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn field(column: &str) -> Field {
    Field {
        column: column.to_owned(),
        path: Vec::new(),
        as_text: false,
    }
}

/// Writes a tree as a client does: values quoted, the quote and the backslash escaped.
fn written(logic: &Logic) -> String {
    match logic {
        Logic::Group {
            all,
            negated,
            parts,
        } => {
            let inner: Vec<String> = parts.iter().map(written).collect();
            format!(
                "{}{}({})",
                if *negated { "not." } else { "" },
                if *all { "and" } else { "or" },
                inner.join(",")
            )
        }
        Logic::Filter(filter) => {
            let name = OPERATORS
                .iter()
                .find(|(_, operator)| *operator == filter.operator)
                .unwrap()
                .0;
            let quote = |value: &String| {
                format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
            };
            let values: Vec<String> = filter.values.iter().map(quote).collect();
            let value = if filter.operator == Operator::In {
                format!("({})", values.join(","))
            } else {
                values[0].clone()
            };
            let not = if filter.negated { "not." } else { "" };
            format!("{}.{not}{name}.{value}", filter.field.column)
        }
    }
}

fn any_logic() -> impl Strategy<Value = Logic> {
    let one = (any::<bool>(), 0..6_usize, ".{0,12}").prop_map(|(negated, at, value)| {
        let operator = OPERATORS[at].1;
        let field = field("content");
        Logic::Filter(Filter {
            field,
            negated,
            operator,
            quantifier: None,
            values: vec![value],
        })
    });
    let several =
        (any::<bool>(), prop::collection::vec(".{0,8}", 1..4)).prop_map(|(negated, values)| {
            let field = field("role");
            let operator = Operator::In;
            Logic::Filter(Filter {
                field,
                negated,
                operator,
                quantifier: None,
                values,
            })
        });
    prop_oneof![one, several].prop_recursive(4, 24, 4, |inner| {
        (
            any::<bool>(),
            any::<bool>(),
            prop::collection::vec(inner, 1..4),
        )
            .prop_map(|(all, negated, parts)| Logic::Group {
                all,
                negated,
                parts,
            })
    })
}

proptest! {
    #[test]
    fn a_tree_survives_being_written_and_read(tree in any_logic()) {
        let read = logic("and", &format!("({})", written(&tree))).unwrap();
        prop_assert_eq!(read, Logic::Group { all: true, negated: false, parts: vec![tree] });
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
        let _ = select(&text);
        let _ = order(&text);
        let _ = logic("or", &text);
        let _ = filter(&text, &text);
        let _ = filter("content", &text);
        let _ = columns(&text, "columns parameter");
    }

    #[test]
    fn no_half_written_tree_makes_the_parser_panic(
        text in "[a-c().,\"\\\\{}>:! -]{0,30}(eq|in|not|and|or)[a-c().,\"{}]{0,12}",
    ) {
        let _ = logic("or", &text);
        let _ = select(&text);
        let _ = order(&text);
    }
}

#[test]
fn keyset_pages_are_read() {
    let text =
        r#"(created_at.lt."2026-11-22T10:57:49.685164+00:00",and(created_at.eq."T",id.lt."I"))"#;
    let Logic::Group {
        all: false, parts, ..
    } = logic("or", text).unwrap()
    else {
        panic!("or gives an or");
    };
    let Logic::Filter(first) = &parts[0] else {
        panic!("the first part is a filter")
    };
    assert_eq!(first.values, ["2026-11-22T10:57:49.685164+00:00"]);
    assert!(matches!(&parts[1], Logic::Group { all: true, parts, .. } if parts.len() == 2));
}

#[test]
fn a_value_outside_a_tree_is_taken_as_it_is() {
    let read = filter("content", "eq.\"a,b\".c").unwrap();
    assert_eq!(read.values, ["\"a,b\".c"]);
    let read = filter("metadata->tidings->>kind", "not.in.(a,\"b,)\",c)").unwrap();
    assert_eq!(read.field.path, ["tidings", "kind"]);
    assert!(read.negated && read.field.as_text);
    assert_eq!(read.values, ["a", "b,)", "c"]);
}

#[test]
fn select_knows_aliases_casts_paths_and_relations() {
    let items =
        select("id, cap:market_cap::text,metadata->a->>b,*,chat_messages(id,x(y))").unwrap();
    assert_eq!(items.len(), 5);
    assert_eq!(
        items[1],
        SelectItem::Field {
            alias: Some("cap".to_owned()),
            field: field("market_cap"),
            cast: Some("text".to_owned())
        }
    );
    assert_eq!(items[3], SelectItem::All);
    assert_eq!(items[4], SelectItem::Embedded("chat_messages".to_owned()));
    assert_eq!(select("count()").unwrap(), [SelectItem::Aggregate]);
}

#[test]
fn order_puts_nulls_where_postgres_does() {
    let keys = order("created_at.desc,id.asc.nullsfirst,role.nullsfirst,user_id").unwrap();
    let told: Vec<(bool, bool)> = keys
        .iter()
        .map(|key| (key.descending, key.nulls_first))
        .collect();
    assert_eq!(
        told,
        [(true, true), (false, true), (false, true), (false, false)]
    );
    assert!(order("id.up").is_err());
}

#[test]
fn a_refusal_says_where() {
    let error = filter("content", "almost.x").unwrap_err();
    assert_eq!(error.code, "PGRST100");
    assert_eq!(
        error.message,
        "\"failed to parse filter (almost.x)\" (line 1, column 1)"
    );
    assert_eq!(
        error.details.as_deref(),
        Some("unexpected \"a\" expecting \"not\" or operator (eq, gt, ...)")
    );
    let quoted = order("a.\"୦\"").unwrap_err();
    assert!(
        quoted.message.ends_with("(line 1, column 3)"),
        "{}",
        quoted.message
    );
    assert!(select("a,,b").is_err());
    assert!(logic("or", "(a.eq.1").is_err());
}
