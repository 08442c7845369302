//! What a survey is and how its index is computed: pure rules, without I/O, clock or transport.

pub mod certainty;
pub mod disclosure;
pub mod index;
pub mod instrument;
pub mod moments;
pub mod response;
pub mod sample;
pub mod student;
pub mod survey;
pub mod tally;

pub use prima_platform::number;
pub use prima_proto::period;

/// What a caller sent, cut and cleaned so that it can be repeated in a message or a field path.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}
