//! Intake: responses of several requests share one transaction; each request is answered after the commit.
//!
//! Responses are checked before the transaction begins, against cached definitions: see `draft`. The transaction locks
//! its surveys in shared mode, so that several can store responses of one survey, but none closes, changes or counts it
//! meanwhile. It inserts the new responses and a delta with the answers of exactly the rows that were inserted. Other
//! transactions compute sums, results and scores from the deltas: see `derived::results`. A
//! faulty response is refused alone. The number of rows of a transaction is adjusted to the time for which the last
//! ones held their locks, and imports use smaller transactions while single responses arrive, so that a single response
//! never waits behind thousands of rows.

mod batch;
mod draft;
mod item;
mod known;
mod pace;
mod permit;
mod queue;
mod secret;
mod writer;

pub use item::{First, Item, Outcome};
pub use secret::secret;
pub use writer::Intake;
