//! The cause of a database error, from the error codes of SQLite and PostgreSQL.

use sea_orm::{DbErr, RuntimeErr, sqlx};

/// The cause of a database error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The database can't be reached, the connection broke, or it accepts no more work for now.
    Unavailable,
    /// A conflict with another transaction; the same work may succeed at once.
    Conflict,
    /// The storage is full.
    StorageFull,
    /// The storage can't be read or written.
    StorageFailed,
    /// The database file can't be opened.
    Unopenable,
    /// The database is read-only.
    ReadOnly,
    /// The file is not a database.
    NotADatabase,
    /// The database file is damaged.
    Damaged,
    /// The password is wrong.
    Password,
    /// The user may not connect.
    User,
    /// The database does not exist on the server.
    Missing,
    /// The user lacks a privilege.
    Forbidden,
    /// Another cause.
    Other,
}

impl Cause {
    /// Whether the cause is the storage of the database.
    pub fn is_storage(self) -> bool {
        matches!(
            self,
            Self::StorageFull | Self::StorageFailed | Self::Unopenable | Self::ReadOnly
        )
    }
}

/// The cause of a database error.
pub fn cause(error: &DbErr) -> Cause {
    match error {
        DbErr::ConnectionAcquire(_) => Cause::Unavailable,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_) => Cause::Unavailable,
            sqlx::Error::Database(refusal) => refusal.code().map_or(Cause::Other, |code| of_code(&code)),
            _ => Cause::Other,
        },
        _ => Cause::Other,
    }
}

/// The cause of an error code: a SQLSTATE has five characters; a code of SQLite is a number with the primary code in
/// the last byte.
fn of_code(code: &str) -> Cause {
    if code.len() == 5 {
        return match code {
            // Shutdown, crash, start-up; too many connections, out of memory.
            "57P01" | "57P02" | "57P03" | "53300" | "53200" => Cause::Unavailable,
            // Serialisation failure, deadlock, lock or statement timeout.
            "40001" | "40P01" | "55P03" | "57014" => Cause::Conflict,
            "53100" => Cause::StorageFull,
            "58030" => Cause::StorageFailed,
            "25006" => Cause::ReadOnly,
            "XX001" | "XX002" => Cause::Damaged,
            "28P01" => Cause::Password,
            "28000" => Cause::User,
            "3D000" => Cause::Missing,
            "42501" => Cause::Forbidden,
            _ => Cause::Other,
        };
    }
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(5 | 6) => Cause::Conflict,
        Ok(8) => Cause::ReadOnly,
        Ok(10) => Cause::StorageFailed,
        Ok(11) => Cause::Damaged,
        Ok(13) => Cause::StorageFull,
        Ok(14) => Cause::Unopenable,
        Ok(26) => Cause::NotADatabase,
        _ => Cause::Other,
    }
}

/// The message of the database itself, without the prefixes that the layers above it add.
pub fn message(error: &DbErr) -> String {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner)) => match &**inner {
            sqlx::Error::Database(refusal) => refusal.message().to_owned(),
            sqlx::Error::Io(inner) => inner.to_string(),
            other => other.to_string(),
        },
        DbErr::Custom(text) | DbErr::Migration(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_databases_have_their_cause() {
        for (codes, cause) in [
            (
                &["57P01", "57P02", "57P03", "53300", "53200"][..],
                Cause::Unavailable,
            ),
            (
                &["40001", "40P01", "55P03", "57014", "5", "517", "261", "6"],
                Cause::Conflict,
            ),
            (&["13", "53100"], Cause::StorageFull),
            // A short read, and a failed write, sync and growth of shared memory.
            (
                &["10", "522", "778", "1034", "4874", "58030"],
                Cause::StorageFailed,
            ),
            (&["14", "526"], Cause::Unopenable),
            (&["8", "1032", "25006"], Cause::ReadOnly),
            (&["26"], Cause::NotADatabase),
            (&["11", "XX001"], Cause::Damaged),
            (&["1", "19", "2067", "23505", "42P01", ""], Cause::Other),
        ] {
            for code in codes {
                assert_eq!(of_code(code), cause, "{code}");
            }
        }
    }
}
