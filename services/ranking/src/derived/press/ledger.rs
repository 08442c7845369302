//! The log as this process has read it: an entry never changes, so it is read and hashed once.

use std::sync::{Arc, Mutex, PoisonError};

use prima_platform::{failure::Failure, tlog::tree::Tree};
use sea_orm::ConnectionTrait;

use super::{
    blocking::blocking,
    documents::{Documents, documents},
};
use crate::store::{self, Published};

/// The entries that were read, and their tree.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Arc<Tree>>);

impl Ledger {
    /// A published table with its rows and proof, which are checked against the head of the log that it was published with.
    ///
    /// # Errors
    ///
    /// `LOG_DAMAGED`: the database does not have them any more.
    pub async fn documents(
        &self,
        conn: &impl ConnectionTrait,
        published: &Published,
    ) -> Result<Documents, Failure> {
        let tree = self.tree(conn, published.position + 1).await?;
        let found = documents(conn, &tree, published).await;
        if found.is_err() {
            // It may have been read while the database was damaged.
            self.keep(Arc::default());
        }
        found
    }

    /// A tree that was read and checked just now.
    pub(super) fn keep(&self, tree: Arc<Tree>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tree;
    }

    /// The tree with the first `size` entries at least, as far as they are there.
    async fn tree(&self, conn: &impl ConnectionTrait, size: i64) -> Result<Arc<Tree>, Failure> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let read = i64::try_from(known.size()).map_err(Failure::internal)?;
        if read >= size {
            return Ok(known);
        }
        let added = store::log_entries(conn, read, size).await?;
        let grown = blocking(move || {
            let mut tree = Tree::clone(&known);
            added.into_iter().for_each(|entry| tree.push(entry));
            Arc::new(tree)
        });
        let grown = grown.await?;
        self.keep(grown.clone());
        Ok(grown)
    }
}
