//! Converts units to messages.

use prima_platform::{clock::to_proto, etag};
use prima_proto::directory::v1;

use crate::domain::unit::{State, Unit};

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
        etag: etag::of(unit.version),
        create_time: Some(to_proto(unit.created_at)),
        update_time: Some(to_proto(unit.updated_at)),
    }
}
