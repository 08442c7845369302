//! Documents that are kept in revisions: service standards and service charters.

use chrono::{DateTime, Utc};

/// One revision of a document of type `D` that belongs to the resource `N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision<N, D> {
    /// Resource name of the owner.
    pub owner: N,
    /// The content.
    pub document: D,
    /// Number, counted from 1.
    pub number: i64,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
}
