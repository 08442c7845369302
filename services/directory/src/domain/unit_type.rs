//! Unit types: units of one type are compared nationwide. They are read from `data/unit-types.json`.

use std::sync::LazyLock;

use prima_platform::failure::Violation;
use serde::Deserialize;

/// A unit type.
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

/// All unit types, ordered by key.
pub fn all() -> &'static [UnitType] {
    &ALL
}

/// The key of a known unit type.
///
/// # Errors
///
/// There is no unit type with this key.
pub fn key(field: &str, raw: &str) -> Result<String, Violation> {
    let known = ALL.binary_search_by(|t| t.key.as_str().cmp(raw)).is_ok();
    if known {
        return Ok(raw.to_owned());
    }
    Err(Violation::new(
        field,
        "is not a known unit type; see ListUnitTypes",
        "Jenis unit tidak dikenal; lihat daftar jenis unit",
    ))
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
            assert_eq!(key("f", &unit_type.key).unwrap(), unit_type.key);
        }
        assert!(key("f", "").is_err() && key("f", "DPMPTSP").is_err());
    }
}
