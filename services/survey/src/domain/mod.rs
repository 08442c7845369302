//! The rules of surveys and of their index: pure functions without I/O, clock or transport.

pub mod access;
pub mod asked;
pub mod burst;
pub mod certainty;
pub mod cuts;
pub mod digest;
pub mod draft;
pub mod flags;
pub mod follow_up;
pub mod groups;
pub mod importance;
pub mod index;
pub mod instrument;
pub mod moments;
pub mod nearby;
pub mod notice;
pub mod people;
pub mod publication;
pub mod questioned;
pub mod recorded;
pub mod release;
pub mod response;
pub mod retention;
pub mod sample;
pub mod selection;
pub mod student;
pub mod suppression;
pub mod survey;
pub mod tally;
pub mod uncounted;
pub mod weights;

pub use prima_platform::number;
pub use prima_proto::period;

/// Name of the service, its schema and its stream.
pub const NAME: &str = "survey";
/// The metric of the scores of SKM.
pub const METRIC: &str = "skm";
