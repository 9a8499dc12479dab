//! The conditions of a change subscription: `column=op.value`.
//!
//! Two grammars: the one of the recorded server (seven operators, one condition), and the
//! newer one (more operators, `not.`, conditions joined by commas).

use std::cmp::Ordering;

use tidings_model::Timestamp;

use crate::store::schema::{Kind, Table};
use crate::store::{PgError, Row, Value};

/// At most so many values in one `in` list.
const MAX_IN_VALUES: usize = 100;

/// What a condition does with the column's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Eq,
    Neq,
    Lt,
    Lte,
    Gt,
    Gte,
    In,
    Like,
    Ilike,
    Is,
    IsDistinct,
}

impl Operator {
    fn parse(name: &str, extended: bool) -> Option<Self> {
        Some(match name {
            "eq" => Self::Eq,
            "neq" => Self::Neq,
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "in" => Self::In,
            "like" if extended => Self::Like,
            "ilike" if extended => Self::Ilike,
            "is" if extended => Self::Is,
            "isdistinct" if extended => Self::IsDistinct,
            _ => return None,
        })
    }
}

/// One condition as written, not yet bound to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    column: String,
    negated: bool,
    operator: Operator,
    operator_text: String,
    operand: String,
}

/// Reads the text of a filter; the error is the server's own sentence.
pub(super) fn parse(text: &str, extended: bool) -> Result<Vec<Written>, String> {
    if !extended {
        return parse_one(text, false).map(|written| vec![written]);
    }
    split_conditions(text)
        .into_iter()
        .map(|part| parse_one(part, true))
        .collect()
}

fn parse_one(text: &str, extended: bool) -> Result<Written, String> {
    let broken = |parts: &[&str]| format!("Error parsing `filter` params: {parts:?}");
    let Some((column, rest)) = text.split_once('=') else {
        return Err(broken(&[text]));
    };
    let (negated, rest) = match rest.strip_prefix("not.") {
        Some(rest) if extended => (true, rest),
        _ => (false, rest),
    };
    let Some((name, operand)) = rest.split_once('.') else {
        return Err(broken(&[rest]));
    };
    let Some(operator) = Operator::parse(name, extended) else {
        return Err(broken(&[name, operand]));
    };
    let operand = if operator == Operator::In {
        let inner = operand
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'));
        match inner {
            Some(inner) => format!("{{{inner}}}"),
            None => {
                return Err(
                    "Error parsing `filter` params: `in` filter value must be wrapped \
                            by parentheses"
                        .to_owned(),
                );
            }
        }
    } else {
        operand.to_owned()
    };
    Ok(Written {
        column: column.to_owned(),
        negated,
        operator,
        operator_text: name.to_owned(),
        operand,
    })
}

/// Splits at the commas outside of parentheses.
fn split_conditions(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(move |char| {
        match char {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        char == ',' && depth == 0
    })
    .collect()
}

/// The form in which the server's messages show a condition.
pub(super) fn describe(conditions: &[Written]) -> String {
    let tuples: Vec<String> = conditions
        .iter()
        .map(|it| {
            format!(
                "{{{:?}, {:?}, {:?}}}",
                it.column, it.operator_text, it.operand
            )
        })
        .collect();
    format!("[{}]", tuples.join(", "))
}

/// A condition bound to a column of one table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    column: usize,
    negated: bool,
    operator: Operator,
    operands: Vec<Operand>,
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Value(Value),
    Pattern(String),
}

impl Written {
    /// Binds the condition to `table`; the error is PostgreSQL's, with its name.
    pub fn bind(&self, table: &'static Table, now: Timestamp) -> Result<Condition, String> {
        let Some(column) = table.position(&self.column) else {
            return Err(format!(
                "ERROR P0001 (raise_exception) invalid column for filter {}",
                self.column
            ));
        };
        let kind = table.columns[column].kind;
        let value = |text: &str| {
            Value::from_text(kind, text, now)
                .map(Operand::Value)
                .map_err(|error| sql_error(&error))
        };
        let operands = match self.operator {
            Operator::Like | Operator::Ilike => vec![Operand::Pattern(self.operand.clone())],
            Operator::Is => vec![Operand::Value(is_operand(kind, &self.operand)?)],
            Operator::In => {
                let texts = list(&self.operand);
                if texts.len() > MAX_IN_VALUES {
                    return Err(format!(
                        "ERROR P0001 (raise_exception) too many values for `in` filter. \
                         Maximum {MAX_IN_VALUES}"
                    ));
                }
                texts
                    .iter()
                    .map(|text| value(text))
                    .collect::<Result<_, _>>()?
            }
            _ => vec![value(&self.operand)?],
        };
        Ok(Condition {
            column,
            negated: self.negated,
            operator: self.operator,
            operands,
        })
    }
}

impl Condition {
    /// Where the column stands in the table.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Whether `row` meets the condition. A NULL meets nothing but `is` and `isdistinct`.
    pub fn matches(&self, row: &Row) -> bool {
        let held = &row.values[self.column];
        let results: Vec<bool> = self
            .operands
            .iter()
            .filter_map(|operand| test(self.operator, held, operand))
            .collect();
        !results.is_empty() && results.contains(&true) != self.negated
    }
}

/// `None` where SQL would answer NULL.
fn test(operator: Operator, held: &Value, operand: &Operand) -> Option<bool> {
    match (operator, operand) {
        (Operator::Is, Operand::Value(value)) => Some(held == value),
        (Operator::IsDistinct, Operand::Value(value)) => {
            Some(held.compare(value) != Some(Ordering::Equal))
        }
        (Operator::Like, Operand::Pattern(pattern)) => {
            held.to_text().map(|text| like(&text, pattern))
        }
        (Operator::Ilike, Operand::Pattern(pattern)) => held
            .to_text()
            .map(|text| like(&text.to_lowercase(), &pattern.to_lowercase())),
        (_, Operand::Value(value)) => {
            let order = held.compare(value)?;
            Some(match operator {
                Operator::Eq | Operator::In => order.is_eq(),
                Operator::Neq => order.is_ne(),
                Operator::Lt => order.is_lt(),
                Operator::Lte => order.is_le(),
                Operator::Gt => order.is_gt(),
                Operator::Gte => order.is_ge(),
                Operator::Like | Operator::Ilike | Operator::Is | Operator::IsDistinct => false,
            })
        }
        (_, Operand::Pattern(_)) => None,
    }
}

/// SQL's LIKE: `%` any text, `_` any character, `\` quotes the next.
fn like(text: &str, pattern: &str) -> bool {
    #[derive(PartialEq)]
    enum Token {
        Any,
        One,
        Char(char),
    }
    let mut tokens = Vec::new();
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        tokens.push(match char {
            '%' => Token::Any,
            '_' => Token::One,
            '\\' => Token::Char(chars.next().unwrap_or('\\')),
            other => Token::Char(other),
        });
    }
    let text: Vec<char> = text.chars().collect();
    // The classic two-pointer match: on a mismatch, the last `%` takes one character more.
    let (mut at, mut token, mut retry) = (0, 0, None);
    while at < text.len() {
        match tokens.get(token) {
            Some(Token::Any) => {
                retry = Some((token + 1, at));
                token += 1;
            }
            Some(Token::One) => {
                at += 1;
                token += 1;
            }
            Some(Token::Char(char)) if *char == text[at] => {
                at += 1;
                token += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    token = after;
                    at = from + 1;
                    retry = Some((after, at));
                }
                None => return false,
            },
        }
    }
    tokens[token..].iter().all(|it| *it == Token::Any)
}

fn is_operand(kind: Kind, text: &str) -> Result<Value, String> {
    match (text.to_ascii_lowercase().as_str(), kind) {
        ("null", _) => Ok(Value::Null),
        ("true", Kind::Bool) => Ok(Value::Bool(true)),
        ("false", Kind::Bool) => Ok(Value::Bool(false)),
        _ => Err(sql_error(&PgError::invalid_text(Kind::Bool, text))),
    }
}

/// The items of `{a,b,"c,d"}`.
fn list(text: &str) -> Vec<String> {
    let inner = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(text);
    let mut items = vec![String::new()];
    let mut quoted = false;
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        let last = items.len() - 1;
        match char {
            '"' => quoted = !quoted,
            '\\' if quoted => items[last].extend(chars.next()),
            ',' if !quoted => items.push(String::new()),
            other => items[last].push(other),
        }
    }
    items
}

/// PostgreSQL's error as the Realtime server words it.
fn sql_error(error: &PgError) -> String {
    let name = match error.code {
        "22P02" => "invalid_text_representation",
        "22007" => "invalid_datetime_format",
        "22008" => "datetime_field_overflow",
        "22003" => "numeric_value_out_of_range",
        _ => "data_exception",
    };
    format!("ERROR {} ({name}) {}", error.code, error.message)
}
