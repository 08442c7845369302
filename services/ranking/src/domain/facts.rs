//! What the other services publish: agencies, units and scores.

use chrono::NaiveDate;
use prima_proto::{
    name::{self, Subject},
    score::Key,
};
use rust_decimal::Decimal;

/// Kind of an agency; each is a cohort of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Kementerian: a ministry.
    Kementerian,
    /// Lembaga: a national body that is not a ministry.
    Lembaga,
    /// Provinsi: a province.
    Provinsi,
    /// Kabupaten: a regency.
    Kabupaten,
    /// Kota: a city.
    Kota,
}

impl Kind {
    /// Parses the key used in events; `None` when it is not one of the five.
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

/// The directory's entry of an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgencyFacts {
    /// Official name.
    pub display_name: String,
    /// Its kind; `None` when this release does not know it, and then the agency is in no table.
    pub kind: Option<Kind>,
    /// The province of a regency or city.
    pub parent: Option<name::Agency>,
    /// True when the directory withdrew the agency.
    pub withdrawn: bool,
}

impl AgencyFacts {
    /// Id of the province within which its units are compared: its parent, or itself when it is a province. `None`
    /// for ministries and national bodies, which have no province, and for a withdrawn agency.
    pub(super) fn province<'a>(&'a self, own_id: &'a str) -> Option<&'a str> {
        if self.withdrawn {
            return None;
        }
        match self.kind {
            Some(Kind::Provinsi) => Some(own_id),
            Some(Kind::Kementerian | Kind::Lembaga) => None,
            Some(Kind::Kabupaten | Kind::Kota) | None => self.parent.as_ref().map(|p| p.agency.as_str()),
        }
    }
}

/// The directory's entry of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFacts {
    /// Official name.
    pub display_name: String,
    /// Key of the unit type, the cohort of the unit.
    pub unit_type: String,
    /// Its type, when the agency has defined it; `None` for a built-in type.
    pub agency_type: Option<AgencyType>,
    /// Its last day of work; `None` while it is active.
    pub close_date: Option<NaiveDate>,
    /// True when the directory withdrew the unit.
    pub withdrawn: bool,
}

/// A unit type that an agency has defined. Two agencies may give the same key to different types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgencyType {
    /// Official name.
    pub display_name: String,
    /// Key of the built-in type under which its units are compared nationwide; empty when they are not.
    pub national: String,
}

/// The aggregate that a state belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aggregate {
    /// The directory's entry of an agency.
    Agency(name::Agency),
    /// The directory's entry of a unit.
    Unit(name::Unit),
    /// A score.
    Score(Key),
    /// The definition of the tables of a metric.
    Definition(String),
}

/// Whether a score may still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// The score may still change.
    Provisional,
    /// The surveys or the cycle behind the score have ended.
    Final,
}

/// The published figures of a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The published value, a decimal as text: it is shown as published and compared as a number. Empty when only a
    /// category was published.
    pub value: String,
    /// Category of the published value.
    pub category: String,
    /// Its name for people, where the key alone does not tell it; may be empty.
    pub category_display_name: String,
    /// Sample size behind the score; 0 where there is no sample.
    pub sample_size: i64,
    /// Minimum sample; 0 where there is none.
    pub sample_minimum: i64,
    /// Units counted, for an agency.
    pub units_counted: i64,
    /// Units expected, for an agency.
    pub units_expected: i64,
    /// Whether it may still change.
    pub status: Status,
    /// Whether it was recorded from an earlier publication instead of computed.
    pub recorded: bool,
    /// Responses in it, where it is made of responses.
    pub counted: i64,
    /// People whose response or void is not in it yet.
    pub pending: i64,
    /// Whether the value is withheld, because it would be of too few respondents.
    pub too_few: bool,
    /// Responses that are not in it until an operator decides.
    pub in_question: i64,
    /// The value if they were accepted; empty when there is none.
    pub value_with_questioned: String,
    /// The exact value; `None` when the service did not publish one, or not as a decimal.
    pub exact: Option<Decimal>,
    /// Standard error of the value, not negative; `None` when the service published none.
    pub standard_error: Option<Decimal>,
    /// Instrument and version that produced it.
    pub instrument: String,
    /// How the scores of its units were aggregated, for an agency; empty for a unit.
    pub aggregation: String,
}

impl Figures {
    /// A provisional value of which nothing else is known.
    pub fn of(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            category: String::new(),
            category_display_name: String::new(),
            sample_size: 0,
            sample_minimum: 0,
            units_counted: 0,
            units_expected: 0,
            status: Status::Provisional,
            recorded: false,
            counted: 0,
            pending: 0,
            too_few: false,
            in_question: 0,
            value_with_questioned: String::new(),
            exact: None,
            standard_error: None,
            instrument: String::new(),
            aggregation: String::new(),
        }
    }

    /// Whether there is no value because only a category was published or the value is withheld.
    pub fn is_without_value(&self) -> bool {
        self.value.is_empty() && (self.too_few || !self.category.is_empty())
    }
}

/// One published score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// Metric, such as `skm`.
    pub metric: String,
    /// Period, such as `2024-q3`.
    pub period: String,
    /// The unit or agency.
    pub subject: Subject,
    /// The published figures; ignored when withdrawn.
    pub figures: Figures,
    /// True when the service withdrew the score.
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
