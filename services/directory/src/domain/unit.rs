//! Units: how they are changed and closed.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use prima_platform::{
    failure::{Failure, Kind, Violation},
    request::{self, Faults},
};
use prima_proto::name;

/// Most successors of one unit; all of them are part of one event.
const SUCCESSORS_MAX: usize = 100;
/// Most bytes of the event of an active unit. The bus takes 1 MB; the rest is reserved for the closing date and the
/// successors.
const STATE_MAX: usize = 900_000;

/// Whether a unit still serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It still serves.
    Active,
    /// It was closed, which is final.
    Closed {
        /// Last day of service.
        date: NaiveDate,
        /// Units that took over its work.
        successors: Vec<name::Unit>,
    },
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Resource name.
    pub name: name::Unit,
    /// Official name.
    pub display_name: String,
    /// Key of a unit type, built-in or of its agency.
    pub unit_type: String,
    /// Whether it still serves.
    pub state: State,
    /// Version of the unit together with its public services and its type; it only grows.
    pub version: i64,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last changed, apart from its public services.
    pub updated_at: DateTime<Utc>,
}

/// New values of fields; `None` leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// New official name.
    pub display_name: Option<String>,
    /// Key of the new unit type.
    pub unit_type: Option<String>,
}

/// The unit is closed, so it cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{unit} is closed since {date}")]
pub struct Closed {
    /// The unit.
    pub unit: name::Unit,
    /// Its last day of service.
    pub date: NaiveDate,
}

impl From<Closed> for Failure {
    fn from(closed: Closed) -> Self {
        let localized = format!("{} sudah ditutup sejak {}", closed.unit, closed.date);
        Self::new(Kind::Precondition, "UNIT_CLOSED", closed.to_string(), localized)
    }
}

/// The unit with its services, standards and charter does not fit into one event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} has too many services, dates and media for one event")]
pub struct TooLarge(name::Unit);

impl From<TooLarge> for Failure {
    fn from(error: TooLarge) -> Self {
        let localized = format!(
            "{}: layanan, tanggal, dan media terlalu banyak untuk satu unit",
            error.0
        );
        Self::new(Kind::Precondition, "UNIT_TOO_LARGE", error.to_string(), localized)
    }
}

/// `Ok` when the event of `unit` may have this many bytes.
pub fn check_size(unit: &name::Unit, bytes: usize) -> Result<(), TooLarge> {
    if bytes <= STATE_MAX {
        Ok(())
    } else {
        Err(TooLarge(unit.clone()))
    }
}

impl Unit {
    /// `Ok` while it is active.
    pub fn check_active(&self) -> Result<(), Closed> {
        match &self.state {
            State::Active => Ok(()),
            State::Closed { date, .. } => Err(Closed {
                unit: self.name.clone(),
                date: *date,
            }),
        }
    }

    /// Changes the given fields.
    ///
    /// # Errors
    ///
    /// The unit is closed.
    pub fn change(&mut self, change: Change) -> Result<(), Closed> {
        self.check_active()?;
        if let Some(display_name) = change.display_name {
            self.display_name = display_name;
        }
        if let Some(unit_type) = change.unit_type {
            self.unit_type = unit_type;
        }
        Ok(())
    }

    /// Closes the unit; `date` is its last day of service.
    ///
    /// # Errors
    ///
    /// The unit is closed already.
    pub fn close(&mut self, date: NaiveDate, successors: Vec<name::Unit>) -> Result<(), Closed> {
        self.check_active()?;
        self.state = State::Closed { date, successors };
        Ok(())
    }
}

/// The successors of `unit`: at most 100 other units, none twice. `unit` is `None` when its own name is faulty.
///
/// # Errors
///
/// Every fault, each with the index of its successor in the list.
pub fn successors(
    field: &str,
    unit: Option<&name::Unit>,
    raw: &[String],
) -> Result<Vec<name::Unit>, Vec<Violation>> {
    let mut faults = Faults::default();
    let mut seen = BTreeSet::new();
    let mut successors = Vec::new();
    if raw.len() > SUCCESSORS_MAX {
        faults.add(
            field,
            format!("must be at most {SUCCESSORS_MAX} units"),
            format!("Paling banyak {SUCCESSORS_MAX} unit penerus"),
        );
    }
    for (at, text) in raw.iter().enumerate().take(SUCCESSORS_MAX) {
        let field = format!("{field}[{at}]");
        match faults.take(request::name(&field, text)) {
            None => {}
            Some(successor) if Some(&successor) == unit => faults.add(
                field,
                "a unit can't be its own successor",
                "Unit tidak dapat menjadi penerus dirinya sendiri",
            ),
            Some(successor) if !seen.insert(successor.clone()) => faults.add(
                field,
                format!("{successor} is named more than once"),
                format!("{successor} disebut lebih dari sekali"),
            ),
            Some(successor) => successors.push(successor),
        }
    }
    faults.part(successors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Unit {
        Unit {
            name: name::Unit {
                agency: "3271".into(),
                unit: "dpmptsp".into(),
            },
            display_name: "DPMPTSP Kota Bogor".into(),
            unit_type: "dpmptsp".into(),
            state: State::Active,
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn every_faulty_successor_is_reported_with_its_index() {
        let raw = [
            "agencies/3271/units/a",
            "x",
            "agencies/3271/units/dpmptsp",
            "agencies/3271/units/a",
        ]
        .map(String::from);
        let faults = successors("successors", Some(&unit().name), &raw).unwrap_err();
        let fields: Vec<&str> = faults.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(fields, ["successors[1]", "successors[2]", "successors[3]"]);
        assert_eq!(successors("successors", Some(&unit().name), &[]).unwrap(), []);
    }

    #[test]
    fn there_are_at_most_100_successors() {
        let raw: Vec<String> = (0..101).map(|n| format!("agencies/1/units/u{n}")).collect();
        assert_eq!(
            successors("successors", None, &raw).unwrap_err()[0].field,
            "successors"
        );
        assert_eq!(successors("successors", None, &raw[..100]).unwrap().len(), 100);
    }

    #[test]
    fn a_closed_unit_cannot_be_changed() {
        let mut unit = unit();
        let date = NaiveDate::from_ymd_opt(2024, 6, 30).unwrap();
        unit.close(date, vec![]).unwrap();
        let closed = unit.clone();
        assert_eq!(unit.close(date, vec![]).unwrap_err().date, date);
        assert!(
            unit.change(Change {
                display_name: Some("x".into()),
                unit_type: None
            })
            .is_err()
        );
        assert_eq!(unit, closed);
    }
}
