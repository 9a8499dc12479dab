//! The optional parts of a project: which tables there are, and what becomes of rows when a
//! part is switched on or off.

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::members;
use super::schema::{
    CHAT_MEMBERS_INFO, CHAT_MESSAGES, CHAT_MESSAGES_REV, CHAT_PROFILES, CHAT_SESSION_INVITES,
    CHAT_SESSION_MEMBERS, CHAT_SESSIONS, CHAT_SESSIONS_REV, CHAT_SYNC_DIGEST, CHAT_SYNC_HEADS,
    CHAT_TOMBSTONES, CRYPTO_PRICES, Table, USER_PRESENCE,
};

/// Which optional parts of `supabase/migrations` a project has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts {
    /// Revisions, heads and tombstones.
    pub sync: bool,
    /// Members, invitations and profiles.
    pub members: bool,
}

impl Parts {
    /// The four tables alone.
    pub const NONE: Self = Self {
        sync: false,
        members: false,
    };
    /// Every part.
    pub const ALL: Self = Self {
        sync: true,
        members: true,
    };

    /// `chat_sessions`, with the columns that it has here.
    pub fn sessions(self) -> &'static Table {
        if self.sync {
            &CHAT_SESSIONS_REV
        } else {
            &CHAT_SESSIONS
        }
    }

    /// `chat_messages`, with the columns that it has here.
    pub fn messages(self) -> &'static Table {
        if self.sync {
            &CHAT_MESSAGES_REV
        } else {
            &CHAT_MESSAGES
        }
    }

    /// All tables and views.
    pub fn tables(self) -> Vec<&'static Table> {
        let mut all = vec![
            self.sessions(),
            self.messages(),
            &USER_PRESENCE,
            &CRYPTO_PRICES,
        ];
        if self.sync {
            all.extend([&CHAT_SYNC_HEADS, &CHAT_TOMBSTONES, &CHAT_SYNC_DIGEST]);
        }
        if self.members {
            all.extend([
                &CHAT_SESSION_MEMBERS,
                &CHAT_SESSION_INVITES,
                &CHAT_PROFILES,
                &CHAT_MEMBERS_INFO,
            ]);
        }
        all
    }

    /// The table or view called `name`.
    pub fn table(self, name: &str) -> Option<&'static Table> {
        self.tables().into_iter().find(|table| table.name == name)
    }

    /// The tables whose changes are told live.
    pub fn published(self) -> Vec<&'static Table> {
        let mut all = self.tables();
        all.retain(|table| table.published);
        all
    }
}

/// Where the epoch of the revisions is kept; it is there while the sync part is on.
const EPOCH: &str = "sync_epoch";

/// The epoch of the revisions.
pub(super) fn epoch(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM workspace_state WHERE name = ?1")?
        .query_row([EPOCH], |row| row.get(0))
        .optional()
}

/// Gives the rows what `parts` need and takes away what they do not.
pub(super) fn apply(connection: &mut Connection, parts: Parts) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let installed = epoch(&transaction)?.is_some();
    if parts.sync && !installed {
        transaction.execute_batch(NUMBER)?;
        transaction.execute(
            "INSERT INTO workspace_state (name, value) VALUES (?1, ?2)",
            [EPOCH, &Uuid::new_v4().to_string()],
        )?;
    }
    if !parts.sync && installed {
        transaction.execute_batch(FORGET)?;
        transaction.execute("DELETE FROM workspace_state WHERE name = ?1", [EPOCH])?;
    }
    if parts.members {
        members::enrol_owners(&transaction)?;
    } else {
        transaction.execute_batch(DISMISS)?;
    }
    transaction.commit()
}

/// Gives each row its revision: a session's own first, then its messages as they are shown.
const NUMBER: &str = "
INSERT INTO chat_sync_heads (session_id, last_rev, gone)
    SELECT id, 1, 0 FROM chat_sessions;
INSERT INTO chat_sync_heads (session_id, last_rev, gone)
    SELECT DISTINCT session_id, 0, 0 FROM chat_messages
    WHERE session_id NOT IN (SELECT id FROM chat_sessions);
UPDATE chat_sessions SET rev = 1;
UPDATE chat_messages SET rev = numbered.rev FROM (
    SELECT m.id, h.last_rev + row_number()
        OVER (PARTITION BY m.session_id ORDER BY m.created_at, m.id) AS rev
    FROM chat_messages m JOIN chat_sync_heads h ON h.session_id = m.session_id
) AS numbered WHERE numbered.id = chat_messages.id;
UPDATE chat_sync_heads SET last_rev = newest.rev FROM (
    SELECT session_id, max(rev) AS rev FROM chat_messages GROUP BY session_id
) AS newest WHERE newest.session_id = chat_sync_heads.session_id;
";

/// Takes every revision away.
const FORGET: &str = "
DELETE FROM chat_sync_heads;
DELETE FROM chat_tombstones;
DELETE FROM sync_gone;
UPDATE chat_sessions SET rev = NULL WHERE rev IS NOT NULL;
UPDATE chat_messages SET rev = NULL WHERE rev IS NOT NULL;
";

/// Takes every member, invitation and profile away.
const DISMISS: &str = "
DELETE FROM chat_session_members;
DELETE FROM chat_session_invites;
DELETE FROM chat_profiles;
";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::open::Source;
    use super::*;
    use crate::options::Location;

    fn revisions(connection: &Connection) -> Vec<(String, Option<i64>)> {
        connection
            .prepare(
                "SELECT id, rev FROM chat_sessions UNION ALL SELECT content, rev FROM chat_messages
                 ORDER BY 2, 1",
            )
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap()
    }

    #[test]
    fn rows_get_revisions_when_the_part_comes_and_lose_them_when_it_goes() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::Directory(directory.path().to_path_buf());
        let source = Source::new(&location, None).unwrap();
        source
            .writer(Parts::NONE)
            .unwrap()
            .execute_batch(
                "INSERT INTO chat_sessions (id) VALUES ('s');
                 INSERT INTO chat_messages (id, session_id, content, role, created_at) VALUES
                     ('1', 's', 'later', 'user', 2), ('2', 's', 'earlier', 'user', 1),
                     ('3', 'orphan', 'x', 'user', 1);",
            )
            .unwrap();
        let named = |revs: [Option<i64>; 4]| {
            let names = ["s", "x", "earlier", "later"].map(str::to_owned);
            names.into_iter().zip(revs).collect::<Vec<_>>()
        };
        let numbered = named([Some(1), Some(1), Some(2), Some(3)]);
        let mut epochs = Vec::new();
        for _ in 0..2 {
            let connection = source.writer(Parts::ALL).unwrap();
            assert_eq!(revisions(&connection), numbered);
            let heads: (i64, i64) = connection
                .query_row(
                    "SELECT count(*), sum(last_rev) FROM chat_sync_heads",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .unwrap();
            assert_eq!(heads, (2, 4));
            epochs.push(epoch(&connection).unwrap().unwrap());
        }
        assert_eq!(epochs[0], epochs[1]);
        let plain = source.writer(Parts::NONE).unwrap();
        assert!(revisions(&plain).iter().all(|(_, rev)| rev.is_none()));
        assert_eq!(epoch(&plain).unwrap(), None);
        drop(plain);
        let again = source.writer(Parts::ALL).unwrap();
        assert_eq!(revisions(&again), numbered);
        assert_ne!(epoch(&again).unwrap().unwrap(), epochs[0]);
    }

    #[test]
    fn sessions_get_their_owners_as_members_when_the_part_comes() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::Directory(directory.path().to_path_buf());
        let source = Source::new(&location, None).unwrap();
        source
            .writer(Parts::NONE)
            .unwrap()
            .execute_batch(
                "INSERT INTO chat_sessions (id, user_id) VALUES ('s', 'alice'), ('nobodys', NULL);",
            )
            .unwrap();
        let members = |parts: Parts| {
            source
                .writer(parts)
                .unwrap()
                .prepare("SELECT session_id, user_id, role FROM chat_session_members")
                .unwrap()
                .query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))
                .unwrap()
                .collect::<rusqlite::Result<Vec<[String; 3]>>>()
                .unwrap()
        };
        for _ in 0..2 {
            let expected = ["s", "alice", "owner"].map(str::to_owned);
            assert_eq!(members(Parts::ALL), [expected]);
        }
        assert!(members(Parts::NONE).is_empty());
    }
}
