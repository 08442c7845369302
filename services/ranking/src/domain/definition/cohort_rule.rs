//! In which cohorts a definition ranks a subject, and what these are called.
//!
//! The name of a cohort is that of its base (a unit type, a type within a province, all units of an agency, a kind of
//! agencies, …), followed by a pair of tokens for each further dimension: `rsud.32.volume.large` are the hospitals of
//! province 32 with a large sample. A base has one or two tokens and the rest comes in pairs, so a name is read in one way.

use std::collections::HashSet;

use prima_proto::name::Subject;

use super::words::Words;

/// What the subjects of a cohort have in common in the first place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// Units of a type: nationwide, when the type is built in; within the agency, when the agency has defined it.
    UnitType,
    /// Units of a nationwide type in a province.
    UnitTypeProvince,
    /// Units of an agency, of whatever type.
    Agency,
    /// Agencies of a kind.
    Kind,
    /// Agencies of the nation (ministries and bodies), or of the regions.
    Level,
    /// Regencies and cities of a province.
    Province,
    /// All units or all agencies; only with a further dimension.
    All,
}

impl Base {
    /// Those that are a cohort without a further dimension, in the order in which the cohorts of a subject are listed.
    pub const ALL: [Self; 6] = [
        Self::UnitType,
        Self::UnitTypeProvince,
        Self::Agency,
        Self::Kind,
        Self::Level,
        Self::Province,
    ];

    /// The dimensions that make it, as a document names them.
    fn dimensions(self) -> &'static [&'static str] {
        match self {
            Self::UnitType => &["unit-type"],
            Self::UnitTypeProvince => &["unit-type", "province"],
            Self::Agency => &["agency"],
            Self::Kind => &["kind"],
            Self::Level => &["level"],
            Self::Province => &["province"],
            Self::All => &[],
        }
    }
}

/// A further dimension of a cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// A named group of provinces.
    Region,
    /// The instrument with which the score was made.
    Scheme,
    /// A named group by the size of the sample.
    Volume,
    /// A named list of subjects.
    Peers,
}

impl Within {
    const ALL: [Self; 4] = [Self::Region, Self::Scheme, Self::Volume, Self::Peers];

    /// How a document and the name of a cohort call it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Scheme => "scheme",
            Self::Volume => "volume",
            Self::Peers => "peers",
        }
    }
}

/// Whether `cohort` is a group of `whole` by further dimensions, such as `rsud.volume.large` of `rsud`.
pub fn is_group_of(cohort: &str, whole: &str) -> bool {
    let pairs = cohort.strip_prefix(whole).and_then(|rest| rest.strip_prefix('.'));
    let tokens: Vec<&str> = pairs.map(|pairs| pairs.split('.').collect()).unwrap_or_default();
    let is_dimension = |pair: &[&str]| match pair {
        [dimension, _] => Within::ALL.iter().any(|within| within.key() == *dimension),
        _ => false,
    };
    !tokens.is_empty() && tokens.chunks(2).all(is_dimension)
}

/// Every dimension, as a document names them.
pub const DIMENSIONS: [&str; 9] = [
    "kind",
    "level",
    "unit-type",
    "agency",
    "province",
    "region",
    "scheme",
    "volume",
    "peers",
];

/// One kind of cohort of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CohortRule {
    pub(super) base: Base,
    pub(super) within: Vec<Within>,
}

impl CohortRule {
    /// The rule of these dimensions, in any order; `None` when they name no cohort together.
    pub fn of(dimensions: &[&str]) -> Option<Self> {
        let within: Vec<Within> = Within::ALL
            .into_iter()
            .filter(|within| dimensions.contains(&within.key()))
            .collect();
        let rest: HashSet<&str> = dimensions
            .iter()
            .copied()
            .filter(|dimension| within.iter().all(|within| within.key() != *dimension))
            .collect();
        let bases = Base::ALL.into_iter().chain([Base::All]);
        let mut fitting =
            bases.filter(|base| base.dimensions().iter().copied().collect::<HashSet<_>>() == rest);
        let base = fitting.next()?;
        let names_a_cohort = base != Base::All || !within.is_empty();
        names_a_cohort.then_some(Self { base, within })
    }

    /// The rule of a base without a further dimension.
    pub fn whole(base: Base) -> Option<Self> {
        Self::of(base.dimensions())
    }

    /// Whether it needs this list of the document.
    pub fn needs(&self, within: Within) -> bool {
        self.within.contains(&within)
    }
}

/// A named group of provinces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Key, a part of the names of its cohorts.
    pub key: String,
    /// Name.
    pub title: Words,
    /// Ids of the provinces.
    pub provinces: Vec<String>,
}

/// A group by the size of the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Key, a part of the names of its cohorts.
    pub key: String,
    /// Name.
    pub title: Words,
    /// The smallest sample in it; the group with the largest bound that a sample reaches is its own.
    pub from: i64,
}

/// A named list of subjects that are compared with each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peers {
    /// Key, a part of the names of its cohorts.
    pub key: String,
    /// Name.
    pub title: Words,
    /// Its members.
    pub subjects: HashSet<Subject>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_a_cohort_with_further_dimensions() {
        for group in ["rsud.volume.large", "rsud.region.jawa.volume.small"] {
            assert!(is_group_of(group, "rsud"), "{group}");
        }
        assert!(is_group_of("rsud.32.volume.large", "rsud.32"));
        for other in [
            "rsud",
            "rsud.32",
            "rsud.32.volume.large",
            "rsudx.volume.large",
            "rsud.volume",
            "rsud.other.large",
        ] {
            assert!(!is_group_of(other, "rsud"), "{other}");
        }
    }
}
