//! One folder for each noun, and in it one file for each operation that changes state. Nouns don't know each other.

pub mod agency;
pub mod charter;
mod medium;
pub mod public_service;
pub mod standard;
pub mod unit;
