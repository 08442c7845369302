//! The calendar: days off (hari libur nasional dan cuti bersama), and the due times that follow from it.

mod due_time;
mod import;
mod message;
mod read;

pub use due_time::calculate;
pub use import::Import;
pub use read::list;
