//! One folder for each noun with one file for each operation that changes state. Nouns do not import each other.

pub mod agency;
pub mod charter;
pub mod facts;
mod medium;
pub mod public_service;
pub mod standard;
pub mod unit;
pub mod unit_type;
mod update;
