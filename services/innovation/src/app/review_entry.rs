//! Moves an entry on its way to the competition.

use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
};
use prima_proto::{innovation::v1, name};

use super::{
    App, Once, check_submission, failed_rules, not_found, portfolio_keys, portfolios, precondition,
    require_agency_admin, require_ministry, require_unit, round_locked,
};
use crate::{
    domain::{
        contest::Outcome,
        eligibility::Failed,
        entry::{Actor, Decision, State},
        round::StageKind,
    },
    grpc::render,
    store::{
        Lock,
        contest::{results_of, results_put},
        entry::{Stored, entry_get, entry_save_in_txn},
        round,
    },
};

const METHOD: &str = "innovation.ReviewEntry";

/// A step.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The entry.
    pub name: name::Entry,
    /// The step.
    pub decision: Decision,
    /// Note.
    pub note: String,
    /// Causes of a rejection.
    pub causes: Vec<String>,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, request: Request) -> Result<v1::ReviewEntryResponse, Failure> {
    caller.known()?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = request.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let round = round_locked(&txn, &request.name.round, Lock::Share).await?;
    let locked = entry_get(&txn, &request.name, Lock::Update).await?;
    let mut stored = locked.ok_or_else(|| not_found(&request.name))?;
    match request.decision.actor() {
        Actor::Unit => require_unit(caller, &stored.unit.agency)?,
        Actor::Agency => require_agency_admin(caller, &stored.unit.agency)?,
        Actor::Ministry => require_ministry(caller)?,
    }
    match request.decision.stage() {
        StageKind::Screening => check_screening(&txn, &round, &stored).await?,
        StageKind::Submission | StageKind::Scoring | StageKind::PublicScoring => {
            check_submission(&round, app.now())?;
        }
    }
    let next = request.decision.apply(stored.state)?;
    let failed = failed_rules(&txn, &round.round, &stored).await?;
    if request.decision == Decision::Pass && !failed.is_empty() {
        return Err(not_eligible(&failed));
    }
    if request.decision == Decision::Reject {
        stored.causes = causes(&round, &failed, request.causes)?;
    }
    stored.state = next;
    stored.state_at = app.now_micros();
    if request.decision == Decision::Submit {
        stored.submitted_at = stored.state_at;
    }
    stored.note = request.note;
    stored.version = app.context.clock.next_version(stored.version);
    entry_save_in_txn(&txn, &stored).await?;
    if request.decision.stage() == StageKind::Screening {
        let number = round.round.rules.stages.iter().position(|s| s.key == round.stage);
        let number = i64::try_from(number.unwrap_or_default()).unwrap_or_default();
        let outcome = screened(&stored);
        results_put(&txn, &round.stage, number, &[(stored.id, &outcome)]).await?;
    }
    portfolios::recompute(app, &txn, &portfolio_keys(&stored.unit, [stored.year])).await?;
    let mut entry = render::entry(&stored, true);
    if next.is_live() {
        entry.failed_rules = render::failed_rules(&failed);
    }
    let answer = v1::ReviewEntryResponse { entry: Some(entry) };
    request.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}

/// A stage of screening must be on, and the entry undecided in it.
async fn check_screening(
    txn: &prima_platform::db::Txn,
    round: &round::Stored,
    stored: &Stored,
) -> Result<(), Failure> {
    let stage = round.round.rules.stage(&round.stage);
    if stage.is_none_or(|s| s.kind != StageKind::Screening) {
        return Err(precondition(
            "NOT_SCREENING",
            format!("{} is not in a stage of screening", round.name),
            "Kompetisi tidak sedang dalam tahap seleksi administrasi",
        ));
    }
    let results = results_of(txn, &[stored.id]).await?;
    if results.values().flatten().any(|r| r.stage == round.stage) {
        return Err(precondition(
            "ALREADY_DECIDED",
            format!("{} has been decided in this stage", stored.name),
            "Usulan ini sudah diputuskan pada tahap ini",
        ));
    }
    Ok(())
}

fn screened(stored: &Stored) -> Outcome {
    Outcome {
        entry: stored.name.to_string(),
        group: stored.proposal.group.clone(),
        score: String::new(),
        exact: None,
        rank: 0,
        passed: stored.state == State::Competing,
        awards: Vec::new(),
        counted: 0,
        left_out: Vec::new(),
        disputed: false,
    }
}

fn not_eligible(failed: &[Failed]) -> Failure {
    let violations = failed
        .iter()
        .map(|f| Violation::new(f.rule, f.english.clone(), f.indonesian.clone()))
        .collect();
    let reasons: Vec<&str> = failed.iter().map(|f| f.indonesian.as_str()).collect();
    let rules: Vec<&str> = failed.iter().map(|f| f.rule).collect();
    Failure {
        violations,
        ..precondition(
            "NOT_ELIGIBLE",
            format!("the entry fails: {}", rules.join(", ")),
            reasons.join("; "),
        )
    }
}

/// Failed rules and causes of the ministry, at least one together.
fn causes(round: &round::Stored, failed: &[Failed], given: Vec<String>) -> Result<Vec<String>, Failure> {
    let known = &round.round.rules.rejection_causes;
    let mut causes: Vec<String> = failed.iter().map(|f| f.rule.to_owned()).collect();
    let all_known = given.iter().all(|c| known.iter().any(|k| k.key == *c));
    for cause in given {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    if all_known && !causes.is_empty() {
        return Ok(causes);
    }
    Err(Failure::invalid(vec![Violation::new(
        "causes",
        "must name causes of the round, at least one when no rule fails",
        "harus menyebut alasan dari kompetisi ini, paling sedikit satu bila semua syarat terpenuhi",
    )]))
}
