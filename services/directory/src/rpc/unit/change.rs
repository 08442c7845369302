//! Changes a unit: what updating and closing have in common.

use prima_platform::{
    command::Work,
    etag,
    failure::{Failure, found},
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::message;
use crate::{
    domain::unit::{Closed, Unit},
    events::publish,
    store,
};

/// Applies `change` to the locked unit `name` if its etag is still `etag`, saves it and stages its event.
///
/// # Errors
///
/// The unit does not exist, has another etag or is closed.
pub async fn unit(
    work: &mut Work<'_, Context>,
    name: &name::Unit,
    etag: &str,
    change: impl FnOnce(&mut Unit) -> Result<(), Closed>,
) -> Result<v1::Unit, Failure> {
    let mut unit = found(store::unit_lock_in_txn(work.txn, name).await?, name)?;
    etag::check(etag, unit.version, name)?;
    change(&mut unit)?;
    unit.version = work.next_version(unit.version);
    unit.updated_at = work.now();
    store::unit_save_in_txn(work.txn, &unit).await?;
    work.stage(publish::unit(work.txn, &unit).await?);
    Ok(message::unit(&unit))
}
