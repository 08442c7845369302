//! Evaluates the rules of eligibility on the stored entry.

use prima_platform::failure::{Failure, found};
use sea_orm::ConnectionTrait;

use crate::{
    domain::{
        calendar,
        eligibility::{Facts, Failed, failed},
        round::{AGENCY_LIMIT, Group, Round},
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
    let group = round.rules.group(&entry.proposal.group);
    let limited = |group: &Group| group.rules.iter().any(|rule| rule.key() == AGENCY_LIMIT);
    let submitted_before = match group.is_some_and(limited) {
        true => entry_submitted_before(conn, entry).await?,
        false => 0,
    };
    let facts = Facts {
        innovation: &innovation.innovation,
        proposal: &entry.proposal,
        closing: closes.map(calendar::closing_day).unwrap_or_default(),
        awards: &awards_of(conn, &innovation).await?,
        same_titles: entry_same_titles(conn, entry).await?,
        submitted_before,
    };
    Ok(failed(&round.rules, &facts))
}
