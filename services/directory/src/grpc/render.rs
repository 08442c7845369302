//! From what is stored to messages.

use prima_platform::clock::to_proto;
use prima_proto::directory::v1;

pub use super::standards::{charter, standard};
use crate::domain::{
    agency::{Agency, Kind},
    public_service::PublicService,
    unit::{State, Unit},
    unit_type::UnitType,
};

/// A kind as its value.
pub fn kind(kind: Kind) -> v1::AgencyKind {
    match kind {
        Kind::Kementerian => v1::AgencyKind::Kementerian,
        Kind::Lembaga => v1::AgencyKind::Lembaga,
        Kind::Provinsi => v1::AgencyKind::Provinsi,
        Kind::Kabupaten => v1::AgencyKind::Kabupaten,
        Kind::Kota => v1::AgencyKind::Kota,
    }
}

/// An agency as its message.
pub fn agency(agency: &Agency) -> v1::Agency {
    v1::Agency {
        name: agency.name.to_string(),
        display_name: agency.display_name.clone(),
        kind: kind(agency.kind).into(),
        parent: agency
            .parent
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        etag: agency.version.to_string(),
        create_time: Some(to_proto(agency.created_at)),
        update_time: Some(to_proto(agency.updated_at)),
    }
}

/// A unit as its message.
pub fn unit(unit: &Unit) -> v1::Unit {
    let (state, close_date, successors) = match &unit.state {
        State::Active => (v1::UnitState::Active, String::new(), Vec::new()),
        State::Closed { date, successors } => (
            v1::UnitState::Closed,
            date.to_string(),
            successors.iter().map(ToString::to_string).collect(),
        ),
    };
    v1::Unit {
        name: unit.name.to_string(),
        display_name: unit.display_name.clone(),
        unit_type: unit.unit_type.clone(),
        state: state.into(),
        close_date,
        successors,
        etag: unit.version.to_string(),
        create_time: Some(to_proto(unit.created_at)),
        update_time: Some(to_proto(unit.updated_at)),
    }
}

/// A public service as its message.
pub fn public_service(service: &PublicService) -> v1::PublicService {
    v1::PublicService {
        name: service.name.to_string(),
        display_name: service.display_name.clone(),
        description: service.description.clone(),
        etag: service.version.to_string(),
        create_time: Some(to_proto(service.created_at)),
        update_time: Some(to_proto(service.updated_at)),
    }
}

/// A unit type as its message.
pub fn unit_type(unit_type: &UnitType) -> v1::UnitType {
    v1::UnitType {
        key: unit_type.key.clone(),
        display_name: unit_type.display_name.clone(),
    }
}
