//! Intake: responses of several requests share one transaction; each request is answered after it is durable.
//!
//! One transaction locks the surveys in order of name, inserts what is new, adds to the sums exactly what the insert
//! really returned, recomputes the units' scores and stages all states. A bad response fails alone. How many rows a
//! transaction takes follows from how long the last ones held their locks: a single answer waits for one at most, and
//! never behind the thousands of rows of an import, which takes less at a time while single answers come.

mod batch;
mod item;
mod pace;
mod permit;
mod queue;
mod secret;
mod writer;

pub use item::{First, Item, Outcome};
pub use secret::secret;
pub use writer::Intake;
