//! A lock that reserves the SQLite file of a service for one process; otherwise two relays or sweeps could run on it.
//!
//! On PostgreSQL replicas share a schema, and the lease in it determines which of them runs the relay.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::config;

/// Why a lock can't be acquired.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{} is held by another process", .0.display())]
    Held(PathBuf),
    /// The directory can't be created.
    #[error("directory {}: {}", .0.display(), .1)]
    Directory(PathBuf, #[source] io::Error),
    /// The lock file can't be created or locked.
    #[error("lock {}: {}", .0.display(), .1)]
    File(PathBuf, #[source] io::Error),
}

/// An exclusive lock on a file. It is released when this value is dropped, and by the system when the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Acquires the lock on the file `path`, which is created if it does not exist and is not deleted.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let failed = |error| LockError::File(path.to_owned(), error);
        let file = File::create(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Acquires `DIR/SERVICE.lock` for a service on `sqlite:DIR`; a service on PostgreSQL needs no lock. A process that
    /// runs the service or changes its schema must hold it; a single transaction of another process is safe without.
    pub fn of_service(config: &config::Database, service: &str) -> Result<Option<Self>, LockError> {
        let Some(dir) = config.url.strip_prefix("sqlite:") else {
            return Ok(None);
        };
        std::fs::create_dir_all(dir).map_err(|error| LockError::Directory(dir.into(), error))?;
        Self::take(&Path::new(dir).join(format!("{service}.lock"))).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(url: String) -> config::Database {
        config::Database {
            url,
            ..config::Database::default()
        }
    }

    #[test]
    fn a_lock_is_held_once_and_freed_with_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let config = database(format!("sqlite:{}", folder.path().join("a").display()));
        let held = Lock::of_service(&config, "survey").unwrap();
        assert!(held.is_some());
        let _other = Lock::of_service(&config, "directory").unwrap();
        let refused = Lock::of_service(&config, "survey").unwrap_err();
        assert!(matches!(&refused, LockError::Held(path) if path.ends_with("a/survey.lock")));
        drop(held);
        assert!(Lock::of_service(&config, "survey").unwrap().is_some());
    }

    #[test]
    fn replicas_on_postgres_need_no_lock() {
        let config = database("postgres://prima@db/prima".into());
        let first = Lock::of_service(&config, "survey").unwrap();
        assert!(first.is_none() && Lock::of_service(&config, "survey").unwrap().is_none());
    }
}
