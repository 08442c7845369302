//! Consultations (konsultasi): citizens ask the service desk of a unit, and units ask the clinic of an agency.

mod answer;
mod complete;
mod message;
mod rate;
mod read;
mod request;
mod schedule;
mod shared;

pub use answer::Answer;
pub use complete::Complete;
pub use rate::Rate;
pub use read::{get, list, track};
pub use request::Request;
pub use schedule::Schedule;
