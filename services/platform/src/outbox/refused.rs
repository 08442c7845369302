//! Why a relay refuses to fill a stream.

/// One comparison may withdraw one in this many states; more is refused.
const WITHDRAWN_AT_MOST: usize = 10;

/// Why a database must not fill a stream. `prima reconcile SERVICE --adopt` makes it the owner nevertheless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Another database owns the stream.
    #[error(
        "the stream is filled by the database {owner}, this one is {own}; if this one shall fill it: prima reconcile \
         SERVICE --adopt"
    )]
    OtherDatabase {
        /// Identity of the database that the stream records.
        owner: String,
        /// Identity of this database.
        own: String,
    },
    /// Another copy of this database fills the stream now.
    #[error(
        "another copy of this database fills the stream now ({answer}); give the copy an identity of its own: prima \
         reconcile SERVICE --new-identity"
    )]
    Copy {
        /// The answer of the relay that fills the stream.
        answer: String,
    },
    /// Too many of the states in the stream are missing in this database.
    #[error(
        "{missing} of {published} published states are not in this database and would be withdrawn; if that is right: \
         prima reconcile SERVICE --adopt"
    )]
    TooManyMissing {
        /// States that would be withdrawn.
        missing: usize,
        /// States in the stream that are not withdrawn.
        published: usize,
    },
}

impl Refused {
    /// Fails when more than a tenth of the published states would be withdrawn.
    pub(super) fn check(missing: usize, published: usize) -> Result<(), Self> {
        if missing.saturating_mul(WITHDRAWN_AT_MOST) > published {
            return Err(Self::TooManyMissing { missing, published });
        }
        Ok(())
    }
}
