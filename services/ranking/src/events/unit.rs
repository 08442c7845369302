//! Units of the directory.

use prima_proto::event::v1::UnitState;

use crate::domain::UnitFacts;

/// The entry of a unit.
pub fn facts(state: UnitState, withdrawn: bool) -> UnitFacts {
    UnitFacts {
        display_name: state.display_name,
        unit_type: state.unit_type,
        withdrawn,
    }
}
