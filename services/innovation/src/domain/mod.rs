//! The rules: pure functions without I/O; the time is an argument.

pub mod announcement;
pub mod calendar;
pub mod catalogue;
pub mod contest;
pub mod eligibility;
pub mod entry;
pub mod innovation;
pub mod number;
pub mod obligation;
pub mod replication;
pub mod round;
pub mod round_check;
pub mod scoring;
pub mod uncounted;
pub mod words;

#[cfg(test)]
mod contest_tests;
#[cfg(test)]
mod eligibility_tests;
#[cfg(test)]
mod round_tests;
