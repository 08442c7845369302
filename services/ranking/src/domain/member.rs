//! A subject with its directory entry and its scores.

use chrono::NaiveDate;
use smallvec::SmallVec;

use super::facts::{AgencyFacts, AgencyType, UnitFacts};
use super::member_score::MemberScore;
use super::table::MemberId;
use super::texts::Texts;

/// The directory's entry of a unit, as it is kept: with the numbers of the texts that many units share.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnitEntry {
    display_name: Box<str>,
    unit_type: u32,
    /// Official name and national key of its type, when the agency has defined it.
    agency_type: Option<(u32, u32)>,
    close_date: Option<NaiveDate>,
    pub(super) withdrawn: bool,
}

impl UnitEntry {
    pub(super) fn new(facts: UnitFacts, names: &mut Texts) -> Self {
        let UnitFacts {
            display_name,
            unit_type,
            agency_type,
            close_date,
            withdrawn,
        } = facts;
        let mut defined =
            |AgencyType {
                 display_name,
                 national,
             }: AgencyType| { (names.number(&[&display_name]), names.number(&[&national])) };
        Self {
            display_name: display_name.into(),
            agency_type: agency_type.map(&mut defined),
            unit_type: names.number(&[&unit_type]),
            close_date,
            withdrawn,
        }
    }

    /// The entry as the directory announced it.
    pub(super) fn facts(&self, names: &Texts) -> UnitFacts {
        let name = |number| names.get(number).to_owned();
        UnitFacts {
            display_name: self.display_name.as_ref().to_owned(),
            unit_type: name(self.unit_type),
            agency_type: self.agency_type.map(|(display_name, national)| AgencyType {
                display_name: name(display_name),
                national: name(national),
            }),
            close_date: self.close_date,
            withdrawn: self.withdrawn,
        }
    }
}

/// The directory's entry of a subject, with its version.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DirectoryEntry {
    /// The directory has not announced the subject; only scores arrived, or units of an agency.
    Unknown,
    /// The newest state cannot be read by this release.
    Unreadable(i64),
    Unit(i64, UnitEntry),
    Agency(i64, Box<AgencyFacts>),
}

impl DirectoryEntry {
    pub(super) fn version(&self) -> Option<i64> {
        match self {
            Self::Unknown => None,
            Self::Unreadable(version) | Self::Unit(version, _) | Self::Agency(version, _) => Some(*version),
        }
    }

    /// Whether the directory has announced the subject in a form that this release can read.
    pub(super) fn is_known(&self) -> bool {
        match self {
            Self::Unknown | Self::Unreadable(_) => false,
            Self::Unit(..) | Self::Agency(..) => true,
        }
    }

    /// Whether the directory has withdrawn the subject.
    pub(super) fn is_withdrawn(&self) -> bool {
        match self {
            Self::Unknown | Self::Unreadable(_) => false,
            Self::Unit(_, unit) => unit.withdrawn,
            Self::Agency(_, agency) => agency.withdrawn,
        }
    }

    /// The last day of work of a unit that closes or has closed.
    pub(super) fn close_date(&self) -> Option<NaiveDate> {
        match self {
            Self::Unit(_, unit) => unit.close_date,
            Self::Unknown | Self::Unreadable(_) | Self::Agency(..) => None,
        }
    }

    pub(super) fn display_name(&self) -> &str {
        match self {
            Self::Unknown | Self::Unreadable(_) => "",
            Self::Unit(_, unit) => &unit.display_name,
            Self::Agency(_, agency) => &agency.display_name,
        }
    }

    /// Number of the official name of the unit type, when the agency of the unit has defined it.
    pub(super) fn type_display_name(&self) -> Option<u32> {
        match self {
            Self::Unit(_, unit) => unit.agency_type.map(|(display_name, _)| display_name),
            Self::Unknown | Self::Unreadable(_) | Self::Agency(..) => None,
        }
    }
}

/// A subject with its directory entry and its scores.
#[derive(Debug)]
pub(super) struct Member {
    /// Its agency; itself when it is one.
    pub(super) agency: MemberId,
    pub(super) entry: DirectoryEntry,
    /// Its scores, ordered by the number of metric and period.
    pub(super) scores: SmallVec<[MemberScore; 1]>,
}

impl Member {
    pub(super) fn new(agency: MemberId) -> Self {
        Self {
            agency,
            entry: DirectoryEntry::Unknown,
            scores: SmallVec::new(),
        }
    }

    pub(super) fn find(&self, series: u32) -> Result<usize, usize> {
        self.scores.binary_search_by_key(&series, |score| score.series)
    }

    pub(super) fn score(&self, series: u32) -> Option<&MemberScore> {
        self.find(series).ok().and_then(|at| self.scores.get(at))
    }

    pub(super) fn score_mut(&mut self, series: u32) -> Option<&mut MemberScore> {
        self.find(series).ok().and_then(|at| self.scores.get_mut(at))
    }
}
