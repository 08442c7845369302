//! Revocations of tokens: what is refused, and until when it must be remembered.

use chrono::{DateTime, Utc};

/// A revocation as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Id, also on the bus.
    pub id: String,
    /// What `value` is: `token`, `text`, `subject` or `key`.
    pub kind: String,
    /// Issuer of the tokens.
    pub issuer: String,
    /// Id of the token or key, or the subject.
    pub value: String,
    /// Tokens that were issued until this time are refused, unix seconds; `None` for tokens of any time.
    pub issued_until: Option<i64>,
    /// From when on no token that it names can be valid, unix seconds; `None` for never.
    pub ends_at: Option<i64>,
    /// Why the operator has revoked it.
    pub reason: String,
    /// Version of its state on the bus.
    pub version: i64,
    /// When it was revoked first.
    pub created_at: DateTime<Utc>,
}

impl Revocation {
    /// Both revocations of the same id: what one of them refuses stays refused.
    #[must_use]
    pub fn and(self, known: Option<Self>) -> Self {
        let Some(known) = known else { return self };
        let later = |a: Option<i64>, b: Option<i64>| Some(a?.max(b?));
        Self {
            issued_until: later(self.issued_until, known.issued_until),
            ends_at: later(self.ends_at, known.ends_at),
            created_at: known.created_at,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_stays_refused() {
        let revocation = |issued_until, ends_at| Revocation {
            id: "a".into(),
            kind: "subject".into(),
            issuer: "prima".into(),
            value: "portal".into(),
            issued_until,
            ends_at,
            reason: String::new(),
            version: 0,
            created_at: DateTime::UNIX_EPOCH,
        };
        let both = |a, b| {
            let both = revocation(a, Some(9)).and(Some(revocation(b, Some(7))));
            assert_eq!(both.ends_at, Some(9));
            both.issued_until
        };
        assert_eq!(both(Some(1), Some(2)), Some(2));
        assert_eq!(both(Some(2), Some(1)), Some(2));
        assert_eq!(both(None, Some(2)), None);
        assert_eq!(both(Some(2), None), None);
        let alone = revocation(Some(1), None);
        assert_eq!(alone.clone().and(None), alone);
        assert_eq!(alone.and(Some(revocation(Some(1), Some(3)))).ends_at, None);
    }
}
