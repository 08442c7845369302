//! Definitions of league tables, which this service publishes itself: so every replica has them, and whatever is kept of
//! the bus contains them.

use prima_proto::event::v1::TableDefinitionState;

use super::error::Error;
use crate::domain::Definition;

/// The definition that a state contains; `None` when it was withdrawn.
pub fn definition(state: &TableDefinitionState, withdrawn: bool) -> Result<Option<Definition>, Error> {
    if withdrawn {
        return Ok(None);
    }
    let definition = Definition::read(&state.json).map_err(|faults| Error::Definition(faults.len()))?;
    Ok(Some(Definition {
        version: state.version,
        ..definition
    }))
}
