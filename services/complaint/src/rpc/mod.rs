//! One folder for each noun, and in it one file for each operation that changes state. Nouns don't know each other; what
//! several of them share stands beside them, and so does what the tasks of the process do as operations do.

pub mod access;
pub mod attachment;
pub mod calendar;
pub mod category;
pub mod change;
pub mod channel;
pub mod class;
pub mod complaint;
pub mod consultation;
pub mod deadline;
pub mod desk;
pub mod erasure;
pub mod field;
pub mod files;
pub mod hours;
pub mod identity;
pub mod knowledge;
pub mod member;
pub mod party;
pub mod performance;
pub mod person;
pub mod rights;
pub mod status;
pub mod topic;
pub mod workflow;
