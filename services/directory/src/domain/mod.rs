//! The rules of the directory: pure functions without I/O, clock or transport.

pub mod agency;
pub mod charter;
pub mod component;
pub mod medium;
pub mod public_service;
pub mod revision;
pub mod revocation;
pub mod standard;
pub mod text;
pub mod unit;
pub mod unit_type;
