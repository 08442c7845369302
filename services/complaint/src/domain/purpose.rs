//! Purposes for which identities are read.

/// The permitted purposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To verify the report.
    Verification,
    /// To contact the reporter.
    Contact,
    /// For an inspection or investigation by those in charge of it.
    Investigation,
    /// At the request of the person whose data it is.
    DataSubjectRequest,
    /// The identity was erased, not read; callers cannot give this purpose.
    Erasure,
    /// The identity was corrected, not read; callers cannot give this purpose.
    Correction,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 6] = [
        Self::Verification,
        Self::Contact,
        Self::Investigation,
        Self::DataSubjectRequest,
        Self::Erasure,
        Self::Correction,
    ];

    /// Stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Contact => "contact",
            Self::Investigation => "investigation",
            Self::DataSubjectRequest => "data_subject_request",
            Self::Erasure => "erasure",
            Self::Correction => "correction",
        }
    }

    /// The purpose with this key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.key() == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_is_found_by_its_key() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::parse(purpose.key()), Some(purpose));
        }
        assert_eq!(Purpose::parse(""), None);
    }
}
