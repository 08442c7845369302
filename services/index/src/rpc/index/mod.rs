//! Indexes: read, explained, verified, simulated, and recommendations to raise them.

mod explain;
mod groups;
mod index_name;
mod message;
mod read;
mod recommend;
mod simulate;
mod verify;

pub use explain::explain;
pub use read::{get, list};
pub use recommend::recommend;
pub use simulate::simulate;
pub use verify::verify;
