//! What the directory publishes: the whole state of an agency, or of a unit with its public services.

use prima_platform::{outbox, trace};
use prima_proto::{
    event::v1::{AgencyState, PublicServiceState, UnitState},
    subject,
};
use prost::Message;
use tracing::Span;

use crate::domain::{
    agency::Agency,
    public_service::Listed,
    unit::{State, Unit},
};

/// Raised when the same state is rendered differently.
const REVISION: i64 = 1;

fn state(subject: String, event_type: &'static str, version: i64, payload: Vec<u8>) -> outbox::State {
    let traceparent = trace::traceparent(&Span::current());
    outbox::State {
        subject,
        event_type,
        revision: REVISION,
        version,
        withdrawn: false,
        payload,
        traceparent,
    }
}

/// The state of an agency.
pub fn agency(agency: &Agency) -> outbox::State {
    let payload = AgencyState {
        name: agency.name.to_string(),
        display_name: agency.display_name.clone(),
        kind: agency.kind.as_str().to_owned(),
        parent: agency
            .parent
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
    };
    state(
        subject::agency(&agency.name),
        subject::AGENCY_TYPE,
        agency.version,
        payload.encode_to_vec(),
    )
}

/// The state of a unit with all its public services.
pub fn unit(unit: &Unit, services: &[Listed]) -> outbox::State {
    let (close_date, successors) = match &unit.state {
        State::Active => (String::new(), Vec::new()),
        State::Closed { date, successors } => (
            date.to_string(),
            successors.iter().map(ToString::to_string).collect(),
        ),
    };
    let services = services.iter().map(|s| PublicServiceState {
        id: s.id.clone(),
        display_name: s.display_name.clone(),
    });
    let payload = UnitState {
        name: unit.name.to_string(),
        display_name: unit.display_name.clone(),
        unit_type: unit.unit_type.clone(),
        close_date,
        successors,
        services: services.collect(),
    };
    state(
        subject::unit(&unit.name),
        subject::UNIT_TYPE,
        unit.version,
        payload.encode_to_vec(),
    )
}
