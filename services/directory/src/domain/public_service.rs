//! Public services (jenis layanan) of a unit.

use chrono::{DateTime, Utc};
use prima_platform::failure::{Failure, Kind};
use prima_proto::name;

use super::standard;

/// Most public services of one unit: all of them are part of one event, and the bus takes messages of at most 1 MB.
const SERVICES_MAX: usize = 1000;

/// A public service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicService {
    /// Resource name.
    pub name: name::PublicService,
    /// Official name.
    pub display_name: String,
    /// What the service provides; may be empty.
    pub description: String,
    /// Version of the unit when this service last changed.
    pub version: i64,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// New values of fields; `None` leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// New official name.
    pub display_name: Option<String>,
    /// New description.
    pub description: Option<String>,
}

impl PublicService {
    /// Changes the given fields.
    pub fn change(&mut self, change: Change) {
        if let Some(display_name) = change.display_name {
            self.display_name = display_name;
        }
        if let Some(description) = change.description {
            self.description = description;
        }
    }
}

/// A public service as the unit's event publishes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Last part of the resource name.
    pub id: String,
    /// Official name.
    pub display_name: String,
    /// Facts of its newest standard; `None` while it has none.
    pub standard: Option<standard::Facts>,
}

/// The unit has more public services than one event can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} can't have more than {SERVICES_MAX} public services")]
pub struct TooMany(name::Unit);

impl From<TooMany> for Failure {
    fn from(error: TooMany) -> Self {
        let localized = format!("{} paling banyak memiliki {SERVICES_MAX} jenis layanan", error.0);
        Self::new(
            Kind::Precondition,
            "TOO_MANY_PUBLIC_SERVICES",
            error.to_string(),
            localized,
        )
    }
}

/// `Ok` when `unit` may have these public services.
pub fn check_count(unit: &name::Unit, services: &[Summary]) -> Result<(), TooMany> {
    if services.len() <= SERVICES_MAX {
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
            Summary {
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
