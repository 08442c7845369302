//! Commands that answer on this machine by the rules of a service, without calling it.

pub mod access;
pub mod check;
pub mod verify;
pub mod workdays;
