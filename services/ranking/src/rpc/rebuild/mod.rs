//! The league tables, built again from the bus beside those that are read.

mod difference;
mod run;

pub use run::run;

#[cfg(test)]
mod tests;
