//! The SQL that mends what a look finds.

use super::TABLES;
use crate::workspace::table;

/// The schema that the migrations name.
const PUBLIC: &str = "public";

/// What the four tables are made with.
const CHAT: &str = include_str!("../../../../../supabase/migrations/20261123000000_chat.sql");
const ROW_SECURITY: &str =
    include_str!("../../../../../supabase/migrations/20261123000100_row_level_security.sql");
const OPEN_POLICIES: &str = include_str!("../../../../../supabase/shut_open_policies.sql");
const REALTIME: &str =
    include_str!("../../../../../supabase/migrations/20261123000200_realtime.sql");
/// The optional parts.
const SYNC: &str = include_str!("../../../../../supabase/migrations/20261127000000_sync.sql");
const MEMBERS: &str = include_str!("../../../../../supabase/migrations/20261127000100_members.sql");

/// Makes the tables, with their rules, and has their changes told.
pub(super) fn tables(schema: &str) -> String {
    let made = in_schema(&[CHAT, ROW_SECURITY, REALTIME].concat(), schema);
    if schema == PUBLIC {
        return made;
    }
    format!("create schema if not exists {};\n\n{made}", quoted(schema))
}

/// Shuts the tables to whoever is not signed in. `own_rules`: the members part has brought the
/// rules for whoever is, and they stay.
pub(super) fn row_security(schema: &str, open: &[&str], own_rules: bool) -> String {
    let shut = in_schema(OPEN_POLICIES, schema);
    if !own_rules {
        return shut + &in_schema(ROW_SECURITY, schema);
    }
    let each = |table: &&str| {
        let table = named(schema, table);
        format!("alter table {table} enable row level security;\n")
    };
    open.iter().map(each).fold(shut, |sql, line| sql + &line)
}

/// Has the changes of the tables told.
pub(super) fn publication(schema: &str, silent: &[&str]) -> String {
    // Maybe there is no publication at all.
    if TABLES.iter().all(|table| silent.contains(table)) {
        return in_schema(REALTIME, schema);
    }
    let each = |table: &&str| {
        let table = named(schema, table);
        format!("alter publication supabase_realtime add table {table};\n")
    };
    let added: String = silent.iter().map(each).collect();
    // Without it a subscription that filters by session is told of no delete.
    let full = silent.contains(&table::MESSAGES).then(|| {
        let table = named(schema, table::MESSAGES);
        format!("alter table {table} replica identity full;\n")
    });
    added + &full.unwrap_or_default()
}

/// Brings the sync part, which is written for one schema.
pub(super) fn sync_part(schema: &str) -> Option<String> {
    (schema == PUBLIC).then(|| SYNC.to_owned())
}

/// Brings the members part, which is written for one schema.
pub(super) fn members_part(schema: &str) -> Option<String> {
    (schema == PUBLIC).then(|| MEMBERS.to_owned())
}

/// A migration of the four tables, for another schema than the one it names.
fn in_schema(sql: &str, schema: &str) -> String {
    if schema == PUBLIC {
        return sql.to_owned();
    }
    let quoted = quoted(schema);
    sql.replace("public.", &format!("{quoted}."))
        .replace("schema public", &format!("schema {quoted}"))
        .replace("'public'", &format!("'{schema}'"))
}

fn named(schema: &str, table: &str) -> String {
    format!("{}.{table}", quoted(schema))
}

/// As PostgreSQL reads it: `public` as it is, others with their capitals. A schema is named with
/// letters, digits and underscores, so there is nothing to escape.
fn quoted(schema: &str) -> String {
    if schema == PUBLIC {
        return schema.to_owned();
    }
    format!("\"{schema}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_another_schema_are_made_there() {
        let made = tables("Chat");
        let elsewhere = made.replace("publication", "");
        assert!(!elsewhere.contains("public"), "{elsewhere}");
        assert!(made.starts_with("create schema if not exists \"Chat\";"));
        assert!(made.contains("create table if not exists \"Chat\".chat_messages ("));
        assert!(made.contains("schemaname = 'Chat'"));
        assert!(made.contains("add table \"Chat\".%I"));
        assert!(tables("public").contains("create table if not exists public.chat_messages ("));
    }

    #[test]
    fn what_is_mended_is_named_and_nothing_else() {
        let sql = publication("public", &["chat_messages", "crypto_prices"]);
        let lines: Vec<&str> = sql.lines().collect();
        assert_eq!(
            lines,
            [
                "alter publication supabase_realtime add table public.chat_messages;",
                "alter publication supabase_realtime add table public.crypto_prices;",
                "alter table public.chat_messages replica identity full;",
            ]
        );
        assert!(publication("public", &TABLES).contains("create publication supabase_realtime"));
        let sql = row_security("a", &["chat_sessions"], true);
        assert!(sql.contains("where schemaname = 'a'"), "{sql}");
        assert!(sql.contains("roles && '{public,anon}'"), "{sql}");
        assert!(
            sql.contains("'drop policy %I on \"a\".%I', found.policyname"),
            "{sql}"
        );
        assert!(
            sql.ends_with("$$;\n\nalter table \"a\".chat_sessions enable row level security;\n"),
            "{sql}"
        );
        assert!(row_security("public", &["chat_sessions"], false).contains("create policy"));
    }
}
