//! Resource names after AIP-122, such as `agencies/3271/units/dpmptsp`.

use std::{cmp::Ordering, fmt, str::FromStr};

/// Why a text is not a valid resource name. The message is without the text, which may be personal data by mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text does not have the form of this kind of name.
    #[error("must have the form `{form}`")]
    Form {
        /// The expected form.
        form: &'static str,
    },
    /// An id in it is not valid.
    #[error("has an id that is not 1 to {max} characters of a-z, 0-9 and -")]
    Token {
        /// Greatest length of this id.
        max: usize,
    },
}

/// The message in English, for engineers, and in Indonesian, for people.
impl From<Error> for [String; 2] {
    fn from(error: Error) -> Self {
        let indonesian = match &error {
            Error::Form { form } => format!("harus berbentuk `{form}`"),
            Error::Token { max } => {
                format!("memuat id yang bukan 1 sampai {max} karakter dari a-z, 0-9, dan -")
            }
        };
        [error.to_string(), indonesian]
    }
}

/// Greatest length of the id of an agency.
pub const AGENCY_MAX: usize = 32;
/// Greatest length of the ids of all other resources.
pub const TOKEN_MAX: usize = 63;

/// Checks an id: 1 to `max` characters of `[a-z0-9-]`, so that it can be part of a bus subject.
pub fn token(text: &str, max: usize) -> Result<&str, Error> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_id = (1..=max).contains(&text.len()) && text.bytes().all(allowed);
    is_id.then_some(text).ok_or(Error::Token { max })
}

/// Checks the id of a resource other than an agency.
pub fn id(text: &str) -> Result<&str, Error> {
    token(text, TOKEN_MAX)
}

/// Checks a cohort of a league table: ids with a dot between them.
pub fn cohort(text: &str) -> Result<&str, Error> {
    if text.split('.').count() > COHORT_TOKENS_MAX {
        let form = "{type}.{province}.{dimension}.{group}";
        return Err(Error::Form { form });
    }
    for part in text.split('.') {
        token(part, TOKEN_MAX)?;
    }
    Ok(text)
}

/// Checks the id of an agency.
pub fn agency_id(text: &str) -> Result<&str, Error> {
    token(text, AGENCY_MAX)
}

/// The ids in `text` for the braces in `form`.
fn ids<'a>(text: &'a str, form: &'static str) -> Result<Vec<&'a str>, Error> {
    if text.split('/').count() != form.split('/').count() {
        return Err(Error::Form { form });
    }
    let mut ids = Vec::new();
    for (part, expected) in text.split('/').zip(form.split('/')) {
        if expected.starts_with('{') {
            ids.push((part, expected));
        } else if part != expected {
            return Err(Error::Form { form });
        }
    }
    let max = |expected| {
        if expected == "{agency}" {
            AGENCY_MAX
        } else {
            TOKEN_MAX
        }
    };
    ids.into_iter()
        .map(|(id, expected)| token(id, max(expected)))
        .collect()
}

/// Writes `form` with these ids instead of its braces.
fn fill(form: &str, ids: &[&str], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut ids = ids.iter();
    for (n, part) in form.split('/').enumerate() {
        let id = if part.starts_with('{') { ids.next() } else { None };
        write!(f, "{}{}", if n == 0 { "" } else { "/" }, id.unwrap_or(&part))?;
    }
    Ok(())
}

/// A field of a name: an id, or the name of the parent resource.
trait Field: Sized {
    fn take<'a>(ids: &mut impl Iterator<Item = &'a str>) -> Self;
    fn give<'a>(&'a self, ids: &mut Vec<&'a str>);
}

impl Field for String {
    fn take<'a>(ids: &mut impl Iterator<Item = &'a str>) -> Self {
        ids.next().unwrap_or_default().to_owned()
    }

    fn give<'a>(&'a self, ids: &mut Vec<&'a str>) {
        ids.push(self);
    }
}

/// Defines a kind of name: its form, and the fields for the braces of the form, from left to right.
macro_rules! name {
    ($(#[$about:meta])* $name:ident, $form:literal, $($(#[$what:meta])* $field:ident: $type:ty),+) => {
        $(#[$about])*
        #[doc = concat!("`", $form, "`.")]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            $($(#[$what])* pub $field: $type,)+
        }

        impl $name {
            #[doc = concat!("Parses `", $form, "`.")]
            pub fn parse(text: &str) -> Result<Self, Error> {
                Ok(Self::take(&mut ids(text, $form)?.into_iter()))
            }
        }

        impl Field for $name {
            fn take<'a>(ids: &mut impl Iterator<Item = &'a str>) -> Self {
                Self { $($field: Field::take(ids),)+ }
            }

            fn give<'a>(&'a self, ids: &mut Vec<&'a str>) {
                $(self.$field.give(ids);)+
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut ids = Vec::new();
                self.give(&mut ids);
                fill($form, &ids, f)
            }
        }
    };
}

mod league;

pub use league::{ProposedTable, PublishedTable, TableDefinition, TableObjection};

name! {
    /// Name of an agency:
    Agency, "agencies/{agency}",
    /// Id of the agency.
    agency: String
}

name! {
    /// Name of a unit:
    Unit, "agencies/{agency}/units/{unit}",
    /// Id of the agency.
    agency: String,
    /// Id of the unit.
    unit: String
}

name! {
    /// Name of a unit type that an agency has defined:
    UnitType, "agencies/{agency}/unitTypes/{unit_type}",
    /// Id of the agency.
    agency: String,
    /// Id of the unit type, which is its key.
    unit_type: String
}

name! {
    /// Name of a public service:
    PublicService, "agencies/{agency}/units/{unit}/services/{service}",
    /// The unit.
    unit: Unit,
    /// Id of the service.
    service: String
}

name! {
    /// Name of a survey:
    Survey, "agencies/{agency}/units/{unit}/surveys/{survey}",
    /// The unit.
    unit: Unit,
    /// Id of the survey.
    survey: String
}

name! {
    /// Name of an action of a follow-up plan:
    FollowUp, "agencies/{agency}/units/{unit}/surveys/{survey}/followUps/{follow_up}",
    /// The survey.
    survey: Survey,
    /// Id of the action.
    follow_up: String
}

name! {
    /// Name of a batch of single-use tokens:
    TokenBatch, "agencies/{agency}/units/{unit}/surveys/{survey}/tokenBatches/{batch}",
    /// The survey.
    survey: Survey,
    /// Id of the batch.
    batch: String
}

name! {
    /// Name of a quarantined burst of responses:
    Quarantine, "agencies/{agency}/units/{unit}/surveys/{survey}/quarantines/{quarantine}",
    /// The survey.
    survey: Survey,
    /// Its number.
    quarantine: String
}

name! {
    /// Name of a kiosk:
    Device, "agencies/{agency}/units/{unit}/devices/{device}",
    /// The unit.
    unit: Unit,
    /// Id of the device.
    device: String
}

name! {
    /// Name of an innovation:
    Innovation, "agencies/{agency}/units/{unit}/innovations/{innovation}",
    /// The unit.
    unit: Unit,
    /// Id of the innovation.
    innovation: String
}

name! {
    /// Name of a replication:
    Replication, "agencies/{agency}/units/{unit}/innovations/{innovation}/replications/{replication}",
    /// The innovation that was adopted.
    innovation: Innovation,
    /// Id of the replication.
    replication: String
}

name! {
    /// Name of a competition round:
    Round, "rounds/{round}",
    /// Id of the round.
    round: String
}

name! {
    /// Name of an entry in a round:
    Entry, "rounds/{round}/entries/{entry}",
    /// The round.
    round: Round,
    /// Id of the entry.
    entry: String
}

name! {
    /// Name of an evaluation cycle:
    Cycle, "cycles/{cycle}",
    /// Id of the cycle.
    cycle: String
}

name! {
    /// Name of a unit's assessment in a cycle:
    Assessment, "cycles/{cycle}/agencies/{agency}/units/{unit}",
    /// The cycle.
    cycle: Cycle,
    /// The unit.
    unit: Unit
}

name! {
    /// Name of a complaint; it stays the same wherever the complaint is forwarded.
    Complaint, "complaints/{complaint}",
    /// Id of the complaint.
    complaint: String
}

name! {
    /// Name of a stored file:
    Attachment, "attachments/{attachment}",
    /// Id of the file.
    attachment: String
}

name! {
    /// Name of a consultation:
    Consultation, "consultations/{consultation}",
    /// Id of the consultation.
    consultation: String
}

name! {
    /// Name of an entry of the knowledge base:
    Knowledge, "knowledge/{entry}",
    /// Id of the entry.
    entry: String
}

name! {
    /// Name of a member of an agency's consultation team:
    Member, "agencies/{agency}/members/{member}",
    /// Id of the agency.
    agency: String,
    /// Id of the member.
    member: String
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

/// Greatest number of tokens of a cohort, joined by dots: two of its base and a pair for each further dimension.
const COHORT_TOKENS_MAX: usize = 10;

impl LeagueTable {
    /// Parses `metrics/{metric}/periods/{period}/cohorts/{cohort}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text.split('/').collect::<Vec<_>>().as_slice() {
            ["metrics", metric, "periods", period, "cohorts", cohort] => Ok(Self {
                metric: token(metric, TOKEN_MAX)?.to_owned(),
                period: token(period, TOKEN_MAX)?.to_owned(),
                cohort: self::cohort(cohort)?.to_owned(),
            }),
            _ => Err(Error::Form {
                form: "metrics/{metric}/periods/{period}/cohorts/{cohort}",
            }),
        }
    }
}

impl FromStr for LeagueTable {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
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

impl Agency {
    /// The name of the agency with this id.
    pub fn of(id: &str) -> Result<Self, Error> {
        let agency = agency_id(id)?.to_owned();
        Ok(Self { agency })
    }
}

impl Unit {
    /// The name of the unit with these ids.
    pub fn of(agency: &str, unit: &str) -> Result<Self, Error> {
        let Agency { agency } = Agency::of(agency)?;
        let unit = id(unit)?.to_owned();
        Ok(Self { agency, unit })
    }

    /// The name of its agency.
    pub fn agency_name(&self) -> Agency {
        Agency {
            agency: self.agency.clone(),
        }
    }
}

/// Name of the subject of a score: a unit or an agency.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An agency.
    Agency(Agency),
    /// A unit.
    Unit(Unit),
}

impl UnitType {
    /// The name of the agency that has defined it.
    pub fn agency_name(&self) -> Agency {
        Agency {
            agency: self.agency.clone(),
        }
    }
}

impl Subject {
    /// Parses `agencies/{agency}` or `agencies/{agency}/units/{unit}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let form = "agencies/{agency}[/units/{unit}]";
        match text.split('/').count() {
            2 => Agency::parse(text).map(Self::Agency),
            4 => Unit::parse(text).map(Self::Unit),
            _ => Err(Error::Form { form }),
        }
    }

    /// Id of the agency: its own, or that of the unit's agency.
    pub fn agency_id(&self) -> &str {
        match self {
            Self::Agency(agency) => &agency.agency,
            Self::Unit(unit) => &unit.agency,
        }
    }

    /// Id of the unit; `None` for an agency.
    pub fn unit_id(&self) -> Option<&str> {
        match self {
            Self::Agency(_) => None,
            Self::Unit(unit) => Some(&unit.unit),
        }
    }
}

/// Ordered by agency id, with the agency before its units, then by unit id.
impl Ord for Subject {
    fn cmp(&self, other: &Self) -> Ordering {
        self.agency_id()
            .cmp(other.agency_id())
            .then_with(|| self.unit_id().cmp(&other.unit_id()))
    }
}

impl PartialOrd for Subject {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Subject {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
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

impl From<&Agency> for Subject {
    fn from(agency: &Agency) -> Self {
        Self::Agency(agency.clone())
    }
}

impl From<&Unit> for Subject {
    fn from(unit: &Unit) -> Self {
        Self::Unit(unit.clone())
    }
}
