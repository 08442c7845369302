//! Indexes: as they stand, explained, verified, simulated, and what would raise them.

mod explain;
mod groups;
mod message;
mod named;
mod read;
mod recommend;
mod simulate;
mod verify;

pub use explain::explain;
pub use read::{get, list};
pub use recommend::recommend;
pub use simulate::simulate;
pub use verify::verify;
