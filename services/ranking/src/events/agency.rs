//! Agencies of the directory.

use prima_proto::{event::v1::AgencyState, name};

use crate::domain::{AgencyFacts, Kind};

/// The entry of an agency.
pub fn facts(state: AgencyState, withdrawn: bool) -> AgencyFacts {
    AgencyFacts {
        display_name: state.display_name,
        kind: Kind::parse(&state.kind),
        parent: name::Agency::parse(&state.parent).ok(),
        withdrawn,
    }
}
