//! The province of an agency, looked up.

use prima_platform::{db::Txn, failure::Failure};
use prima_proto::name;

use crate::{domain::agency, store};

/// A parent must be a province that exists. A plain read will do: agencies stay, and so does their kind.
pub async fn check(txn: &Txn, parent: Option<&name::Agency>) -> Result<(), Failure> {
    let Some(parent) = parent else { return Ok(()) };
    let found = store::agency_get(txn, parent).await?.map(|agency| agency.kind);
    Ok(agency::check_province("agency.parent", parent, found)?)
}
