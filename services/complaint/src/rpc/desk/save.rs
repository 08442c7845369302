//! Saves a desk and returns it. The response that is stored for repeats contains no free text, because that is stored
//! in the desk.

use prima_platform::{command::Work, failure::Failure};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{
    context::App,
    store::{
        desk::{Stored, desk_get, desk_save_in_txn},
        figures::figures_flag_dirty_in_txn,
    },
};

/// Saves a locked desk, and flags every published year of its unit as dirty, because each contains the desk.
pub async fn save(
    work: &Work<'_, App>,
    unit: &name::Unit,
    stored: &mut Stored,
) -> Result<Option<v1::Desk>, Failure> {
    desk_save_in_txn(work.txn, unit, stored, work.now()).await?;
    figures_flag_dirty_in_txn(work.txn, &unit.agency, &unit.unit, 0).await?;
    Ok(Some(message::desk(unit, stored)))
}

/// The response as it is stored for repeats.
pub fn without_text(desk: Option<&v1::Desk>) -> Option<v1::Desk> {
    let mut desk = desk?.clone();
    for record in &mut desk.records {
        record.title.clear();
        record.link.clear();
    }
    Some(desk)
}

/// Adds the free text to a stored response. Records are only ever added, so those of the response are the first ones of
/// the desk.
pub async fn with_text(app: &App, kept: Option<v1::Desk>) -> Result<Option<v1::Desk>, Failure> {
    let mut desk = kept.unwrap_or_default();
    let unit = name::Unit::parse(&desk.unit).map_err(Failure::internal)?;
    let mut stored = desk_get(app.context.db.reader(), &unit).await?;
    stored.desk.records.truncate(desk.records.len());
    desk.records = message::desk(&unit, &stored).records;
    Ok(Some(desk))
}
