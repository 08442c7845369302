//! Changes of rank: why a subject has another rank than before.

mod explain;

pub use explain::explain;
