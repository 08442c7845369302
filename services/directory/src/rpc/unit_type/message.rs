//! Converts unit types to messages.

use prima_platform::{clock::to_proto, etag};
use prima_proto::directory::v1;

use crate::domain::unit_type::{AgencyType, UnitType};

/// A built-in unit type as its message.
pub fn built_in(unit_type: &UnitType) -> v1::UnitType {
    v1::UnitType {
        key: unit_type.key.clone(),
        display_name: unit_type.display_name.clone(),
        ..v1::UnitType::default()
    }
}

/// A unit type of an agency as its message.
pub fn defined(unit_type: &AgencyType) -> v1::UnitType {
    v1::UnitType {
        key: unit_type.name.unit_type.clone(),
        display_name: unit_type.display_name.clone(),
        name: unit_type.name.to_string(),
        national_unit_type: unit_type.national.clone().unwrap_or_default(),
        etag: etag::of(unit_type.version),
        create_time: Some(to_proto(unit_type.created_at)),
        update_time: Some(to_proto(unit_type.updated_at)),
    }
}
