//! Gives or replaces the caller's own score of an entry.

use prima_platform::{
    caller::Caller,
    failure::{Failure, Kind, Violation},
};
use prima_proto::{innovation::v1, name};

use super::{App, Once, not_found, precondition, require_evaluator, round_locked};
use crate::{
    domain::{
        entry::{State, wrong_state},
        round::{Part, Stage, StageKind},
        scoring::Points,
    },
    grpc::render,
    store::{
        Lock,
        contest::{Score, recused, score_put},
        entry::{Stored, entry_get},
        round,
    },
};

const METHOD: &str = "innovation.ScoreEntry";

/// A score.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The entry.
    pub name: name::Entry,
    /// Points, in the order given.
    pub parts: Vec<(String, i64)>,
    /// Remark.
    pub remark: String,
}

/// The answer, the first one when the request is a repeat. The round is shared, so that it can't advance meanwhile;
/// evaluators don't wait for each other.
pub async fn run(app: &App, caller: &Caller, request: Request) -> Result<v1::ScoreEntryResponse, Failure> {
    caller.known()?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = request.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let round = round_locked(&txn, &request.name.round, Lock::Share).await?;
    let found = entry_get(&txn, &request.name, Lock::None).await?;
    let entry = found.ok_or_else(|| not_found(&request.name))?;
    let stage = scored_stage(&round)?;
    check_evaluator(caller, &round, stage, &entry)?;
    if recused(&txn, entry.id, caller.subject()).await? {
        return Err(conflict(&entry));
    }
    let window = round.round.window(&stage.key);
    if window.is_some_and(|w| w.open.is_some_and(|open| app.now() < open)) {
        return Err(precondition(
            "STAGE_NOT_OPEN",
            format!("the stage {} has not opened yet", stage.key),
            "Tahap penilaian ini belum dibuka",
        ));
    }
    if entry.state != State::Competing {
        return Err(wrong_state(entry.state));
    }
    let parts = round.round.rules.scored_parts(stage, &entry.proposal.group);
    let score = Score {
        stage: stage.key.clone(),
        evaluator: caller.subject().to_owned(),
        points: points(parts, request.parts)?,
        remark: request.remark,
        scored_at: app.now_micros(),
        recused: false,
    };
    score_put(&txn, entry.id, &score).await?;
    let answer = v1::ScoreEntryResponse {
        score: Some(render::score(&score, parts, "")),
    };
    request.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}

/// The current stage, when it is scored.
pub fn scored_stage(round: &round::Stored) -> Result<&Stage, Failure> {
    let stage = round
        .round
        .rules
        .stage(&round.stage)
        .filter(|s| s.kind.is_scored());
    stage.ok_or_else(|| {
        precondition(
            "NOT_SCORING",
            format!("{} is not in a stage that is scored", round.name),
            "Kompetisi tidak sedang dalam tahap penilaian",
        )
    })
}

/// In a public stage every token; else an evaluator of the panel who does not belong to the agency.
fn check_evaluator(
    caller: &Caller,
    round: &round::Stored,
    stage: &Stage,
    entry: &Stored,
) -> Result<(), Failure> {
    if stage.kind == StageKind::PublicScoring {
        return Ok(());
    }
    require_evaluator(caller)?;
    let member = round
        .round
        .panel
        .iter()
        .find(|m| m.subject == caller.subject())
        .filter(|m| m.stages.is_empty() || m.stages.contains(&stage.key));
    let Some(member) = member else {
        return Err(Failure::new(
            Kind::Denied,
            "NOT_ON_PANEL",
            format!("{} is not on the panel of this stage", caller.subject()),
            "Anda bukan evaluator pada tahap ini",
        ));
    };
    if member.agency == entry.unit.agency {
        return Err(conflict(entry));
    }
    Ok(())
}

fn conflict(entry: &Stored) -> Failure {
    precondition(
        "CONFLICT_OF_INTEREST",
        format!("the evaluator may not score {}", entry.name),
        "Evaluator mempunyai benturan kepentingan dengan usulan ini",
    )
}

/// Points of every part, each once.
fn points(parts: &[Part], given: Vec<(String, i64)>) -> Result<Points, Failure> {
    let mut faults = Vec::new();
    let mut points = Points::new();
    for (part, value) in given {
        let known = parts.iter().any(|p| p.key == part);
        if !known || !(0..=100).contains(&value) || points.insert(part.clone(), value).is_some() {
            faults.push(Violation::new(
                format!(
                    "parts[{}]",
                    part.chars()
                        .filter(|c| !c.is_control())
                        .take(64)
                        .collect::<String>()
                ),
                "must be a part of the stage, once, with 0 to 100 points",
                "harus bagian dari tahap ini, sekali saja, dengan nilai 0 sampai 100",
            ));
        }
    }
    let missing = parts.iter().filter(|p| !points.contains_key(&p.key));
    faults.extend(missing.map(|p| {
        Violation::new(
            format!("parts[{}]", p.key),
            "is missing",
            format!("Nilai untuk {} belum ada", p.name),
        )
    }));
    if faults.is_empty() {
        Ok(points)
    } else {
        Err(Failure::invalid(faults))
    }
}
