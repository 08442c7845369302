//! Official publication: proposals, objections to them, published tables, and the log that proves them.

mod cosign;
mod decide;
mod desk;
mod message;
mod object;
mod proof;
mod proposal;
mod propose;
mod publish;
mod published;
mod refusal;

pub use cosign::Cosign;
pub use decide::Decide;
pub use desk::Desk;
pub use object::{File, list as list_objections};
pub use proof::{checkpoint, inclusion};
pub use proposal::{get as get_proposal, list as list_proposals};
pub use propose::Propose;
pub use publish::Publish;
pub use published::{download, get, list};

#[cfg(test)]
mod tests;
