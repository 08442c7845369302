//! Figures of units: how a change of a report changes them, and reading them.

use std::collections::BTreeSet;

use prima_platform::{clock::micros, db::Txn};
use prima_proto::{name, period::Period, zone::zone_of_agency};
use sea_orm::{ConnectionTrait, DbErr};

use super::{
    complaint::Counted,
    consultation,
    desk::desk_get,
    performance::{Key, performance_flag_dirty_in_txn},
    tally::{Tally, tally_add_in_txn, tally_of},
};
use crate::domain::{
    case::Case,
    desk::Desk,
    performance::{Cell, Figures, cells, cells_by_jakarta, difference, months_of},
    workflow::Workflow,
};

/// The cells of the figures that reports leave and enter.
#[derive(Debug, Default)]
pub struct Moved {
    handled_left: Vec<Cell>,
    handled_entered: Vec<Cell>,
    held_left: Vec<Cell>,
    held_entered: Vec<Cell>,
}

impl Moved {
    /// Adds a report: its previous case and how that is counted (`None` when it is new), and the current ones.
    pub fn add(
        &mut self,
        before: Option<(&Case, &Counted)>,
        (after, counted): (&Case, &Counted),
        workflow: &Workflow,
    ) {
        if let Some((case, was)) = before {
            let left = if was.by_zone {
                cells(case, workflow)
            } else {
                cells_by_jakarta(case, workflow)
            };
            self.handled_left.extend(left);
            self.held_left.extend(was.held.iter().cloned());
        }
        self.handled_entered.extend(cells(after, workflow));
        self.held_entered.extend(counted.held.iter().cloned());
    }
}

/// Changes the tallies, and flags the figures that follow from them as dirty.
pub async fn figures_change_in_txn(txn: &Txn, moved: Moved) -> Result<(), DbErr> {
    let handled = difference(moved.handled_left, moved.handled_entered);
    let held = difference(moved.held_left, moved.held_entered);
    let key = |cell: &Cell| Key {
        agency: cell.agency.clone(),
        unit: cell.unit.clone(),
        year: cell.month / 100,
    };
    let keys: BTreeSet<Key> = handled.keys().chain(held.keys()).map(key).collect();
    tally_add_in_txn(txn, Tally::Handled, &handled).await?;
    tally_add_in_txn(txn, Tally::Held, &held).await?;
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

/// Everything that is published about a unit or an agency in a period.
#[derive(Debug)]
pub struct Facts {
    pub subject: name::Subject,
    pub period: Period,
    /// Figures of the reports received in the period.
    pub figures: Figures,
    /// Of an agency: how many of its units have reports in time or late.
    pub units: i64,
    /// Figures of the consultations received in the period; none for an agency.
    pub consulted: consultation::Figures,
    /// The desk as it is now; an agency as a whole has none.
    pub desk: Desk,
}

/// Reads everything that is published about a unit in a period.
pub async fn figures_of(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
    period: &Period,
) -> Result<Facts, DbErr> {
    let (agency, id) = (unit.agency.as_str(), unit.unit.as_str());
    let months = months_of(period);
    let mut counted = tally_of(conn, Tally::Handled, agency, Some(id), months).await?;
    counted.extend(tally_of(conn, Tally::Held, agency, Some(id), months).await?);
    let zone = zone_of_agency(agency);
    let (begins, ends) = (period.begins_in(zone), period.ends_in(zone));
    let consulted = consultation::figures(conn, agency, id, micros(begins), micros(ends)).await?;
    Ok(Facts {
        subject: unit.into(),
        period: period.clone(),
        figures: counted.into_iter().collect(),
        units: 0,
        consulted,
        desk: desk_get(conn, unit).await?.desk,
    })
}

/// Reads the figures of all reports of an agency in a period: those of its units, and those without a unit.
pub async fn figures_of_agency(
    conn: &impl ConnectionTrait,
    agency: &name::Agency,
    period: &Period,
) -> Result<Facts, DbErr> {
    let handled = tally_of(conn, Tally::Handled, &agency.agency, None, months_of(period)).await?;
    let mut facts = figures_held_by_agency(conn, agency, period).await?;
    for (cell, count) in handled {
        facts.figures.add(&cell, count);
    }
    Ok(facts)
}

/// The figures of what an agency as a whole answers for in a period: its reports in time and late, and the outcomes of
/// those without a unit.
pub async fn figures_held_by_agency(
    conn: &impl ConnectionTrait,
    agency: &name::Agency,
    period: &Period,
) -> Result<Facts, DbErr> {
    let held = tally_of(conn, Tally::Held, &agency.agency, None, months_of(period)).await?;
    let (whole, of_units): (Vec<_>, Vec<_>) = held.into_iter().partition(|(cell, _)| cell.unit.is_empty());
    let units: BTreeSet<String> = of_units.into_iter().map(|(cell, _)| cell.unit).collect();
    Ok(Facts {
        subject: agency.into(),
        period: period.clone(),
        figures: whole.into_iter().collect(),
        units: i64::try_from(units.len()).unwrap_or(i64::MAX),
        consulted: consultation::Figures::default(),
        desk: Desk::default(),
    })
}
