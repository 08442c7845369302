//! Source of ids, passed as a value so that tests can choose the ids.

use std::sync::Arc;

use uuid::Uuid;

/// A source of ids.
#[derive(Clone)]
pub struct Ids(Arc<dyn Fn() -> Uuid + Send + Sync>);

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ids")
    }
}

impl Ids {
    /// Random ids that sort by time (UUID version 7).
    pub fn random() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the only place that generates random ids"
        )]
        Self(Arc::new(Uuid::now_v7))
    }

    /// The next id.
    pub fn next(&self) -> Uuid {
        (self.0)()
    }
}
