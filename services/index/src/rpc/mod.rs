//! One folder for each noun, and in it one file for each operation that changes state. Nouns don't know each other.
//!
//! Of a request with an id, the digest is that of its message as it came, and the answer is kept without its envelope:
//! so releases before have kept them.

pub mod action;
pub mod assessment;
mod band;
pub mod cycle;
pub mod evidence;
pub mod external;
pub mod index;
pub mod instrument;
pub mod suggestion;
mod target;
