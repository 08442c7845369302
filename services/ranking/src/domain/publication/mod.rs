//! Official publication of a table: what is frozen and sealed, when it may be published, and what a correction says.
//!
//! A row and a head are canonical JSON (RFC 8785): any language makes the same bytes of the same content, which protobuf does not
//! promise. Decimals are texts, so that no digit is lost.

mod head;
mod row;
mod rule;

pub use head::{
    AuditHead, Decree, FORMAT, Facts, Head, Objected, Stream, TOO_LONG, decree_of, fits, noted_audit_heads,
};
pub use row::{Before, Changes, Frozen, Unsealable, before, freeze};
pub use rule::{Decision, Refused, State, may_publish};

#[cfg(test)]
mod tests;
