//! Saves a desk, and answers with it. The answer is kept without free text, which stands in the desk.

use prima_platform::{command::Work, failure::Failure};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{
    context::App,
    store::{
        desk::{Stored, desk_get, desk_save_in_txn},
        figures::figures_mark_in_txn,
    },
};

/// Saves a desk that is locked, and marks every year that tells it.
pub async fn save(
    work: &Work<'_, App>,
    unit: &name::Unit,
    stored: &mut Stored,
) -> Result<Option<v1::Desk>, Failure> {
    desk_save_in_txn(work.txn, unit, stored, work.now()).await?;
    figures_mark_in_txn(work.txn, &unit.agency, &unit.unit, 0).await?;
    Ok(Some(message::desk(unit, stored)))
}

/// An answer as it is kept.
pub fn without_words(desk: Option<&v1::Desk>) -> Option<v1::Desk> {
    let mut desk = desk?.clone();
    for record in &mut desk.records {
        record.title.clear();
        record.link.clear();
    }
    Some(desk)
}

/// The first answer, its free text filled in: records are added, never changed, so it had the first of them.
pub async fn with_words(app: &App, kept: Option<v1::Desk>) -> Result<Option<v1::Desk>, Failure> {
    let mut desk = kept.unwrap_or_default();
    let unit = name::Unit::parse(&desk.unit).map_err(Failure::internal)?;
    let mut stored = desk_get(app.context.db.reader(), &unit).await?;
    stored.desk.records.truncate(desk.records.len());
    desk.records = message::desk(&unit, &stored).records;
    Ok(Some(desk))
}
