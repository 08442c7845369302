//! The inputs of a competition.

use sea_orm::{ConnectionTrait, DbErr};

use super::{
    entry::{self, entries_in},
    score::given_in,
    stage_result::screened_in,
};
use crate::domain::{contest::Contender, entry::State};

/// Every entry that was submitted, with decisions and scores, by key.
pub async fn contenders(
    conn: &impl ConnectionTrait,
    round: i64,
) -> Result<Vec<(entry::Stored, Contender)>, DbErr> {
    let states = [
        State::Submitted,
        State::Competing,
        State::Rejected,
        State::Eliminated,
    ];
    let entries = entries_in(conn, round, &states).await?;
    let mut scores = given_in(conn, round).await?;
    let mut screened = screened_in(conn, round).await?;
    let contender = |entry: entry::Stored| {
        let contender = Contender {
            name: entry.name.to_string(),
            innovation: entry.innovation.clone(),
            title: entry.title.clone(),
            group: entry.proposal.group.clone(),
            screened: screened.remove(&entry.id).unwrap_or_default(),
            scores: scores.remove(&entry.id).unwrap_or_default(),
        };
        (entry, contender)
    };
    Ok(entries.into_iter().map(contender).collect())
}
