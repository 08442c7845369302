//! In which cohorts a definition ranks a subject, and what these are called.
//!
//! The name of a cohort is that of its base (a unit type, a type within a province, all units of an agency, a kind of
//! agencies, …), followed by a pair of tokens for each further dimension: `rsud.32.volume.large` are the hospitals of
//! province 32 with a large sample. A base has one or two tokens and the rest comes in pairs, so a name is read in one way.

use std::collections::HashSet;

use prima_proto::name::{self, Subject};

use super::{Definition, Words};
use crate::domain::cohorts;
use crate::domain::facts::{AgencyFacts, Figures, Kind, UnitFacts};

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
    base: Base,
    within: Vec<Within>,
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

/// What the directory says of a subject that is ranked.
#[derive(Debug, Clone, Copy)]
pub enum Placed<'a> {
    /// A unit, and its agency while that is known.
    Unit(&'a UnitFacts, Option<&'a AgencyFacts>),
    /// An agency.
    Agency(&'a AgencyFacts),
}

impl Placed<'_> {
    fn is_withdrawn(&self) -> bool {
        match self {
            Self::Unit(unit, _) => unit.withdrawn,
            Self::Agency(agency) => agency.withdrawn || agency.kind.is_none(),
        }
    }

    /// Id of the province that it belongs to.
    fn province<'b>(&'b self, subject: &'b Subject) -> Option<&'b str> {
        match self {
            Self::Unit(_, agency) => agency.as_ref()?.province(subject.agency_id()),
            Self::Agency(agency) => agency.province(subject.agency_id()),
        }
    }

    /// The names of the cohorts of a base that the subject is in.
    fn bases(&self, base: Base, subject: &Subject) -> Vec<String> {
        match self {
            Self::Unit(unit, _) => self.of_unit(base, subject, unit),
            Self::Agency(agency) => Self::of_agency(base, agency),
        }
    }

    fn of_unit(&self, base: Base, subject: &Subject, unit: &UnitFacts) -> Vec<String> {
        let national = match &unit.agency_type {
            Some(defined) => &defined.national,
            None => &unit.unit_type,
        };
        let national = Some(national).filter(|national| cohorts::is_cohort(national));
        match base {
            Base::UnitType => {
                let own = cohorts::of_agency_type(subject, unit);
                let mut names: Vec<String> = national.cloned().into_iter().collect();
                names.extend(own.filter(|own| national != Some(own)));
                names
            }
            Base::UnitTypeProvince => {
                let of_province = |province: &str| Some(format!("{}.{province}", national?));
                self.province(subject).and_then(of_province).into_iter().collect()
            }
            Base::Agency => vec![format!("{}.{}", cohorts::UNITS, subject.agency_id())],
            Base::All => vec![cohorts::UNITS.to_owned()],
            Base::Kind | Base::Level | Base::Province => Vec::new(),
        }
    }

    fn of_agency(base: Base, agency: &AgencyFacts) -> Vec<String> {
        let Some(kind) = agency.kind else {
            return Vec::new();
        };
        match base {
            Base::Kind => vec![kind.as_str().to_owned()],
            Base::Level => vec![match kind {
                Kind::Kementerian | Kind::Lembaga => cohorts::NATIONAL.to_owned(),
                Kind::Provinsi | Kind::Kabupaten | Kind::Kota => cohorts::REGIONAL.to_owned(),
            }],
            Base::Province => match kind {
                Kind::Kabupaten | Kind::Kota => {
                    let parent = agency.parent.as_ref();
                    let within = parent.map(|province| format!("{}.{}", cohorts::AGENCIES, province.agency));
                    within.into_iter().collect()
                }
                Kind::Kementerian | Kind::Lembaga | Kind::Provinsi => Vec::new(),
            },
            Base::All => vec![cohorts::AGENCIES.to_owned()],
            Base::UnitType | Base::UnitTypeProvince | Base::Agency => Vec::new(),
        }
    }
}

impl Definition {
    /// The cohorts in which a score of a subject is ranked, each once; without figures, those that depend on none.
    pub fn cohorts(&self, subject: &Subject, placed: Placed<'_>, figures: Option<&Figures>) -> Vec<String> {
        let mut cohorts: Vec<String> = Vec::new();
        if placed.is_withdrawn() {
            return cohorts;
        }
        for rule in &self.cohorts {
            let mut names = placed.bases(rule.base, subject);
            for within in &rule.within {
                let keys = self.keys(*within, subject, placed, figures);
                let with_key = |name: &String| {
                    let name = name.clone();
                    keys.iter()
                        .map(move |key| format!("{name}.{}.{key}", within.key()))
                        .collect::<Vec<_>>()
                };
                names = names.iter().flat_map(with_key).collect();
            }
            for name in names {
                if !cohorts.contains(&name) {
                    cohorts.push(name);
                }
            }
        }
        cohorts
    }

    /// Whether its cohorts depend on the figures of a score and not only on the subject.
    pub fn cohorts_depend_on_score(&self) -> bool {
        let depends = |rule: &CohortRule| rule.needs(Within::Scheme) || rule.needs(Within::Volume);
        self.cohorts.iter().any(depends)
    }

    /// The keys of a dimension that the score has.
    fn keys<'a>(
        &'a self,
        within: Within,
        subject: &'a Subject,
        placed: Placed<'a>,
        figures: Option<&'a Figures>,
    ) -> Vec<&'a str> {
        match within {
            Within::Region => {
                let province = placed.province(subject);
                let includes = |region: &&Region| {
                    province.is_some_and(|id| region.provinces.iter().any(|own| own == id))
                };
                self.regions
                    .iter()
                    .filter(includes)
                    .map(|region| region.key.as_str())
                    .collect()
            }
            Within::Scheme => {
                let scheme = figures.and_then(|figures| name::id(&figures.instrument).ok());
                scheme.into_iter().collect()
            }
            Within::Volume => {
                let reached =
                    |volume: &&Volume| figures.is_some_and(|figures| figures.sample_size >= volume.from);
                let own = self.volumes.iter().find(reached);
                own.map(|volume| volume.key.as_str()).into_iter().collect()
            }
            Within::Peers => {
                let includes = |peers: &&Peers| peers.subjects.contains(subject);
                self.peers
                    .iter()
                    .filter(includes)
                    .map(|peers| peers.key.as_str())
                    .collect()
            }
        }
    }

    /// What a cohort with a further dimension is called, in Indonesian; `None` for every other cohort.
    pub fn cohort_title(&self, cohort: &str) -> Option<String> {
        let tokens: Vec<&str> = cohort.split('.').collect();
        let (base, pairs) = tokens.split_at(if tokens.len().is_multiple_of(2) { 2 } else { 1 });
        if pairs.is_empty() {
            return None;
        }
        let title = |pair: &[&str]| match pair {
            ["region", key] => self
                .regions
                .iter()
                .find(|region| region.key == *key)
                .map(|r| r.title.id.clone()),
            ["volume", key] => self
                .volumes
                .iter()
                .find(|volume| volume.key == *key)
                .map(|v| v.title.id.clone()),
            ["peers", key] => self
                .peers
                .iter()
                .find(|peers| peers.key == *key)
                .map(|p| p.title.id.clone()),
            ["scheme", key] => Some(format!("instrumen {key}")),
            _ => None,
        };
        let base = base.join(".");
        let all = [cohorts::UNITS, cohorts::AGENCIES].contains(&base.as_str());
        let base = (!all).then_some(base);
        let titles: Option<Vec<String>> = pairs.chunks(2).map(title).collect();
        Some(base.into_iter().chain(titles?).collect::<Vec<_>>().join(", "))
    }
}
