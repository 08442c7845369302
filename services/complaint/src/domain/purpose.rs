//! Why an identity is read.

/// The purposes that are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To verify the report.
    Verification,
    /// To get in touch.
    Contact,
    /// For an inspection or investigation by those in charge of it.
    Investigation,
    /// Because the reporter asks for their data.
    DataSubjectRequest,
    /// It was not read but erased; nobody asks for it.
    Erasure,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Verification,
        Self::Contact,
        Self::Investigation,
        Self::DataSubjectRequest,
        Self::Erasure,
    ];

    /// Stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Contact => "contact",
            Self::Investigation => "investigation",
            Self::DataSubjectRequest => "data_subject_request",
            Self::Erasure => "erasure",
        }
    }

    /// The one with this key.
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
