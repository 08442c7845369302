//! Work that goes over whole tables now and then.

pub mod digests;
pub mod texts;
