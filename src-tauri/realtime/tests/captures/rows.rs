//! What the recorded statements did to the rows: just enough SQL for them.

use std::collections::BTreeMap;

use serde_json::Value;
use tidings_realtime::ChangeKind;

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Written in the statement.
    Known(String),
    /// Made by the database: the recording shows it in the events alone.
    Made(usize),
}

/// Columns that the statements wrote as text; null where they said so.
pub type Columns = BTreeMap<String, Option<String>>;

/// One row change.
#[derive(Debug, Clone)]
pub struct RowChange {
    pub kind: ChangeKind,
    pub table: String,
    pub key: Key,
    /// The row after it; for a delete, before it.
    pub row: Columns,
    /// Changes of one statement have no order of their own.
    pub statement: usize,
    /// The table has full replica identity.
    pub full: bool,
    /// The row was gone when its transaction was over.
    pub gone: bool,
}

/// The tables.
#[derive(Default)]
pub struct Database {
    tables: BTreeMap<String, Vec<(Key, Columns)>>,
    full: BTreeMap<String, bool>,
    made: usize,
    statements: usize,
}

impl Database {
    /// Runs what one line of a recording notes; its changes are committed together.
    pub fn run(&mut self, sql: &str, params: &[Value]) -> Vec<RowChange> {
        let mut changes = Vec::new();
        for statement in split(&tokens(sql)) {
            self.statements += 1;
            self.statement(statement, params, &mut changes);
        }
        for change in &mut changes {
            let rows = self.tables.get(&change.table);
            change.gone = change.kind != ChangeKind::Delete
                && rows.is_none_or(|rows| rows.iter().all(|(key, _)| *key != change.key));
        }
        changes
    }

    /// Messages that the recorder wrote without noting the statements, in this order.
    pub fn messages(&mut self, contents: &[String]) -> Vec<RowChange> {
        let user = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
        let sql = "insert into chat_messages(user_id,content) values($1,$2)";
        contents
            .iter()
            .flat_map(|content| self.run(sql, &[user.into(), content.as_str().into()]))
            .collect()
    }

    fn statement(&mut self, words: &[Token], params: &[Value], changes: &mut Vec<RowChange>) {
        let mut parser = Parser {
            words,
            at: 0,
            params,
        };
        match parser.word().as_str() {
            "insert" => self.insert(&mut parser, changes),
            "update" => self.update(&mut parser, changes),
            "delete" => {
                parser.expect("from");
                let table = parser.word();
                let condition = parser.condition();
                let rows = self.tables.entry(table.clone()).or_default();
                let (gone, kept) = std::mem::take(rows)
                    .into_iter()
                    .partition(|(key, row)| condition.holds(key, row));
                *rows = kept;
                for (key, row) in gone {
                    changes.push(self.change(ChangeKind::Delete, &table, key, row));
                }
            }
            "truncate" => {
                self.tables.remove(&parser.word());
            }
            "alter" => {
                parser.expect("table");
                let table = parser.word();
                parser.expect("replica");
                parser.expect("identity");
                self.full.insert(table, parser.word() == "full");
            }
            // Broadcasts from the database, rights and the ends of transactions change no row.
            "select" | "grant" | "revoke" | "begin" | "commit" => {}
            other => panic!("unknown statement: {other}"),
        }
    }

    fn insert(&mut self, parser: &mut Parser<'_>, changes: &mut Vec<RowChange>) {
        parser.expect("into");
        let table = parser.word();
        let columns = if parser.taken("(") {
            parser.list(Parser::word)
        } else {
            // The only table written without naming columns; the rest are no texts.
            vec!["id".to_owned(), "symbol".to_owned()]
        };
        parser.expect("values");
        let mut inserted = Vec::new();
        while parser.taken("(") {
            inserted.push(parser.list(Parser::expression));
            parser.taken(",");
        }
        let on_conflict = if parser.taken("on") {
            for word in ["conflict", "(", "id", ")", "do", "update", "set"] {
                parser.expect(word);
            }
            parser.assignments()
        } else {
            Vec::new()
        };
        for values in inserted {
            let mut row = Columns::new();
            let mut id = None;
            for (column, value) in columns.iter().zip(values) {
                match value {
                    Expression::Text(text) if column == "id" => id = text,
                    Expression::Text(text) => {
                        row.insert(column.clone(), text);
                    }
                    _ => {}
                }
            }
            let key = id.map_or_else(
                || {
                    self.made += 1;
                    Key::Made(self.made)
                },
                Key::Known,
            );
            let rows = self.tables.entry(table.clone()).or_default();
            let conflict = rows.iter_mut().find(|(own, _)| *own == key);
            let kind = if let Some((_, own)) = conflict {
                for (column, value) in &on_conflict {
                    let value = match value {
                        Expression::Excluded(other) => row.get(other).cloned().flatten(),
                        Expression::Text(text) => text.clone(),
                        Expression::Other => continue,
                    };
                    own.insert(column.clone(), value);
                }
                row.clone_from(own);
                ChangeKind::Update
            } else {
                rows.push((key.clone(), row.clone()));
                ChangeKind::Insert
            };
            changes.push(self.change(kind, &table, key, row));
        }
    }

    fn update(&mut self, parser: &mut Parser<'_>, changes: &mut Vec<RowChange>) {
        let table = parser.word();
        parser.expect("set");
        let assignments = parser.assignments();
        let condition = parser.condition();
        let mut updated = Vec::new();
        for (key, row) in self.tables.entry(table.clone()).or_default() {
            if !condition.holds(key, row) {
                continue;
            }
            for (column, value) in &assignments {
                match value {
                    Expression::Text(Some(text)) if column == "id" => {
                        *key = Key::Known(text.clone());
                    }
                    Expression::Text(text) => {
                        row.insert(column.clone(), text.clone());
                    }
                    _ => {}
                }
            }
            updated.push((key.clone(), row.clone()));
        }
        for (key, row) in updated {
            changes.push(self.change(ChangeKind::Update, &table, key, row));
        }
    }

    fn change(&self, kind: ChangeKind, table: &str, key: Key, row: Columns) -> RowChange {
        RowChange {
            kind,
            table: table.to_owned(),
            key,
            row,
            statement: self.statements,
            full: self.full.get(table).copied().unwrap_or_default(),
            gone: false,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A name or a sign.
    Word(String),
    Text(String),
    Number(String),
    Param(usize),
}

fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql.trim();
    while let Some(first) = rest.chars().next() {
        let run = |rest: &str, keep: fn(char) -> bool| {
            let end = rest[1..].find(|c| !keep(c)).map_or(rest.len(), |at| at + 1);
            rest[..end].to_owned()
        };
        let length;
        if first == '\'' {
            let mut text = String::new();
            let mut end = 1;
            loop {
                let close = end + rest[end..].find('\'').unwrap();
                text.push_str(&rest[end..close]);
                end = close + 1;
                if !rest[end..].starts_with('\'') {
                    break;
                }
                text.push('\'');
                end += 1;
            }
            length = end;
            tokens.push(Token::Text(text));
        } else if first.is_ascii_alphabetic() {
            let word = run(rest, |c| c.is_ascii_alphanumeric() || "_.".contains(c));
            length = word.len();
            tokens.push(Token::Word(word));
        } else if first == '$' {
            let word = run(rest, |c| c.is_ascii_digit());
            length = word.len();
            tokens.push(Token::Param(word[1..].parse().unwrap()));
        } else if first.is_ascii_digit() || first == '-' {
            let word = run(rest, |c| c.is_ascii_alphanumeric() || ".-".contains(c));
            length = word.len();
            tokens.push(Token::Number(word));
        } else {
            length = first.len_utf8();
            tokens.push(Token::Word(first.to_string()));
        }
        rest = rest[length..].trim_start();
    }
    tokens
}

fn split(tokens: &[Token]) -> impl Iterator<Item = &[Token]> {
    tokens
        .split(|token| *token == Token::Word(";".into()))
        .filter(|statement| !statement.is_empty())
}

enum Expression {
    Text(Option<String>),
    Excluded(String),
    /// Not a text, or one that is not known.
    Other,
}

/// Everything that has to hold.
struct Condition(Vec<Test>);

enum Test {
    Equals(String, Option<String>),
    Length(String, usize),
}

impl Condition {
    fn holds(&self, key: &Key, row: &Columns) -> bool {
        self.0.iter().all(|test| match test {
            Test::Equals(column, value) if column == "id" => value
                .as_ref()
                .is_some_and(|value| *key == Key::Known(value.clone())),
            Test::Equals(column, value) => row.get(column) == Some(value),
            Test::Length(column, length) => row
                .get(column)
                .and_then(Option::as_ref)
                .is_some_and(|text| self::length(text) == *length),
        })
    }
}

struct Parser<'a> {
    words: &'a [Token],
    at: usize,
    params: &'a [Value],
}

impl Parser<'_> {
    fn next(&mut self) -> Token {
        self.at += 1;
        self.words[self.at - 1].clone()
    }

    fn word(&mut self) -> String {
        match self.next() {
            Token::Word(word) => word,
            other => panic!("no word: {other:?} in {:?}", self.words),
        }
    }

    fn expect(&mut self, word: &str) {
        let found = self.word();
        assert_eq!(found, word, "in {:?}", self.words);
    }

    /// Passes over a word if it is next.
    fn taken(&mut self, word: &str) -> bool {
        let taken = self.words.get(self.at) == Some(&Token::Word(word.to_owned()));
        self.at += usize::from(taken);
        taken
    }

    /// Items up to the closing bracket.
    fn list<T>(&mut self, item: fn(&mut Self) -> T) -> Vec<T> {
        let mut items = vec![item(self)];
        while self.taken(",") {
            items.push(item(self));
        }
        self.expect(")");
        items
    }

    fn expression(&mut self) -> Expression {
        match self.next() {
            Token::Text(text) => Expression::Text(Some(text)),
            Token::Param(number) => {
                let value = &self.params[number - 1];
                Expression::Text(Some(value.as_str().unwrap().to_owned()))
            }
            Token::Number(_) => Expression::Other,
            Token::Word(word) if word == "null" => Expression::Text(None),
            Token::Word(word) => {
                if let Some(column) = word.strip_prefix("excluded.") {
                    return Expression::Excluded(column.to_owned());
                }
                if self.taken("(") {
                    self.expect(")");
                }
                Expression::Other
            }
        }
    }

    fn assignments(&mut self) -> Vec<(String, Expression)> {
        let mut assignments = Vec::new();
        loop {
            let column = self.word();
            self.expect("=");
            assignments.push((column, self.expression()));
            if !self.taken(",") {
                return assignments;
            }
        }
    }

    fn condition(&mut self) -> Condition {
        let mut tests = Vec::new();
        while self.taken("where") || self.taken("and") {
            let column = self.word();
            if column == "length" {
                self.expect("(");
                let column = self.word();
                self.expect(")");
                self.expect("=");
                let Token::Number(length) = self.next() else {
                    panic!("no length");
                };
                tests.push(Test::Length(column, length.parse().unwrap()));
                continue;
            }
            self.expect("=");
            match self.expression() {
                Expression::Text(text) => tests.push(Test::Equals(column, text)),
                _ => panic!("no text: {:?}", self.words),
            }
        }
        Condition(tests)
    }
}

/// A large text is noted by its beginning and its length: the two, and whether that is all.
fn noted(text: &str) -> (&str, usize, bool) {
    text.strip_suffix(" bytes)")
        .and_then(|text| text.rsplit_once("…("))
        .and_then(|(begin, bytes)| Some((begin, bytes.parse().ok()?, false)))
        .unwrap_or((text, text.len(), true))
}

/// Bytes of a text that a statement wrote.
pub fn length(text: &str) -> usize {
    noted(text).1
}

/// Whether a told text is the one that a statement wrote.
pub fn same(written: &str, told: &str) -> bool {
    let (begin, bytes, all) = noted(written);
    told.len() == bytes && told.starts_with(begin) && (!all || told == written)
}
