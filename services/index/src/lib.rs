//! The index: instruments of evaluation as data, the public-service index (IPP), and scores that other bodies publish.

pub mod domain;
