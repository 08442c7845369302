//! Desks: the channels by which a unit can be reached, and its records of accountability (pertanggungjawaban).

mod message;
mod read;
mod record;
mod save;
mod update;

pub use read::get;
pub use record::Record;
pub use update::Update;
