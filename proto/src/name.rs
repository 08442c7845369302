//! Resource names after AIP-122, such as `agencies/3271/units/dpmptsp`.

mod complaint;

pub use complaint::{Attachment, Complaint, Consultation, Knowledge, Member};

use std::fmt;

/// Why a text is not the resource name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text does not have the form of this kind of name.
    #[error("must have the form `{form}`")]
    Form {
        /// The form expected.
        form: &'static str,
    },
    /// One id in it is not a token.
    #[error("`{token}` must be {min} to {max} characters of a-z, 0-9 and -", min = 1)]
    Token {
        /// The id found.
        token: String,
        /// Longest id allowed here.
        max: usize,
    },
}

impl Error {
    /// The fault for people, in Indonesian.
    pub fn localized(&self) -> String {
        match self {
            Self::Form { form } => format!("harus berbentuk `{form}`"),
            Self::Token { token, max } => {
                format!("`{token}` harus 1 sampai {max} karakter dari a-z, 0-9, dan -")
            }
        }
    }
}

/// Longest id of an agency.
pub const AGENCY_MAX: usize = 32;
/// Longest id of anything below an agency.
pub const TOKEN_MAX: usize = 63;

/// Checks one id: 1 to `max` characters of `[a-z0-9-]`, so that it can stand in a bus subject.
pub fn token(text: &str, max: usize) -> Result<&str, Error> {
    let fits = !text.is_empty()
        && text.len() <= max
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits {
        Ok(text)
    } else {
        Err(Error::Token {
            token: text.chars().take(80).collect(),
            max,
        })
    }
}

/// Name of an agency, `agencies/{agency}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Agency {
    /// Id of the agency.
    pub agency: String,
}

/// Name of a unit, `agencies/{agency}/units/{unit}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit {
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit.
    pub unit: String,
}

/// Name of a public service, `agencies/{agency}/units/{unit}/services/{service}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicService {
    /// The unit.
    pub unit: Unit,
    /// Id of the service.
    pub service: String,
}

/// Name of a survey, `agencies/{agency}/units/{unit}/surveys/{survey}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Survey {
    /// The unit.
    pub unit: Unit,
    /// Id of the survey.
    pub survey: String,
}

/// Name of an action of a follow-up plan,
/// `agencies/{agency}/units/{unit}/surveys/{survey}/followUps/{follow_up}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FollowUp {
    /// The survey.
    pub survey: Survey,
    /// Id of the action.
    pub follow_up: String,
}

/// Name of a batch of single-use tokens,
/// `agencies/{agency}/units/{unit}/surveys/{survey}/tokenBatches/{batch}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenBatch {
    /// The survey.
    pub survey: Survey,
    /// Id of the batch.
    pub batch: String,
}

/// Name of a kiosk,
/// `agencies/{agency}/units/{unit}/devices/{device}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Device {
    /// The unit.
    pub unit: Unit,
    /// Id of the device.
    pub device: String,
}

/// Name of an innovation, `agencies/{agency}/units/{unit}/innovations/{innovation}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Innovation {
    /// The unit.
    pub unit: Unit,
    /// Id of the innovation.
    pub innovation: String,
}

/// Name of a replication, `agencies/{agency}/units/{unit}/innovations/{innovation}/replications/{replication}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Replication {
    /// The innovation that was adopted.
    pub innovation: Innovation,
    /// Id of the replication.
    pub replication: String,
}

/// Name of a competition round, `rounds/{round}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Round {
    /// Id of the round.
    pub round: String,
}

/// Name of an entry in a round, `rounds/{round}/entries/{entry}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// The round.
    pub round: Round,
    /// Id of the entry.
    pub entry: String,
}

/// Name of an evaluation cycle, `cycles/{cycle}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cycle {
    /// Id of the cycle.
    pub cycle: String,
}

/// Name of a unit's assessment in a cycle, `cycles/{cycle}/agencies/{agency}/units/{unit}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Assessment {
    /// The cycle.
    pub cycle: Cycle,
    /// The unit.
    pub unit: Unit,
}

/// Name of a league table, `metrics/{metric}/periods/{period}/cohorts/{cohort}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeagueTable {
    /// Metric, such as `skm`.
    pub metric: String,
    /// Period, such as `2024-q3`.
    pub period: String,
    /// Cohort, such as `dpmptsp` or `dpmptsp.32`.
    pub cohort: String,
}

impl Agency {
    /// Parses `agencies/{agency}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "agencies/{agency}";
        match text.split('/').collect::<Vec<_>>().as_slice() {
            ["agencies", agency] => Ok(Self {
                agency: token(agency, AGENCY_MAX)?.to_owned(),
            }),
            _ => Err(Error::Form { form: FORM }),
        }
    }
}

impl Unit {
    /// Parses `agencies/{agency}/units/{unit}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "agencies/{agency}/units/{unit}";
        match text.split('/').collect::<Vec<_>>().as_slice() {
            ["agencies", agency, "units", unit] => Ok(Self {
                agency: token(agency, AGENCY_MAX)?.to_owned(),
                unit: token(unit, TOKEN_MAX)?.to_owned(),
            }),
            _ => Err(Error::Form { form: FORM }),
        }
    }

    /// The name of its agency.
    pub fn agency_name(&self) -> Agency {
        Agency {
            agency: self.agency.clone(),
        }
    }
}

impl PublicService {
    /// Parses `agencies/{agency}/units/{unit}/services/{service}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "agencies/{agency}/units/{unit}/services/{service}";
        let (unit, service) = text.split_once("/services/").ok_or(Error::Form { form: FORM })?;
        let unit = Unit::parse(unit).map_err(|e| reform(e, FORM))?;
        Ok(Self {
            unit,
            service: token(service, TOKEN_MAX)?.to_owned(),
        })
    }
}

impl Survey {
    /// Parses `agencies/{agency}/units/{unit}/surveys/{survey}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "agencies/{agency}/units/{unit}/surveys/{survey}";
        let (unit, survey) = text.split_once("/surveys/").ok_or(Error::Form { form: FORM })?;
        let unit = Unit::parse(unit).map_err(|e| reform(e, FORM))?;
        Ok(Self {
            unit,
            survey: token(survey, TOKEN_MAX)?.to_owned(),
        })
    }
}

impl FollowUp {
    /// Parses `agencies/{agency}/units/{unit}/surveys/{survey}/followUps/{follow_up}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "agencies/{agency}/units/{unit}/surveys/{survey}/followUps/{follow_up}";
        let (survey, follow_up) = text.split_once("/followUps/").ok_or(Error::Form { form: FORM })?;
        Ok(Self {
            survey: Survey::parse(survey).map_err(|e| reform(e, FORM))?,
            follow_up: token(follow_up, TOKEN_MAX)?.to_owned(),
        })
    }
}

impl TokenBatch {
    /// Parses `agencies/{agency}/units/{unit}/surveys/{survey}/tokenBatches/{batch}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "agencies/{agency}/units/{unit}/surveys/{survey}/tokenBatches/{batch}";
        let (survey, batch) = text
            .split_once("/tokenBatches/")
            .ok_or(Error::Form { form: FORM })?;
        Ok(Self {
            survey: Survey::parse(survey).map_err(|e| reform(e, FORM))?,
            batch: token(batch, TOKEN_MAX)?.to_owned(),
        })
    }
}

impl Device {
    /// Parses `agencies/{agency}/units/{unit}/devices/{device}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "agencies/{agency}/units/{unit}/devices/{device}";
        let (unit, device) = text.split_once("/devices/").ok_or(Error::Form { form: FORM })?;
        Ok(Self {
            unit: Unit::parse(unit).map_err(|e| reform(e, FORM))?,
            device: token(device, TOKEN_MAX)?.to_owned(),
        })
    }
}

impl Innovation {
    /// Parses `agencies/{agency}/units/{unit}/innovations/{innovation}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "agencies/{agency}/units/{unit}/innovations/{innovation}";
        let (unit, innovation) = text
            .split_once("/innovations/")
            .ok_or(Error::Form { form: FORM })?;
        let unit = Unit::parse(unit).map_err(|e| reform(e, FORM))?;
        Ok(Self {
            unit,
            innovation: token(innovation, TOKEN_MAX)?.to_owned(),
        })
    }
}

impl Replication {
    /// Parses `agencies/{agency}/units/{unit}/innovations/{innovation}/replications/{replication}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str =
            "agencies/{agency}/units/{unit}/innovations/{innovation}/replications/{replication}";
        let (innovation, replication) = text
            .split_once("/replications/")
            .ok_or(Error::Form { form: FORM })?;
        let innovation = Innovation::parse(innovation).map_err(|e| reform(e, FORM))?;
        Ok(Self {
            innovation,
            replication: token(replication, TOKEN_MAX)?.to_owned(),
        })
    }
}

impl Round {
    /// Parses `rounds/{round}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "rounds/{round}";
        match text.split('/').collect::<Vec<_>>().as_slice() {
            ["rounds", round] => Ok(Self {
                round: token(round, TOKEN_MAX)?.to_owned(),
            }),
            _ => Err(Error::Form { form: FORM }),
        }
    }
}

impl Entry {
    /// Parses `rounds/{round}/entries/{entry}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "rounds/{round}/entries/{entry}";
        let (round, entry) = text.split_once("/entries/").ok_or(Error::Form { form: FORM })?;
        let round = Round::parse(round).map_err(|e| reform(e, FORM))?;
        Ok(Self {
            round,
            entry: token(entry, TOKEN_MAX)?.to_owned(),
        })
    }
}

impl Cycle {
    /// Parses `cycles/{cycle}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "cycles/{cycle}";
        match text.split('/').collect::<Vec<_>>().as_slice() {
            ["cycles", cycle] => Ok(Self {
                cycle: token(cycle, TOKEN_MAX)?.to_owned(),
            }),
            _ => Err(Error::Form { form: FORM }),
        }
    }
}

impl Assessment {
    /// Parses `cycles/{cycle}/agencies/{agency}/units/{unit}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "cycles/{cycle}/agencies/{agency}/units/{unit}";
        let at = text.find("/agencies/").ok_or(Error::Form { form: FORM })?;
        let (cycle, unit) = text.split_at(at);
        let unit = unit.strip_prefix('/').unwrap_or(unit);
        Ok(Self {
            cycle: Cycle::parse(cycle).map_err(|e| reform(e, FORM))?,
            unit: Unit::parse(unit).map_err(|e| reform(e, FORM))?,
        })
    }
}

impl LeagueTable {
    /// Parses `metrics/{metric}/periods/{period}/cohorts/{cohort}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const FORM: &str = "metrics/{metric}/periods/{period}/cohorts/{cohort}";
        match text.split('/').collect::<Vec<_>>().as_slice() {
            ["metrics", metric, "periods", period, "cohorts", cohort] => {
                for part in cohort.splitn(2, '.') {
                    token(part, TOKEN_MAX)?;
                }
                Ok(Self {
                    metric: token(metric, TOKEN_MAX)?.to_owned(),
                    period: token(period, TOKEN_MAX)?.to_owned(),
                    cohort: (*cohort).to_owned(),
                })
            }
            _ => Err(Error::Form { form: FORM }),
        }
    }
}

fn reform(error: Error, form: &'static str) -> Error {
    match error {
        Error::Form { .. } => Error::Form { form },
        Error::Token { token, max } => Error::Token { token, max },
    }
}

impl fmt::Display for Agency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "agencies/{}", self.agency)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "agencies/{}/units/{}", self.agency, self.unit)
    }
}

impl fmt::Display for PublicService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/services/{}", self.unit, self.service)
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/surveys/{}", self.unit, self.survey)
    }
}

impl fmt::Display for FollowUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/followUps/{}", self.survey, self.follow_up)
    }
}

impl fmt::Display for TokenBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/tokenBatches/{}", self.survey, self.batch)
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/devices/{}", self.unit, self.device)
    }
}

impl fmt::Display for Innovation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/innovations/{}", self.unit, self.innovation)
    }
}

impl fmt::Display for Replication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/replications/{}", self.innovation, self.replication)
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rounds/{}", self.round)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/entries/{}", self.round, self.entry)
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cycles/{}", self.cycle)
    }
}

impl fmt::Display for Assessment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cycle, self.unit)
    }
}

impl fmt::Display for LeagueTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "metrics/{}/periods/{}/cohorts/{}",
            self.metric, self.period, self.cohort
        )
    }
}
