//! Units of the directory.

use prima_proto::event::v1::UnitState;

use crate::domain::{AgencyType, UnitFacts};

/// The entry of a unit.
pub fn facts(state: UnitState, withdrawn: bool) -> UnitFacts {
    UnitFacts {
        display_name: state.display_name,
        unit_type: state.unit_type,
        agency_type: state.agency_unit_type.map(|defined| AgencyType {
            display_name: defined.display_name,
            national: defined.national_unit_type,
        }),
        close_date: state.close_date.parse().ok(),
        withdrawn,
    }
}
