//! Complaints and consultation (pengaduan dan konsultasi).

pub mod domain;
