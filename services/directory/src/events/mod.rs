//! What the directory tells others. It listens to nobody.

pub mod publish;
