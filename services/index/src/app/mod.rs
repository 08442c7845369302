//! Use cases: one file for each that changes state.

pub mod actions;
pub mod cycles;
pub mod evaluate;
pub mod evidence;
pub mod instruments;
pub mod recompute;
pub mod record_external;
pub mod suggestions;

use std::sync::Arc;

use prima_platform::{objects::Objects, service::Context};
use tokio::sync::Notify;

/// What the use cases stand on; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The platform.
    pub context: Context,
    /// Where files are kept.
    pub objects: Objects,
    marks: Arc<Notify>,
}

impl App {
    /// The use cases of one process.
    pub fn new(context: Context, objects: Objects) -> Self {
        Self {
            context,
            objects,
            marks: Arc::default(),
        }
    }
}
