//! The rules, pure: time is an argument.

pub mod case;
pub mod workflow;
pub mod worktime;
