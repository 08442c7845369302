//! Connections with a timeout for every response, which also detect a failed storage. The timeout is needed because a
//! connection whose network path was lost never responds, and neither the driver nor its sockets have a timeout.

use std::{future::Future, time::Duration};

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    RuntimeErr, Statement, TransactionOptions, TransactionTrait,
};

use super::storage::Storage;

/// Applies the timeout to every response of a database, and detects storage errors.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// Timeout of a response; `None` for no timeout.
    pub(super) limit: Option<Duration>,
    pub(super) storage: Storage,
}

impl Guard {
    /// The response within the timeout. After a timeout the statement may have been executed or not, as after a broken
    /// connection.
    async fn pass<T>(&self, answer: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let Some(limit) = self.limit else {
            return self.storage.note(answer.await);
        };
        let outcome = tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
            let text = format!("the database has not responded for {limit:?}");
            Err(DbErr::Conn(RuntimeErr::Internal(text)))
        });
        self.storage.note(outcome)
    }
}

/// A connection or a transaction behind a guard.
#[derive(Debug, Clone)]
pub struct Guarded<C> {
    inner: C,
    guard: Guard,
}

/// The connections of a service.
pub type Conn = Guarded<DatabaseConnection>;
/// A transaction. It is rolled back when it is dropped.
pub type Txn = Guarded<DatabaseTransaction>;

impl Conn {
    pub(super) fn new(inner: DatabaseConnection, guard: Guard) -> Self {
        Self { inner, guard }
    }

    /// The pool itself, without its guard.
    pub fn pool(&self) -> &DatabaseConnection {
        &self.inner
    }

    /// Begins a transaction. The future must not be dropped before it completes: see [`super::Database::begin`].
    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<Txn, DbErr> {
        let inner = self.guard.pass(self.inner.begin_with_options(options)).await?;
        let guard = self.guard.clone();
        Ok(Guarded { inner, guard })
    }
}

impl Txn {
    /// Commits the transaction.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.guard.pass(self.inner.commit()).await
    }

    /// Rolls the transaction back.
    pub async fn rollback(self) -> Result<(), DbErr> {
        self.guard.pass(self.inner.rollback()).await
    }
}

#[async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Guarded<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.guard.pass(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, text: &str) -> Result<ExecResult, DbErr> {
        self.guard.pass(self.inner.execute_unprepared(text)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.guard.pass(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.guard.pass(self.inner.query_all_raw(statement)).await
    }
}
