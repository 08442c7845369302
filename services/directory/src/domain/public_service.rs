//! Public services (jenis layanan) of a unit.

use chrono::{DateTime, Utc};
use prima_platform::failure::{Failure, Kind};
use prima_proto::name;

use super::standard;

/// Public services of one unit at most: all of them stand in one event, and the bus takes 1 MB.
const MOST: usize = 1000;

/// A public service as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicService {
    /// Resource name.
    pub name: name::PublicService,
    /// Official name.
    pub display_name: String,
    /// What it gives; may be empty.
    pub description: String,
    /// Version of the unit when this service last changed.
    pub version: i64,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What to change; `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// New official name.
    pub display_name: Option<String>,
    /// New description.
    pub description: Option<String>,
}

impl PublicService {
    /// Changes the fields given.
    pub fn change(&mut self, change: Change) {
        if let Some(display_name) = change.display_name {
            self.display_name = display_name;
        }
        if let Some(description) = change.description {
            self.description = description;
        }
    }
}

/// A public service as the unit's event tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Last part of the resource name.
    pub id: String,
    /// Official name.
    pub display_name: String,
    /// What is told of its newest standard; `None` while there is none.
    pub standard: Option<standard::Facts>,
}

/// A unit has as many public services as one event can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} can't have more than {MOST} public services")]
pub struct TooMany(name::Unit);

impl From<TooMany> for Failure {
    fn from(error: TooMany) -> Self {
        let localized = format!("{} paling banyak memiliki {MOST} jenis layanan", error.0);
        Self::new(
            Kind::Precondition,
            "TOO_MANY_PUBLIC_SERVICES",
            error.to_string(),
            localized,
        )
    }
}

/// `Ok` when `unit` may have these public services.
pub fn check_count(unit: &name::Unit, services: &[Listed]) -> Result<(), TooMany> {
    if services.len() <= MOST {
        Ok(())
    } else {
        Err(TooMany(unit.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_has_at_most_1000_public_services() {
        let unit = name::Unit {
            agency: "3271".into(),
            unit: "dpmptsp".into(),
        };
        let mut services = vec![
            Listed {
                id: "a".into(),
                display_name: "A".into(),
                standard: None,
            };
            1000
        ];
        assert!(check_count(&unit, &services).is_ok());
        services.extend(services.first().cloned());
        assert!(check_count(&unit, &services).is_err());
    }
}
