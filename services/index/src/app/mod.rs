//! Use cases: one file for each that changes state.

pub mod instruments;
pub mod recompute;
pub mod record_external;
pub mod suggestions;

use prima_platform::service::Context;

/// What the use cases stand on; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The platform.
    pub context: Context,
}

impl App {
    /// The use cases of one process.
    pub fn new(context: Context) -> Self {
        Self { context }
    }
}
