//! Why a database did not do it, read from the codes of both: the one place that knows them.

use sea_orm::{DbErr, RuntimeErr, sqlx};

/// Why a database did not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It can't be reached, the connection broke, or it takes no more work for now.
    Away,
    /// Others are in the way; the same work may succeed at once.
    Conflict,
    /// Its storage is full.
    StorageFull,
    /// Its storage can't be read or written.
    StorageFailed,
    /// Its file can't be opened.
    Unopenable,
    /// It takes no writes.
    ReadOnly,
    /// Its file is no database.
    NotADatabase,
    /// Its file is damaged.
    Damaged,
    /// The password is wrong.
    Password,
    /// The user may not connect.
    User,
    /// The server has no database of this name.
    Missing,
    /// The user lacks a right.
    Forbidden,
    /// None of these.
    Other,
}

impl Cause {
    /// Whether the storage under the database is the cause.
    pub fn is_storage(self) -> bool {
        matches!(
            self,
            Self::StorageFull | Self::StorageFailed | Self::Unopenable | Self::ReadOnly
        )
    }
}

/// What an error of the database means.
pub fn cause(error: &DbErr) -> Cause {
    match error {
        DbErr::ConnectionAcquire(_) => Cause::Away,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_) => Cause::Away,
            sqlx::Error::Database(refusal) => refusal.code().map_or(Cause::Other, |code| of_code(&code)),
            _ => Cause::Other,
        },
        _ => Cause::Other,
    }
}

/// SQLSTATE has five characters; codes of SQLite are numbers with the kind in the last byte.
fn of_code(code: &str) -> Cause {
    if code.len() == 5 {
        return match code {
            // Shutdown, crash, starting up; no more connections, no memory.
            "57P01" | "57P02" | "57P03" | "53300" | "53200" => Cause::Away,
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

/// The words of the database itself, without those that the layers above put before them.
pub fn words(error: &DbErr) -> String {
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
            (&["57P01", "57P02", "57P03", "53300", "53200"][..], Cause::Away),
            (
                &["40001", "40P01", "55P03", "57014", "5", "517", "261", "6"],
                Cause::Conflict,
            ),
            (&["13", "53100"], Cause::StorageFull),
            // A read cut short, a write, a sync and the growth of shared memory that failed.
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
