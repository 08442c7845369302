//! Portfolios of units, and how agencies keep their obligation (satu instansi satu inovasi).

mod message;
mod read;

pub use read::{check_obligation, get};
