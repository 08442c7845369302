//! Background tasks that `platform::derived` does not run, because they have no keys that become due one by one.

pub mod feed;
pub mod rotation;
pub mod unattached;
