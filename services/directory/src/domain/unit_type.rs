//! Unit types. Units of a built-in type, read from `data/unit-types.json`, are compared nationwide; those of a type that
//! an agency has defined are compared within the agency, and nationwide under a built-in type when it names one.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use prima_platform::failure::{Failure, Kind, Violation};
use prima_proto::name;
use serde::Deserialize;

/// Words that name other cohorts of league tables than those of a unit type.
const RESERVED: [&str; 9] = [
    "agencies",
    "daerah",
    "kabupaten",
    "kementerian",
    "kl",
    "kota",
    "lembaga",
    "provinsi",
    "units",
];

/// A built-in unit type.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitType {
    /// Stable key, `[a-z0-9-]`.
    pub key: String,
    /// Official name.
    pub display_name: String,
}

// The list is empty when the embedded file is malformed; a test makes sure that it is not.
static ALL: LazyLock<Vec<UnitType>> = LazyLock::new(|| {
    let mut all: Vec<UnitType> =
        serde_json::from_str(include_str!("../../data/unit-types.json")).unwrap_or_default();
    all.sort_by(|a, b| a.key.cmp(&b.key));
    all
});

/// All built-in unit types, ordered by key.
pub fn all() -> &'static [UnitType] {
    &ALL
}

/// Whether a built-in unit type has this key.
pub fn is_built_in(key: &str) -> bool {
    ALL.binary_search_by(|t| t.key.as_str().cmp(key)).is_ok()
}

/// The key of a built-in unit type.
///
/// # Errors
///
/// No built-in unit type has this key.
pub fn built_in(field: &str, raw: &str) -> Result<String, Violation> {
    if is_built_in(raw) {
        return Ok(raw.to_owned());
    }
    Err(unknown(field))
}

/// The key of a unit type for units of an agency: built-in, or well formed, so that the agency may have defined it.
/// `has_agency` is false when the request does not name a valid agency.
///
/// # Errors
///
/// No unit type can have this key.
pub fn key(field: &str, raw: &str, has_agency: bool) -> Result<String, Violation> {
    if is_built_in(raw) || (has_agency && raw != "-" && name::id(raw).is_ok()) {
        return Ok(raw.to_owned());
    }
    Err(unknown(field))
}

/// The fault of a key that neither a built-in unit type nor one of the agency has.
pub fn unknown(field: &str) -> Violation {
    Violation::new(
        field,
        "is not a known unit type, neither built-in nor defined by the agency; see ListUnitTypes",
        "Jenis unit tidak dikenal, baik bawaan maupun buatan instansi; lihat daftar jenis unit",
    )
}

/// Checks the key of a unit type that an agency defines.
///
/// # Errors
///
/// A built-in type has this key, or it is the word for another cohort of league tables.
pub fn new_key(field: &str, key: &str) -> Result<(), Violation> {
    if is_built_in(key) {
        return Err(Violation::new(
            field,
            "is the key of a built-in unit type",
            "sudah menjadi kunci jenis unit bawaan",
        ));
    }
    if RESERVED.contains(&key) {
        return Err(Violation::new(
            field,
            "is the name of another cohort of league tables",
            "sudah menjadi nama kelompok peringkat lain",
        ));
    }
    Ok(())
}

/// A unit type that an agency has defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgencyType {
    /// Resource name.
    pub name: name::UnitType,
    /// Official name.
    pub display_name: String,
    /// Key of the built-in type under which its units are compared nationwide; `None` when they are not.
    pub national: Option<String>,
    /// Version; it only grows.
    pub version: i64,
    /// When it was defined.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// New values of fields; `None` leaves a field unchanged, `Some(None)` clears it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// New official name.
    pub display_name: Option<String>,
    /// New built-in type for the comparison nationwide.
    pub national: Option<Option<String>>,
}

impl AgencyType {
    /// Changes the given fields.
    pub fn change(&mut self, change: Change) {
        if let Some(display_name) = change.display_name {
            self.display_name = display_name;
        }
        if let Some(national) = change.national {
            self.national = national;
        }
    }
}

/// A unit has the type, so it cannot be deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{unit_type} is the type of {unit}")]
pub struct InUse {
    /// The type.
    pub unit_type: name::UnitType,
    /// The first unit that has it.
    pub unit: name::Unit,
}

impl From<InUse> for Failure {
    fn from(used: InUse) -> Self {
        let localized = format!("{} masih menjadi jenis {}", used.unit_type, used.unit);
        Self::new(
            Kind::Precondition,
            "UNIT_TYPE_IN_USE",
            used.to_string(),
            localized,
        )
    }
}

#[cfg(test)]
mod tests {
    use prima_proto::name::{TOKEN_MAX, token};

    use super::*;

    #[test]
    fn every_unit_type_is_read_and_has_a_key_of_its_own() {
        assert_eq!(all().len(), 48);
        assert!(all().is_sorted_by(|a, b| a.key < b.key));
        for unit_type in all() {
            assert!(token(&unit_type.key, TOKEN_MAX).is_ok(), "{unit_type:?}");
            assert!(!unit_type.display_name.trim().is_empty(), "{unit_type:?}");
            assert_eq!(built_in("f", &unit_type.key).unwrap(), unit_type.key);
            assert!(new_key("f", &unit_type.key).is_err(), "{unit_type:?}");
        }
        assert!(built_in("f", "").is_err() && built_in("f", "DPMPTSP").is_err());
    }

    #[test]
    fn a_key_that_is_not_built_in_needs_an_agency() {
        assert!(key("f", "dpmptsp", false).is_ok());
        assert!(key("f", "balai-kota", false).is_err() && key("f", "balai-kota", true).is_ok());
        for bad in ["", "-", "Balai", "a.b", &"a".repeat(64)] {
            assert!(key("f", bad, true).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_key_names_another_cohort() {
        for word in RESERVED {
            assert!(new_key("f", word).is_err(), "{word}");
        }
        assert!(new_key("f", "balai-kota").is_ok());
    }
}
