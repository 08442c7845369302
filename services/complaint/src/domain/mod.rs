//! The rules, pure: time is an argument.

pub mod workflow;
pub mod worktime;
