//! In which cohorts the definition of a metric places a score.

use prima_proto::name::{self, Subject};

use super::Definition;
use super::cohort_rule::{Base, CohortRule, Peers, Region, Volume, Within};
use crate::domain::cohorts;
use crate::domain::facts::{AgencyFacts, Figures, Kind, UnitFacts};

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
