//! Devices (kiosks) of units, which sign the responses that they submit.

mod message;
mod read;
mod register;
mod revoke;

pub use read::list;
pub use register::Register;
pub use revoke::Revoke;
