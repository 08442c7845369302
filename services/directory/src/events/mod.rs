//! What the directory publishes: the whole state of an agency, or of a unit with its public services and what is told of
//! their standards and of its charter. Texts and links stay here.

use chrono::NaiveDate;
use prima_platform::{outbox, trace};
use prima_proto::{
    event::v1::{
        AgencyState, MediumState, PublicServiceState, ServiceCharterState, ServiceStandardState, UnitState,
    },
    subject,
};
use prost::Message;
use tracing::Span;

use crate::domain::{
    agency::Agency,
    charter,
    medium::Medium,
    public_service::Listed,
    standard,
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

fn medium((kind, since): &(String, NaiveDate)) -> MediumState {
    MediumState {
        kind: kind.clone(),
        electronic: Medium::electronic(kind),
        since_date: since.to_string(),
    }
}

fn days<'a>(days: impl IntoIterator<Item = &'a NaiveDate>) -> Vec<String> {
    days.into_iter().map(ToString::to_string).collect()
}

fn standard(facts: &standard::Facts) -> ServiceStandardState {
    ServiceStandardState {
        components: facts.components,
        delivery_published: facts.delivery_published,
        enact_date: facts.enacted.map(|d| d.to_string()).unwrap_or_default(),
        involvement_dates: days(&facts.involved),
        monitor_dates: days(&facts.monitored),
        review_dates: days(&facts.reviewed),
        media: facts.media.iter().map(medium).collect(),
        sippn_date: facts.sippn.map(|d| d.to_string()).unwrap_or_default(),
        involved_groups: facts.groups.iter().cloned().collect(),
    }
}

fn charter(facts: &charter::Facts) -> ServiceCharterState {
    ServiceCharterState {
        sign_date: facts.signed.map(|d| d.to_string()).unwrap_or_default(),
        complete: facts.complete,
        media: facts.media.iter().map(medium).collect(),
    }
}

/// The state of a unit with all its public services.
pub fn unit(unit: &Unit, services: &[Listed], told: Option<&charter::Facts>) -> outbox::State {
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
        standard: s.standard.as_ref().map(standard),
    });
    let payload = UnitState {
        name: unit.name.to_string(),
        display_name: unit.display_name.clone(),
        unit_type: unit.unit_type.clone(),
        close_date,
        successors,
        services: services.collect(),
        charter: told.map(charter),
    };
    state(
        subject::unit(&unit.name),
        subject::UNIT_TYPE,
        unit.version,
        payload.encode_to_vec(),
    )
}
