//! The one binary of Prima: runs the services, and is their client on the command line.

pub mod cli;
pub mod client;
pub mod demo;
pub mod run;
pub mod workdays;
