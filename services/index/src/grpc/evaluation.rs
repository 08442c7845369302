//! Levels: of the unit itself, of evaluators, after an objection.

use std::{collections::BTreeSet, sync::Arc};

use prima_platform::{
    caller::{Caller, Role},
    failure::{Failure, Violation},
    request_id,
};
use prima_proto::{index::v1 as pb, name};

use super::{check, check::wrong, convert};
use crate::{
    app::{
        App, cycles,
        evaluate::{self, Request},
        recompute,
    },
    domain::instrument::Instrument,
    store::{
        assessment::{Row, assessment_get},
        cycle::cycle_get,
        level::SelfLevel,
    },
};

/// Longest note and reason, characters.
const TEXT_MAX: usize = 2000;
/// Shortest reason.
const REASON_MIN: usize = 5;
/// Levels of one request at most.
const LEVELS_MAX: usize = 100;

/// The assessment that a request is about.
pub(super) struct Target {
    /// Its name.
    pub name: name::Assessment,
    instrument: Arc<Instrument>,
    row: Row,
}

impl Target {
    /// Whether the form has this indicator, supplementary ones too.
    pub fn has(&self, indicator: &str) -> bool {
        let form = self.instrument.forms.as_ref().and_then(|f| f.get(&self.row.form));
        form.is_some_and(|f| f.indicators.iter().any(|i| i.key == indicator))
    }
}

/// The assessment of this name, which the caller may change in this role; `None` when the name is at fault.
pub(super) async fn target(
    app: &App,
    caller: &Caller,
    role: Role,
    text: &str,
    faults: &mut Vec<Violation>,
) -> Result<Option<Target>, Failure> {
    caller.known()?;
    let Some(name) = check::named("assessment", name::Assessment::parse(text), faults) else {
        return Ok(None);
    };
    caller.require(&[role], &name.unit.agency)?;
    let reader = app.context.db.reader();
    let cycle = cycles::found(cycle_get(reader, &name.cycle.cycle).await?, &name.cycle)?;
    let row = assessment_get(reader, cycle.id, &name.unit).await?;
    let row = row.ok_or_else(|| Failure::not_found(&name.to_string()))?;
    let instrument = recompute::instrument(reader, &cycle).await?;
    Ok(Some(Target {
        name,
        instrument,
        row,
    }))
}

/// Checks levels of a form: field, indicator, level and note of each.
fn levels<'a>(
    field: &str,
    given: impl ExactSizeIterator<Item = (&'a str, i32, &'a str)>,
    target: Option<&Target>,
    faults: &mut Vec<Violation>,
) -> Vec<(String, i64, String)> {
    if !(1..=LEVELS_MAX).contains(&given.len()) {
        wrong(field, "must be 1 to 100", "harus 1 sampai 100 butir", faults);
    }
    let mut seen = BTreeSet::new();
    let mut checked = Vec::new();
    for (at, (indicator, level, note)) in given.take(LEVELS_MAX).enumerate() {
        let path = |part: &str| format!("{field}[{at}].{part}");
        if target.is_some_and(|t| !t.has(indicator)) {
            let shown = convert::shown(indicator);
            faults.push(Violation::new(
                path("indicator"),
                format!("`{shown}` is no indicator of the form"),
                format!("`{shown}` bukan indikator formulir ini"),
            ));
        } else if !seen.insert(indicator) {
            wrong(path("indicator"), "comes twice", "muncul dua kali", faults);
        }
        let max = target.map_or(5, |t| t.instrument.max);
        let level = check::level(&path("level"), level, max, faults);
        check::text(&path("note"), note, 0, TEXT_MAX, faults);
        checked.push((indicator.to_owned(), level, note.to_owned()));
    }
    checked
}

pub async fn submit_self_assessment(
    app: &App,
    caller: &Caller,
    r: pb::SubmitSelfAssessmentRequest,
) -> Result<pb::SubmitSelfAssessmentResponse, Failure> {
    let mut faults = Vec::new();
    check::id(&r.request_id, &mut faults);
    let target = target(app, caller, Role::Operator, &r.assessment, &mut faults).await?;
    let given = r
        .levels
        .iter()
        .map(|l| (l.indicator.as_str(), l.level, l.note.as_str()));
    let levels = levels("levels", given, target.as_ref(), &mut faults);
    let Some(target) = target.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    let request = Request {
        digest: request_id::digest(&r),
        id: r.request_id,
        name: target.name,
    };
    let level = |(indicator, level, note)| SelfLevel {
        indicator,
        level,
        note,
    };
    let levels: Vec<SelfLevel> = levels.into_iter().map(level).collect();
    let assessment = evaluate::self_assess(app, caller, &request, &levels).await?;
    Ok(pb::SubmitSelfAssessmentResponse {
        assessment: Some(assessment),
    })
}

pub async fn submit_evaluation(
    app: &App,
    caller: &Caller,
    r: pb::SubmitEvaluationRequest,
) -> Result<pb::SubmitEvaluationResponse, Failure> {
    let mut faults = Vec::new();
    check::id(&r.request_id, &mut faults);
    let target = target(app, caller, Role::Evaluator, &r.assessment, &mut faults).await?;
    let given = r
        .evaluations
        .iter()
        .map(|e| (e.indicator.as_str(), e.level, e.note.as_str()));
    let given = levels("evaluations", given, target.as_ref(), &mut faults);
    let Some(target) = target.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    let request = Request {
        digest: request_id::digest(&r),
        id: r.request_id,
        name: target.name,
    };
    let assessment = evaluate::evaluate(app, caller, &request, &given).await?;
    Ok(pb::SubmitEvaluationResponse {
        assessment: Some(assessment),
    })
}

pub async fn file_objection(
    app: &App,
    caller: &Caller,
    r: pb::FileObjectionRequest,
) -> Result<pb::FileObjectionResponse, Failure> {
    let mut faults = Vec::new();
    check::id(&r.request_id, &mut faults);
    let target = target(app, caller, Role::Operator, &r.assessment, &mut faults).await?;
    if target.as_ref().is_some_and(|t| !t.has(&r.indicator)) {
        wrong(
            "indicator",
            "is no indicator of the form",
            "bukan indikator formulir ini",
            &mut faults,
        );
    }
    check::text("reason", &r.reason, REASON_MIN, TEXT_MAX, &mut faults);
    let Some(target) = target.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    let request = Request {
        digest: request_id::digest(&r),
        id: r.request_id,
        name: target.name,
    };
    let objection = evaluate::object(app, caller, &request, &r.indicator, &r.reason).await?;
    Ok(pb::FileObjectionResponse {
        objection: Some(objection),
    })
}

pub async fn decide_objection(
    app: &App,
    caller: &Caller,
    r: pb::DecideObjectionRequest,
) -> Result<pb::DecideObjectionResponse, Failure> {
    let mut faults = Vec::new();
    let target = target(app, caller, Role::Evaluator, &r.assessment, &mut faults).await?;
    if r.number < 1 {
        wrong("number", "must be 1 or more", "harus 1 atau lebih", &mut faults);
    }
    let max = target.as_ref().map_or(5, |t| t.instrument.max);
    let level = r.level.map(|l| check::level("level", l, max, &mut faults));
    if r.granted != level.is_some() {
        wrong(
            "level",
            "must be given when granted, and only then",
            "harus diisi bila dikabulkan, dan hanya bila dikabulkan",
            &mut faults,
        );
    }
    check::text("decision", &r.decision, REASON_MIN, TEXT_MAX, &mut faults);
    let Some(target) = target.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    let objection = evaluate::decide(app, caller, &target.name, r.number, level, &r.decision).await?;
    Ok(pb::DecideObjectionResponse {
        objection: Some(objection),
    })
}
