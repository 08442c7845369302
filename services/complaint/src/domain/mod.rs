//! The rules of the field as pure functions; the time is an argument.

pub mod calendar;
pub mod case;
pub mod category;
pub mod code;
pub mod consultation;
pub mod desk;
pub mod duplicate;
pub mod file;
pub mod metadata;
pub mod parent;
pub mod performance;
pub mod purpose;
pub mod retention;
pub mod uncounted;
pub mod workflow;
pub mod worktime;
