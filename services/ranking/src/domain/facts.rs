//! What the ranking is told: agencies, units and scores.

use prima_proto::{
    name::{self, Subject},
    score::Key,
};

/// Kind of an agency; each is a cohort of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Kementerian: a ministry.
    Kementerian,
    /// Lembaga: a national body that is no ministry.
    Lembaga,
    /// Provinsi: a province.
    Provinsi,
    /// Kabupaten: a regency.
    Kabupaten,
    /// Kota: a city.
    Kota,
}

impl Kind {
    /// Reads the key used in events, or `None` when it is not one of the five.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "kementerian" => Some(Self::Kementerian),
            "lembaga" => Some(Self::Lembaga),
            "provinsi" => Some(Self::Provinsi),
            "kabupaten" => Some(Self::Kabupaten),
            "kota" => Some(Self::Kota),
            _ => None,
        }
    }

    /// The key used in events, and the cohort of the agencies of this kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kementerian => "kementerian",
            Self::Lembaga => "lembaga",
            Self::Provinsi => "provinsi",
            Self::Kabupaten => "kabupaten",
            Self::Kota => "kota",
        }
    }
}

/// What the directory says of an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgencyFacts {
    /// Official name.
    pub display_name: String,
    /// Its kind; `None` when this release does not know the kind given: such an agency is in no table.
    pub kind: Option<Kind>,
    /// The province of a regency or city.
    pub parent: Option<name::Agency>,
    /// True when the agency is gone.
    pub withdrawn: bool,
}

impl AgencyFacts {
    /// Id of the province that its units are compared within: its parent, or itself when it is a province. `None`
    /// for what has no province (ministries, national bodies) and for an agency that is gone.
    pub(super) fn province<'a>(&'a self, own: &'a str) -> Option<&'a str> {
        if self.withdrawn {
            return None;
        }
        match self.kind {
            Some(Kind::Provinsi) => Some(own),
            Some(Kind::Kementerian | Kind::Lembaga) => None,
            Some(Kind::Kabupaten | Kind::Kota) | None => self.parent.as_ref().map(|p| p.agency.as_str()),
        }
    }
}

/// What the directory says of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFacts {
    /// Official name.
    pub display_name: String,
    /// Key of the unit type, the cohort of the unit.
    pub unit_type: String,
    /// True when the unit is gone.
    pub withdrawn: bool,
}

/// What a state is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aggregate {
    /// The directory's entry of an agency.
    Agency(name::Agency),
    /// The directory's entry of a unit.
    Unit(name::Unit),
    /// A score.
    Score(Key),
}

/// How far a score may still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// May still change.
    Provisional,
    /// The surveys or the cycle behind it have ended.
    Final,
}

/// What was published of a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Published value, a decimal as text: shown as it is, compared as a number.
    pub value: String,
    /// Category read from the published value.
    pub category: String,
    /// Sample size behind the score; 0 where there is no sample.
    pub sample_size: i64,
    /// Minimum sample; 0 where there is none.
    pub sample_minimum: i64,
    /// Units counted, for an agency.
    pub units_counted: i64,
    /// Units expected, for an agency.
    pub units_expected: i64,
    /// How far it may still change.
    pub status: Status,
    /// Whether it was recorded from an earlier publication, not computed.
    pub recorded: bool,
}

/// One published score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// Metric, such as `skm`.
    pub metric: String,
    /// Period, such as `2024-q3`.
    pub period: String,
    /// Who it is about.
    pub subject: Subject,
    /// What was published. Not read when withdrawn.
    pub figures: Figures,
    /// True when it no longer counts.
    pub withdrawn: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_prints_as_it_was_parsed() {
        for text in ["kementerian", "lembaga", "provinsi", "kabupaten", "kota"] {
            assert_eq!(Kind::parse(text).map(Kind::as_str), Some(text));
        }
        assert_eq!(Kind::parse("desa"), None);
    }
}
