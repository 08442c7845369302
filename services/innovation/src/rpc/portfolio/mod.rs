//! Portfolios of units, and how agencies fulfil their obligation (satu instansi satu inovasi).

mod message;
mod read;

pub use read::{check_obligation, get};
