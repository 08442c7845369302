//! Assessments: the units that are evaluated in a cycle, their levels, and objections (sanggah) to these levels.

mod decide_objection;
mod enroll;
mod evaluate;
mod file_objection;
mod judge;
mod levels;
mod message;
mod read;
mod self_assess;

pub use decide_objection::DecideObjection;
pub use enroll::Enroll;
pub use evaluate::Evaluate;
pub use file_objection::FileObjection;
pub use read::{get, list};
pub use self_assess::SelfAssess;
