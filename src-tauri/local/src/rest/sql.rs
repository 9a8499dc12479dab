//! Filters and orders as SQL over one table.

use tidings_model::Timestamp;

use super::error::RestError;
use super::grammar::{Field, Filter, Logic, Operator, OrderKey, Quantifier};
use crate::auth::Role;
use crate::store::schema::{Kind, Table};
use crate::store::{PgError, Value, functions};

/// A piece of SQL and what its `?` stand for.
#[derive(Debug, Default)]
pub struct Sql {
    /// The text.
    pub text: String,
    /// The parameters in order.
    pub parameters: Vec<Value>,
}

/// What a field is in SQL.
struct Operand {
    sql: Sql,
    kind: Kind,
}

/// All of `conditions` joined by AND; `1` when there are none.
pub fn conditions(table: &Table, conditions: &[Logic], now: Timestamp) -> Result<Sql, RestError> {
    let mut out = Sql::default();
    group(table, conditions, true, now, &mut out)?;
    Ok(out)
}

/// ` ORDER BY …`, or nothing.
pub fn order_by(table: &Table, keys: &[OrderKey]) -> Result<Sql, RestError> {
    let mut out = Sql::default();
    for key in keys {
        let operand = operand(table, &key.field)?;
        out.text.push_str(if out.text.is_empty() {
            " ORDER BY "
        } else {
            ", "
        });
        out.text.push_str(&operand.sql.text);
        out.parameters.extend(operand.sql.parameters);
        out.text
            .push_str(if key.descending { " DESC" } else { " ASC" });
        // Without NULLs their place need not be said, and an index serves the order as it is.
        let never_null = table.column(&key.field.column).is_some_and(|c| c.not_null)
            && key.field.path.is_empty();
        if !never_null {
            out.text.push_str(if key.nulls_first {
                " NULLS FIRST"
            } else {
                " NULLS LAST"
            });
        }
    }
    Ok(out)
}

/// Looks a field up, refusing what the table does not have.
pub fn check(table: &Table, field: &Field) -> Result<(), RestError> {
    operand(table, field).map(|_| ())
}

fn group(
    table: &Table,
    parts: &[Logic],
    all: bool,
    now: Timestamp,
    out: &mut Sql,
) -> Result<(), RestError> {
    if parts.is_empty() {
        out.text.push('1');
        return Ok(());
    }
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.text.push_str(if all { " AND " } else { " OR " });
        }
        match part {
            Logic::Filter(one) => filter(table, one, now, out)?,
            Logic::Group {
                all,
                negated,
                parts,
            } => {
                out.text.push_str(if *negated { "NOT (" } else { "(" });
                group(table, parts, *all, now, out)?;
                out.text.push(')');
            }
        }
    }
    Ok(())
}

fn operand(table: &Table, field: &Field) -> Result<Operand, RestError> {
    let column = table
        .column(&field.column)
        .ok_or_else(|| RestError::unknown_column(table, &field.column))?;
    if field.path.is_empty() {
        let sql = Sql {
            text: column.name.to_owned(),
            parameters: Vec::new(),
        };
        return Ok(Operand {
            sql,
            kind: column.kind,
        });
    }
    if column.kind != Kind::Json {
        let arrow = if field.as_text && field.path.len() == 1 {
            "->>"
        } else {
            "->"
        };
        return Err(RestError::operator(column.kind.sql_name(), arrow));
    }
    let marks = ", ?".repeat(field.path.len());
    let text = format!(
        "json_at({}, {}{marks})",
        column.name,
        i32::from(field.as_text)
    );
    let parameters = field.path.iter().cloned().map(Value::Text).collect();
    let kind = if field.as_text {
        Kind::Text
    } else {
        Kind::Json
    };
    Ok(Operand {
        sql: Sql { text, parameters },
        kind,
    })
}

fn filter(table: &Table, filter: &Filter, now: Timestamp, out: &mut Sql) -> Result<(), RestError> {
    let operand = operand(table, &filter.field)?;
    if filter.negated {
        out.text.push_str("NOT ");
    }
    out.text.push('(');
    match filter.operator {
        Operator::In => {
            if filter.values.is_empty() {
                out.text.push('0');
            } else {
                push(out, &operand);
                out.text.push_str(" IN (");
                for (index, value) in filter.values.iter().enumerate() {
                    out.text.push_str(if index == 0 { "?" } else { ", ?" });
                    out.parameters.push(literal(operand.kind, value, now)?);
                }
                out.text.push(')');
            }
        }
        Operator::Is => is(&operand, first(filter), out)?,
        operator => match filter.quantifier {
            None => compare(&operand, operator, first(filter), now, out)?,
            Some(quantifier) => {
                let joiner = if quantifier == Quantifier::Any {
                    " OR "
                } else {
                    " AND "
                };
                if filter.values.is_empty() {
                    out.text.push_str(if quantifier == Quantifier::Any {
                        "0"
                    } else {
                        "1"
                    });
                }
                for (index, value) in filter.values.iter().enumerate() {
                    if index > 0 {
                        out.text.push_str(joiner);
                    }
                    compare(&operand, operator, value, now, out)?;
                }
            }
        },
    }
    out.text.push(')');
    Ok(())
}

fn first(filter: &Filter) -> &str {
    filter.values.first().map_or("", String::as_str)
}

fn push(out: &mut Sql, operand: &Operand) {
    out.text.push_str(&operand.sql.text);
    out.parameters
        .extend(operand.sql.parameters.iter().cloned());
}

fn is(operand: &Operand, word: &str, out: &mut Sql) -> Result<(), RestError> {
    let word = word.to_ascii_lowercase();
    let test = match word.as_str() {
        "null" | "unknown" => " IS NULL",
        "not_null" => " IS NOT NULL",
        "true" => " IS 1",
        "false" => " IS 0",
        other => {
            return Err(RestError::parse(
                format!("\"failed to parse filter (is.{other})\" (line 1, column 4)"),
                "unexpected value expecting null, not_null, true, false or unknown".to_owned(),
            ));
        }
    };
    if !word.ends_with("null") && operand.kind != Kind::Bool {
        let refusal = PgError::new(
            "42804",
            format!(
                "argument of IS {} must be type boolean, not type {}",
                word.to_ascii_uppercase(),
                operand.kind.sql_name()
            ),
        );
        return Err(RestError::from_postgres(refusal, &Role::Authenticated));
    }
    push(out, operand);
    out.text.push_str(test);
    Ok(())
}

fn compare(
    operand: &Operand,
    operator: Operator,
    value: &str,
    now: Timestamp,
    out: &mut Sql,
) -> Result<(), RestError> {
    let simple = |sign| Ok::<_, RestError>((sign, literal(operand.kind, value, now)?));
    let (sign, value) = match operator {
        Operator::Eq => simple(" = ?")?,
        Operator::Neq => simple(" <> ?")?,
        Operator::Gt => simple(" > ?")?,
        Operator::Gte => simple(" >= ?")?,
        Operator::Lt => simple(" < ?")?,
        Operator::Lte => simple(" <= ?")?,
        Operator::IsDistinct => simple(" IS NOT ?")?,
        Operator::Like | Operator::Ilike => {
            let fold = operator == Operator::Ilike;
            text_only(operand, if fold { "~~*" } else { "~~" })?;
            call("pg_like", operand, &value.replace('*', "%"), fold, out);
            return Ok(());
        }
        Operator::Match | Operator::Imatch => {
            let fold = operator == Operator::Imatch;
            text_only(operand, if fold { "~*" } else { "~" })?;
            if functions::build(value, fold).is_err() {
                let refusal = PgError::new(
                    "2201B",
                    format!("invalid regular expression: \"{value}\" cannot be read"),
                );
                return Err(RestError::from_postgres(refusal, &Role::Authenticated));
            }
            call("pg_match", operand, value, fold, out);
            return Ok(());
        }
        Operator::Contains | Operator::ContainedBy => {
            let contains = operator == Operator::Contains;
            if operand.kind != Kind::Json {
                let sign = if contains { "@>" } else { "<@" };
                return Err(RestError::operator(operand.kind.sql_name(), sign));
            }
            let value = literal(Kind::Json, value, now)?;
            out.text.push_str("json_contains(");
            if contains {
                push(out, operand);
                out.text.push_str(", ?)");
                out.parameters.push(value);
            } else {
                out.text.push_str("?, ");
                out.parameters.push(value);
                push(out, operand);
                out.text.push(')');
            }
            return Ok(());
        }
        Operator::Foreign(sign) => {
            return Err(RestError::operator(operand.kind.sql_name(), sign));
        }
        Operator::In | Operator::Is => return Ok(()),
    };
    push(out, operand);
    out.text.push_str(sign);
    out.parameters.push(value);
    Ok(())
}

fn call(function: &str, operand: &Operand, pattern: &str, fold: bool, out: &mut Sql) {
    out.text.push_str(function);
    out.text.push('(');
    push(out, operand);
    out.text.push_str(", ?, ");
    out.text.push_str(if fold { "1)" } else { "0)" });
    out.parameters.push(Value::Text(pattern.to_owned()));
}

fn text_only(operand: &Operand, sign: &str) -> Result<(), RestError> {
    if operand.kind == Kind::Text {
        Ok(())
    } else {
        Err(RestError::operator(operand.kind.sql_name(), sign))
    }
}

fn literal(kind: Kind, text: &str, now: Timestamp) -> Result<Value, RestError> {
    Value::from_text(kind, text, now)
        .map_err(|refusal| RestError::from_postgres(refusal, &Role::Authenticated))
}
