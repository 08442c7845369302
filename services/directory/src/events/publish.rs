//! The events that the directory publishes: the whole state of an agency, or of a unit with its public services and the
//! facts of their standards and of its charter. Texts and links are not published.

use chrono::NaiveDate;
use prima_platform::{db::Txn, failure::Failure, outbox, trace};
use prima_proto::{
    event::v1::{
        AgencyState, AgencyUnitTypeState, MediumState, PublicServiceState, RevocationState,
        ServiceCharterState, ServiceStandardState, UnitState,
    },
    name, subject,
};
use prost::Message;
use tracing::Span;

use crate::{
    domain::{
        agency::Agency,
        charter::{self, Charter},
        medium::Medium,
        public_service::{self, Summary},
        revocation::Revocation,
        standard,
        unit::{self, State, Unit},
        unit_type::{self, AgencyType},
    },
    store,
};

/// Revision of the rendering; it is raised when the same state is rendered differently.
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

/// The state of a new unit, which has no public services and no charter. `defined` is its type, when its agency has
/// defined that.
pub fn new_unit(unit: &Unit, defined: Option<&AgencyType>) -> outbox::State {
    unit_state(unit, defined, &[], None)
}

/// The type of a unit that its agency has defined; `None` for a built-in type. It is not locked: a change of the type
/// that is under way publishes the unit again, after this transaction.
async fn defined(txn: &Txn, unit: &Unit) -> Result<Option<AgencyType>, Failure> {
    if unit_type::is_built_in(&unit.unit_type) {
        return Ok(None);
    }
    let name = name::UnitType {
        agency: unit.name.agency.clone(),
        unit_type: unit.unit_type.clone(),
    };
    Ok(store::unit_type_get(txn, &name).await?)
}

/// The state of a locked unit, including what the transaction has written.
///
/// # Errors
///
/// The unit has more public services than one event may hold, or the database fails.
pub async fn unit(txn: &Txn, unit: &Unit) -> Result<outbox::State, Failure> {
    let services = store::public_service_list(txn, &unit.name).await?;
    public_service::check_count(&unit.name, &services)?;
    let charter = store::revision_facts::<Charter>(txn, &unit.name).await?;
    let defined = defined(txn, unit).await?;
    Ok(unit_state(unit, defined.as_ref(), &services, charter.as_ref()))
}

/// The state of a locked unit, whose size is checked because the unit has more content than before.
///
/// # Errors
///
/// Those of [`unit`], and `UNIT_TOO_LARGE` when the state leaves no space for the closing of the unit.
pub async fn size_checked_unit(txn: &Txn, checked: &Unit) -> Result<outbox::State, Failure> {
    let state = unit(txn, checked).await?;
    unit::check_size(&checked.name, state.payload.len())?;
    Ok(state)
}

fn unit_state(
    unit: &Unit,
    defined: Option<&AgencyType>,
    services: &[Summary],
    charter_facts: Option<&charter::Facts>,
) -> outbox::State {
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
        charter: charter_facts.map(charter),
        agency_unit_type: defined.map(|defined| AgencyUnitTypeState {
            display_name: defined.display_name.clone(),
            national_unit_type: defined.national.clone().unwrap_or_default(),
        }),
    };
    state(
        subject::unit(&unit.name),
        subject::UNIT_TYPE,
        unit.version,
        payload.encode_to_vec(),
    )
}

/// The state of a revocation: only digests and a time, since who reads the bus need not know whose tokens are refused.
pub fn revocation(revocation: &Revocation) -> outbox::State {
    let until = |seconds| prost_types::Timestamp { seconds, nanos: 0 };
    let payload = RevocationState {
        issued_until: revocation.issued_until.map(until),
    };
    state(
        subject::revocation(&revocation.id),
        subject::REVOCATION_TYPE,
        revocation.version,
        payload.encode_to_vec(),
    )
}

/// The last state of a revocation that has ended.
pub fn ended_revocation(revocation: &Revocation, version: i64) -> outbox::State {
    let subject = subject::revocation(&revocation.id);
    outbox::State::new(subject, subject::REVOCATION_TYPE, REVISION, version, None)
}
