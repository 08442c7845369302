//! What the operations that change fields of a resource have in common.

use prima_platform::{failure::Failure, request::Faults};

/// A change `C` of the resource named `N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update<N, C> {
    /// Which resource.
    pub name: N,
    /// The etag under which the caller has read it.
    pub etag: String,
    /// The fields to change.
    pub change: C,
}

impl<N, C> Update<N, C> {
    /// The parsed request; `name` is `None` when it is faulty.
    ///
    /// # Errors
    ///
    /// Every fault that was found.
    pub fn build(faults: Faults, name: Option<N>, etag: String, change: C) -> Result<Self, Failure> {
        faults.build(|| {
            Some(Self {
                name: name?,
                etag,
                change,
            })
        })
    }
}
