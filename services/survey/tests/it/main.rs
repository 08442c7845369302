//! Tests of the survey service over gRPC on a real database, with its relay and a bus.
//!
//! Every test runs on SQLite, and on PostgreSQL too when `PRIMA_TEST_POSTGRES_URL` is set.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod agency_scores;
mod analysis;
mod attack;
mod comments;
mod corrections;
mod counting;
mod credentials;
mod differencing;
mod digests;
mod disclosure;
mod enumeration;
mod fixture;
mod flags;
mod instruments;
mod intake;
mod issuing;
mod kiosk;
mod late;
mod notices;
mod open_link;
mod periods;
mod publication;
mod published;
mod quarantine;
mod questionnaire;
mod recorded;
mod recount;
mod release;
mod reopening;
mod respondents;
mod results;
mod selections;
mod single_use;
mod stored;
mod sums;
mod texts;
mod together;
mod uncounted;
mod upgrade;
mod zones;
