//! Drafts an entry for an innovation.

use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
};
use prima_proto::{innovation::v1, name};

use super::{App, Once, check_submission, not_found, portfolio_keys, portfolios, require_unit, round_locked};
use crate::{
    domain::{
        entry::{Proposal, State},
        round::Rules,
    },
    grpc::render,
    store::{
        Lock,
        entry::{Stored, entry_insert},
        innovation::innovation_get,
    },
};

const METHOD: &str = "innovation.EnterRound";

/// A new entry.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The round.
    pub round: name::Round,
    /// The innovation.
    pub innovation: name::Innovation,
    /// What the unit wrote.
    pub proposal: Proposal,
}

/// Faults of a proposal against the rules of its round. It may still be incomplete.
pub fn faults(rules: &Rules, proposal: &Proposal) -> Vec<Violation> {
    let mut faults = Vec::new();
    let Some(group) = rules.group(&proposal.group) else {
        faults.push(Violation::new(
            "entry.group",
            "is not a group of the round",
            "kelompok tidak ada dalam kompetisi ini",
        ));
        return faults;
    };
    if !proposal.category.is_empty() && !rules.categories.iter().any(|c| c.key == proposal.category) {
        faults.push(Violation::new(
            "entry.category",
            "is not a category of the round",
            "kategori tidak ada dalam kompetisi ini",
        ));
    }
    if proposal
        .answers
        .keys()
        .any(|key| !group.parts.iter().any(|p| p.key == *key))
    {
        faults.push(Violation::new(
            "entry.answers",
            "name a part that the group does not have",
            "menyebut bagian yang tidak ada pada kelompok ini",
        ));
    }
    faults
}

/// The answer, the first one when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, new: Request) -> Result<v1::EnterRoundResponse, Failure> {
    let unit = new.innovation.unit.clone();
    require_unit(caller, &unit.agency)?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let innovation = innovation_get(&txn, &new.innovation, Lock::Share).await?;
    let innovation = innovation.ok_or_else(|| not_found(&new.innovation))?;
    let round = round_locked(&txn, &new.round, Lock::Share).await?;
    check_submission(&round, app.now())?;
    let faults = faults(&round.round.rules, &new.proposal);
    if !faults.is_empty() {
        return Err(Failure::invalid(faults));
    }
    let mut stored = Stored {
        id: 0,
        name: name::Entry {
            round: new.round,
            entry: app.context.ids.next().simple().to_string(),
        },
        round_id: round.id,
        year: round.round.year,
        unit,
        innovation_id: innovation.id,
        innovation: innovation.name.to_string(),
        title: innovation.innovation.title,
        proposal: new.proposal,
        state: State::Draft,
        state_at: app.now_micros(),
        submitted_at: 0,
        note: String::new(),
        causes: Vec::new(),
        version: app.context.clock.next_version(0),
    };
    let Some(id) = entry_insert(&txn, &stored).await? else {
        let what = format!("{}: entry of {}", round.name, stored.innovation);
        return new.once.find_or_exists(&txn, METHOD, caller, what).await;
    };
    stored.id = id;
    portfolios::recompute(app, &txn, &portfolio_keys(&stored.unit, [stored.year])).await?;
    let answer = v1::EnterRoundResponse {
        entry: Some(render::entry(&stored, true)),
    };
    new.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}
