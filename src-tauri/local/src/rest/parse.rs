//! The grammar of query parameters: `select`, filters, logic trees, `order`, lists.

use super::error::RestError;
use super::grammar::{Field, Filter, Logic, OPERATORS, Operator, OrderKey, Quantifier, SelectItem};

/// Reads the value of `select`; an empty one is `*`.
pub fn select(text: &str) -> Result<Vec<SelectItem>, RestError> {
    let mut parser = Parser::new(text, "select parameter");
    if text.trim().is_empty() {
        return Ok(vec![SelectItem::All]);
    }
    let mut items = vec![parser.select_item()?];
    while parser.take(',') {
        items.push(parser.select_item()?);
    }
    parser.end()?;
    Ok(items)
}

/// Reads `name=expression` as a filter.
pub fn filter(name: &str, expression: &str) -> Result<Filter, RestError> {
    let mut key = Parser::new(name, "filter");
    let field = key.field()?;
    if key.take('.') {
        return Err(RestError::not_embedded(&field.column));
    }
    key.end()?;
    let mut parser = Parser::new(expression, "filter");
    let (negated, operator, quantifier) = parser.operator()?;
    let values = match (operator, quantifier) {
        (Operator::In, _) => {
            let values = parser.list('(', ')')?;
            parser.end()?;
            values
        }
        (_, Some(_)) => {
            let values = parser.list('{', '}')?;
            parser.end()?;
            values
        }
        _ => vec![parser.rest().to_owned()],
    };
    Ok(Filter {
        field,
        negated,
        operator,
        quantifier,
        values,
    })
}

/// Reads `(…)`, the value of `and`, `or`, `not.and` or `not.or`.
pub fn logic(name: &str, text: &str) -> Result<Logic, RestError> {
    let (negated, operator) = match name.strip_prefix("not.") {
        Some(operator) => (true, operator),
        None => (false, name),
    };
    let mut parser = Parser::new(text, "logic tree");
    let parts = parser.group(0)?;
    parser.end()?;
    Ok(Logic::Group {
        all: operator == "and",
        negated,
        parts,
    })
}

/// Reads the value of `order`.
pub fn order(text: &str) -> Result<Vec<OrderKey>, RestError> {
    let mut parser = Parser::new(text, "order");
    let mut keys = vec![parser.order_key()?];
    while parser.take(',') {
        keys.push(parser.order_key()?);
    }
    parser.end()?;
    Ok(keys)
}

/// Reads a list of column names: `columns`, `on_conflict`.
pub fn columns(text: &str, what: &'static str) -> Result<Vec<String>, RestError> {
    let mut parser = Parser::new(text, what);
    let mut names = vec![parser.name()?];
    while parser.take(',') {
        names.push(parser.name()?);
    }
    parser.end()?;
    Ok(names)
}

/// Groups deeper than this are refused rather than recursed into.
const DEEPEST: usize = 32;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    what: &'static str,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, what: &'static str) -> Self {
        Self { text, at: 0, what }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn take_text(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), RestError> {
        if self.take(wanted) {
            Ok(())
        } else {
            Err(self.refuse(&format!("\"{wanted}\"")))
        }
    }

    fn end(&self) -> Result<(), RestError> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.refuse("end of input"))
        }
    }

    fn refuse(&self, expected: &str) -> RestError {
        let column = self.text[..self.at].chars().count() + 1;
        let found = self
            .peek()
            .map_or_else(|| "end of input".to_owned(), |found| format!("\"{found}\""));
        RestError::parse(
            format!(
                "\"failed to parse {} ({})\" (line 1, column {column})",
                self.what, self.text
            ),
            format!("unexpected {found} expecting {expected}"),
        )
    }

    /// A column name: bare, or in double quotes with backslash escapes.
    fn name(&mut self) -> Result<String, RestError> {
        self.skip_spaces();
        let name = if self.peek() == Some('"') {
            self.quoted()?
        } else {
            let rest = self.rest();
            let length = rest
                .char_indices()
                .find(|(at, character)| {
                    matches!(
                        character,
                        '.' | ',' | ':' | '(' | ')' | '"' | '!' | '{' | '}'
                    ) || rest[*at..].starts_with("->")
                })
                .map_or(rest.len(), |(at, _)| at);
            self.at += length;
            rest[..length].trim_end().to_owned()
        };
        if name.is_empty() {
            return Err(self.refuse("field name (* or [a..z0..9_$])"));
        }
        self.skip_spaces();
        Ok(name)
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(' ').len();
    }

    fn quoted(&mut self) -> Result<String, RestError> {
        self.expect('"')?;
        let mut out = String::new();
        loop {
            let Some(character) = self.peek() else {
                return Err(self.refuse("\"\\\"\""));
            };
            self.at += character.len_utf8();
            match character {
                '"' => return Ok(out),
                '\\' => {
                    let Some(escaped) = self.peek() else {
                        return Err(self.refuse("any character"));
                    };
                    self.at += escaped.len_utf8();
                    out.push(escaped);
                }
                other => out.push(other),
            }
        }
    }

    fn field(&mut self) -> Result<Field, RestError> {
        let column = self.name()?;
        self.path_below(column)
    }

    fn path_below(&mut self, column: String) -> Result<Field, RestError> {
        let mut field = Field {
            column,
            path: Vec::new(),
            as_text: false,
        };
        while !field.as_text && self.take_text("->") {
            field.as_text = self.take('>');
            field.path.push(self.name()?);
        }
        Ok(field)
    }

    fn select_item(&mut self) -> Result<SelectItem, RestError> {
        self.skip_spaces();
        if self.take('*') {
            return Ok(SelectItem::All);
        }
        if self.take_text("...") {
            return Ok(SelectItem::Embedded(self.embedded()?));
        }
        let mut first = self.name()?;
        let mut alias = None;
        if self.peek() == Some(':') && !self.rest().starts_with("::") {
            self.take(':');
            alias = Some(first);
            first = self.name()?;
        }
        if matches!(self.peek(), Some('(' | '!')) {
            let aggregate = matches!(first.as_str(), "count" | "sum" | "avg" | "min" | "max");
            if aggregate && self.take_text("()") {
                return Ok(SelectItem::Aggregate);
            }
            self.skip_brackets()?;
            return Ok(SelectItem::Embedded(first));
        }
        let field = self.path_below(first)?;
        let mut cast = None;
        if self.take_text("::") {
            cast = Some(self.name()?);
        }
        if self.take('.') {
            let function = self.name()?;
            if matches!(function.as_str(), "count" | "sum" | "avg" | "min" | "max") {
                self.expect('(')?;
                self.expect(')')?;
                return Ok(SelectItem::Aggregate);
            }
            return Err(self.refuse("an aggregate function"));
        }
        Ok(SelectItem::Field { alias, field, cast })
    }

    fn embedded(&mut self) -> Result<String, RestError> {
        let mut name = self.name()?;
        if self.take(':') {
            name = self.name()?;
        }
        self.skip_brackets()?;
        Ok(name)
    }

    /// Passes over `!hint(…)`; embedding is refused as a whole, so what is inside is not read.
    fn skip_brackets(&mut self) -> Result<(), RestError> {
        while self.take('!') {
            self.name()?;
        }
        self.expect('(')?;
        let mut depth = 1_usize;
        while depth > 0 {
            match self.peek() {
                Some('"') => {
                    self.quoted()?;
                    continue;
                }
                Some('(') => depth += 1,
                Some(')') => depth -= 1,
                Some(_) => {}
                None => return Err(self.refuse("\")\"")),
            }
            self.at += self.peek().map_or(0, char::len_utf8);
        }
        Ok(())
    }

    fn operator(&mut self) -> Result<(bool, Operator, Option<Quantifier>), RestError> {
        let negated = self.take_text("not.");
        let rest = self.rest();
        let length = rest
            .find(|character: char| !character.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let name = &rest[..length];
        let Some((_, operator)) = OPERATORS.iter().find(|(known, _)| *known == name) else {
            let expected = if negated {
                "operator (eq, gt, ...)"
            } else {
                "\"not\" or operator (eq, gt, ...)"
            };
            return Err(self.refuse(expected));
        };
        self.at += length;
        let quantifier = if self.take_text("(any)") {
            Some(Quantifier::Any)
        } else if self.take_text("(all)") {
            Some(Quantifier::All)
        } else {
            if matches!(operator, Operator::Foreign("@@")) && self.peek() == Some('(') {
                self.skip_brackets()?;
            }
            None
        };
        let quantifiable = matches!(
            operator,
            Operator::Eq
                | Operator::Gt
                | Operator::Gte
                | Operator::Lt
                | Operator::Lte
                | Operator::Like
                | Operator::Ilike
                | Operator::Match
                | Operator::Imatch
        );
        if quantifier.is_some() && !quantifiable {
            return Err(self.refuse("\".\""));
        }
        self.expect('.')?;
        Ok((negated, *operator, quantifier))
    }

    /// `(a,"b,c")`: values bare or quoted.
    fn list(&mut self, open: char, close: char) -> Result<Vec<String>, RestError> {
        self.expect(open)?;
        let mut values = Vec::new();
        if self.take(close) {
            return Ok(values);
        }
        loop {
            values.push(self.list_value(close)?);
            if self.take(close) {
                return Ok(values);
            }
            self.expect(',')?;
        }
    }

    fn list_value(&mut self, close: char) -> Result<String, RestError> {
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let rest = self.rest();
        let length = rest.find([',', close]).unwrap_or(rest.len());
        self.at += length;
        Ok(rest[..length].to_owned())
    }

    fn group(&mut self, depth: usize) -> Result<Vec<Logic>, RestError> {
        if depth > DEEPEST {
            return Err(self.refuse("a tree that is less deep"));
        }
        self.expect('(')?;
        let mut parts = vec![self.logic_part(depth)?];
        while self.take(',') {
            parts.push(self.logic_part(depth)?);
        }
        self.expect(')')?;
        Ok(parts)
    }

    fn logic_part(&mut self, depth: usize) -> Result<Logic, RestError> {
        self.skip_spaces();
        for (start, negated, all) in [
            ("and(", false, true),
            ("or(", false, false),
            ("not.and(", true, true),
            ("not.or(", true, false),
        ] {
            if self.rest().starts_with(start) {
                self.at += start.len() - 1;
                let parts = self.group(depth + 1)?;
                return Ok(Logic::Group {
                    all,
                    negated,
                    parts,
                });
            }
        }
        let field = self.field()?;
        self.expect('.')?;
        let (negated, operator, quantifier) = self.operator()?;
        let values = match (operator, quantifier) {
            (Operator::In, _) => self.list('(', ')')?,
            (_, Some(_)) => self.list('{', '}')?,
            _ => vec![self.logic_value()?],
        };
        Ok(Logic::Filter(Filter {
            field,
            negated,
            operator,
            quantifier,
            values,
        }))
    }

    /// A value inside a tree: quoted, in braces or brackets of its own (`{…}`), or up to
    /// the next comma or closing bracket.
    fn logic_value(&mut self) -> Result<String, RestError> {
        match self.peek() {
            Some('"') => self.quoted(),
            Some('{') => {
                let start = self.at;
                let mut depth = 0_usize;
                loop {
                    match self.peek() {
                        Some('"') => {
                            self.quoted()?;
                            continue;
                        }
                        Some('{') => depth += 1,
                        Some('}') => depth -= 1,
                        Some(_) => {}
                        None => return Err(self.refuse("\"}\"")),
                    }
                    self.at += self.peek().map_or(0, char::len_utf8);
                    if depth == 0 {
                        return Ok(self.text[start..self.at].to_owned());
                    }
                }
            }
            _ => self.list_value(')'),
        }
    }

    fn order_key(&mut self) -> Result<OrderKey, RestError> {
        let field = self.field()?;
        let mut descending = None;
        let mut nulls_first = None;
        while self.take('.') {
            let start = self.at;
            let word = self.name()?;
            match word.as_str() {
                "asc" if descending.is_none() && nulls_first.is_none() => descending = Some(false),
                "desc" if descending.is_none() && nulls_first.is_none() => descending = Some(true),
                "nullsfirst" if nulls_first.is_none() => nulls_first = Some(true),
                "nullslast" if nulls_first.is_none() => nulls_first = Some(false),
                _ => {
                    self.at = start;
                    return Err(self.refuse("\"asc\", \"desc\", \"nullsfirst\" or \"nullslast\""));
                }
            }
        }
        if self.peek() == Some('(') {
            return Err(RestError::not_embedded(&field.column));
        }
        let descending = descending.unwrap_or(false);
        Ok(OrderKey {
            field,
            descending,
            nulls_first: nulls_first.unwrap_or(descending),
        })
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
