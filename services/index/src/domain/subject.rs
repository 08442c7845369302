//! Whose score it is: a unit's or an agency's.

use std::fmt;

use prima_proto::name;

/// A unit or an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An agency.
    Agency(name::Agency),
    /// A unit.
    Unit(name::Unit),
}

impl Subject {
    /// From their ids; that of the unit is empty for an agency.
    pub fn of(agency: &str, unit: &str) -> Self {
        let (agency, unit) = (agency.to_owned(), unit.to_owned());
        match unit.is_empty() {
            true => Self::Agency(name::Agency { agency }),
            false => Self::Unit(name::Unit { agency, unit }),
        }
    }

    /// Id of the agency.
    pub fn agency(&self) -> &str {
        match self {
            Self::Agency(agency) => &agency.agency,
            Self::Unit(unit) => &unit.agency,
        }
    }

    /// Id of the unit; empty for an agency.
    pub fn unit(&self) -> &str {
        match self {
            Self::Agency(_) => "",
            Self::Unit(unit) => &unit.unit,
        }
    }

    /// Parses `agencies/{agency}` or `agencies/{agency}/units/{unit}`.
    pub fn parse(text: &str) -> Option<Self> {
        let agency = name::Agency::parse(text).map(Self::Agency);
        agency.or_else(|_| name::Unit::parse(text).map(Self::Unit)).ok()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agency(agency) => agency.fmt(f),
            Self::Unit(unit) => unit.fmt(f),
        }
    }
}
