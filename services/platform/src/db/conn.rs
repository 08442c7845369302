//! Connections whose answers are waited for no longer than a statement may take, because one that the network has
//! forgotten never answers and neither the driver nor its sockets know a limit; and whose refusals tell of the storage.

use std::{future::Future, time::Duration};

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    RuntimeErr, Statement, TransactionOptions, TransactionTrait,
};

use super::storage::Storage;

/// What every answer of a database passes.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// How long an answer is waited for.
    pub(super) limit: Option<Duration>,
    pub(super) storage: Storage,
}

impl Guard {
    /// What comes within the limit; later it may have been done or not, as when a connection breaks.
    async fn pass<T>(&self, answer: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let Some(limit) = self.limit else {
            return self.storage.note(answer.await);
        };
        let outcome = tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
            let text = format!("the database has not answered for {limit:?}");
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
/// A transaction that may write. It is rolled back when it is dropped.
pub type Txn = Guarded<DatabaseTransaction>;

impl Conn {
    pub(super) fn new(inner: DatabaseConnection, guard: Guard) -> Self {
        Self { inner, guard }
    }

    /// The pool itself, without its guard.
    pub fn pool(&self) -> &DatabaseConnection {
        &self.inner
    }

    /// Begins a transaction. This must not be dropped halfway: see [`super::Database::begin`].
    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<Txn, DbErr> {
        let inner = self.guard.pass(self.inner.begin_with_options(options)).await?;
        let guard = self.guard.clone();
        Ok(Guarded { inner, guard })
    }
}

impl Txn {
    /// Makes what was done durable.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.guard.pass(self.inner.commit()).await
    }

    /// Undoes what was done.
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
