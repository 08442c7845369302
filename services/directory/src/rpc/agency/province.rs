//! Looks up the province of an agency.

use prima_platform::{db::Txn, failure::Failure};
use prima_proto::name;

use crate::{domain::agency, store};

/// `Ok` when the parent is a province that exists. No lock is needed, because agencies are never deleted and never change
/// their kind.
pub async fn check(txn: &Txn, parent: Option<&name::Agency>) -> Result<(), Failure> {
    let Some(parent) = parent else { return Ok(()) };
    let found = store::agency_get(txn, parent).await?.map(|agency| agency.kind);
    Ok(agency::check_province("agency.parent", parent, found)?)
}
