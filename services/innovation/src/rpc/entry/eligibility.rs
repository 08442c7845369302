//! Evaluates the rules of eligibility on the stored entry.

use prima_platform::failure::{Failure, found};
use sea_orm::ConnectionTrait;

use crate::{
    domain::{
        calendar,
        eligibility::{Facts, Failed, failed},
        round::Round,
    },
    store::{
        award::awards_of,
        entry::{Stored, entry_same_titles, entry_submitted_before},
        innovation::innovations_by_id,
    },
};

/// The rules of eligibility that an entry fails now.
pub async fn failed_rules(
    conn: &impl ConnectionTrait,
    round: &Round,
    entry: &Stored,
) -> Result<Vec<Failed>, Failure> {
    let innovation = innovations_by_id(conn, &[entry.innovation_id]).await?.pop();
    let innovation = found(innovation, &entry.innovation)?;
    let closes = round.submission_closes();
    let facts = Facts {
        innovation: &innovation.innovation,
        proposal: &entry.proposal,
        closing: closes.map(calendar::closing_day).unwrap_or_default(),
        awards: &awards_of(conn, &innovation).await?,
        same_titles: entry_same_titles(conn, entry).await?,
        submitted_before: entry_submitted_before(conn, entry).await?,
    };
    Ok(failed(&round.rules, &facts))
}
