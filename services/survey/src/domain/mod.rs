//! What a survey is and how its index is computed: pure rules, without I/O, clock or transport.

pub mod access;
pub mod certainty;
pub mod change;
pub mod disclosure;
pub mod flags;
pub mod follow_up;
pub mod groups;
pub mod importance;
pub mod index;
pub mod input;
pub mod instrument;
pub mod moments;
pub mod publication;
pub mod recorded;
pub mod response;
pub mod sample;
pub mod student;
pub mod suppression;
pub mod survey;
pub mod tally;

pub use prima_platform::number;
pub use prima_proto::period;

/// What a caller sent, cut and cleaned so that it can be repeated in a message or a field path.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}
