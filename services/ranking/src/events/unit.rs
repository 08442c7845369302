//! Units of the directory.

use prima_proto::event::v1::UnitState;
use prost::DecodeError;

use super::payload::decode;
use crate::domain::UnitFacts;

/// What a state says of a unit.
pub fn read(withdrawn: bool, payload: &[u8]) -> Result<UnitFacts, DecodeError> {
    let state: UnitState = decode(withdrawn, payload)?;
    Ok(UnitFacts {
        display_name: state.display_name,
        unit_type: state.unit_type,
        withdrawn,
    })
}
