//! Agencies of the directory.

use prima_proto::{event::v1::AgencyState, name};
use prost::DecodeError;

use super::payload::decode;
use crate::domain::{AgencyFacts, Kind};

/// What a state says of an agency.
pub fn read(withdrawn: bool, payload: &[u8]) -> Result<AgencyFacts, DecodeError> {
    let state: AgencyState = decode(withdrawn, payload)?;
    Ok(AgencyFacts {
        display_name: state.display_name,
        kind: Kind::parse(&state.kind),
        parent: name::Agency::parse(&state.parent).ok(),
        withdrawn,
    })
}
