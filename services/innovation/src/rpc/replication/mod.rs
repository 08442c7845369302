//! Replications (replikasi) of innovations by other units, and transfers of knowledge.

mod follow_up;
mod message;
mod read;
mod record;
mod transfer;

pub use follow_up::FollowUp;
pub use read::get_spread;
pub use record::Record;
pub use transfer::RecordTransfer;
