//! Looks up the type of a unit.

use prima_platform::{db::Txn, failure::Failure};
use prima_proto::name;

use crate::{
    domain::unit_type::{self, AgencyType},
    store,
};

/// The type that the agency has defined under a key, locked so that it is neither changed nor deleted before a unit has
/// it; `None` for a built-in type. It is locked before any unit, as by the change of a type.
///
/// # Errors
///
/// The key is not built-in, and the agency has defined no such type.
pub async fn lock(
    txn: &Txn,
    agency: &name::Agency,
    field: &str,
    key: &str,
) -> Result<Option<AgencyType>, Failure> {
    if unit_type::is_built_in(key) {
        return Ok(None);
    }
    let name = name::UnitType {
        agency: agency.agency.clone(),
        unit_type: key.to_owned(),
    };
    match store::unit_type_lock_in_txn(txn, &name).await? {
        Some(defined) => Ok(Some(defined)),
        None => Err(unit_type::unknown(field).into()),
    }
}
