//! Consultations (konsultasi): at the service desk of a unit, and at the clinic for units.

mod answer;
mod complete;
mod course;
mod message;
mod rate;
mod read;
mod request;
mod schedule;

pub use answer::Answer;
pub use complete::Complete;
pub use rate::Rate;
pub use read::{get, list, track};
pub use request::Request;
pub use schedule::Schedule;
