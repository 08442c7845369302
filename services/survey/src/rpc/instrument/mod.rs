//! Instruments: the questionnaires that surveys follow.

mod message;
mod read;

pub use read::{calculate_sample_size, list};
