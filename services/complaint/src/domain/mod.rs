//! The rules, pure: time is an argument.

pub mod calendar;
pub mod case;
pub mod category;
pub mod code;
pub mod duplicate;
pub mod file;
pub mod workflow;
pub mod worktime;
