//! The rules of the directory: pure, without I/O, clock or transport.

pub mod agency;
pub mod charter;
pub mod component;
pub mod etag;
pub mod medium;
pub mod name_rule;
pub mod public_service;
pub mod standard;
pub mod text;
pub mod unit;
pub mod unit_type;

/// What a caller sent, cut and cleaned so that it can be repeated in a message.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}
