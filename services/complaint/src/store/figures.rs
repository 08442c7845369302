//! Figures of units: how a change of a report changes them, and reading them.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use prima_platform::{clock::micros, db::Txn};
use prima_proto::{name, period::Period};
use sea_orm::{ConnectionTrait, DbErr};

use super::{
    consultation,
    desk::desk_get,
    performance::{Key, performance_flag_dirty_in_txn},
    tally::{tally_add_in_txn, tally_of},
};
use crate::domain::{
    case::Case,
    desk::Desk,
    performance::{Cell, Figures, cells, difference, months_of},
    workflow::Workflow,
};

/// The cells of the figures that reports leave and enter.
#[derive(Debug, Default)]
pub struct Moved {
    left: Vec<Cell>,
    entered: Vec<Cell>,
}

impl Moved {
    /// Adds a report: its previous case (`None` when it is new) and the current one.
    pub fn add(&mut self, before: Option<&Case>, after: &Case, workflow: &Workflow) {
        let left = before.map(|case| cells(case, workflow));
        self.left.extend(left.unwrap_or_default());
        self.entered.extend(cells(after, workflow));
    }
}

/// Changes the tallies, and flags the figures that follow from them as dirty.
pub async fn figures_change_in_txn(txn: &Txn, moved: Moved) -> Result<(), DbErr> {
    let changes = difference(moved.left, moved.entered);
    let key = |cell: &Cell| Key {
        agency: cell.agency.clone(),
        unit: cell.unit.clone(),
        year: cell.month / 100,
    };
    let keys: BTreeSet<Key> = changes.keys().map(key).collect();
    tally_add_in_txn(txn, &changes).await?;
    performance_flag_dirty_in_txn(txn, &keys).await
}

/// Flags the figures of a unit in a year as dirty, or those of all years for year 0. It serves what is not counted in
/// tallies: consultations of the service desk, by the year in which they were received in Jakarta, and the desk itself.
pub async fn figures_flag_dirty_in_txn(txn: &Txn, agency: &str, unit: &str, year: i64) -> Result<(), DbErr> {
    let key = Key {
        agency: agency.to_owned(),
        unit: unit.to_owned(),
        year,
    };
    performance_flag_dirty_in_txn(txn, &BTreeSet::from([key])).await
}

/// Everything that is published about a unit in a period.
#[derive(Debug)]
pub struct Facts {
    pub unit: name::Unit,
    pub period: Period,
    /// Figures of the reports received in the period.
    pub figures: Figures,
    /// Figures of the consultations received in the period.
    pub consulted: consultation::Figures,
    /// The desk as it is now.
    pub desk: Desk,
}

/// Reads everything that is published about a unit in a period.
pub async fn figures_of(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
    period: &Period,
) -> Result<Facts, DbErr> {
    let (agency, id) = (unit.agency.as_str(), unit.unit.as_str());
    let counted = tally_of(conn, agency, id, months_of(period)).await?;
    let begins = first_moment(period);
    let consulted = consultation::figures(conn, agency, id, begins, micros(period.ends_at())).await?;
    Ok(Facts {
        unit: unit.clone(),
        period: period.clone(),
        figures: counted.into_iter().collect(),
        consulted,
        desk: desk_get(conn, unit).await?.desk,
    })
}

/// When a period begins in Jakarta, unix microseconds.
fn first_moment(period: &Period) -> i64 {
    let days = (period.last_day() - period.first_day()).num_days() + 1;
    micros(period.ends_at() - TimeDelta::days(days))
}
