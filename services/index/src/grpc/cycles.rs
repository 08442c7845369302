//! Cycles and the units enrolled.

use std::str::FromStr;

use chrono::NaiveDate;
use prima_platform::{
    caller::{Caller, Role},
    clock::{from_proto, micros},
    failure::{Failure, Violation},
    page::Page,
    request_id,
};
use prima_proto::{
    index::v1 as pb,
    name,
    period::{Kind, Period},
};

use super::{assessments, check, check::wrong, convert};
use crate::{
    app::{App, cycles, instruments, recompute},
    domain::{
        cycle::{Cycle, Scheme, Settings, Window},
        instrument::{Forms, Policy, Weighting},
    },
    store::{
        assessment::{assessment_get, assessment_page},
        cycle::{cycle_get, cycle_page},
    },
};

/// Longest title, characters.
const TITLE_MAX: usize = 200;

pub async fn open_cycle(
    app: &App,
    caller: &Caller,
    r: pb::OpenCycleRequest,
) -> Result<pb::OpenCycleResponse, Failure> {
    caller.known()?;
    let digest = request_id::digest(&r);
    let mut faults = Vec::new();
    let cycle = parse(app, &r, &mut faults).await?;
    // Whoever may open no such cycle learns that, not what else is wrong.
    let given = r.cycle.unwrap_or_default();
    let scheme = scheme(given.scheme());
    if let Some(scheme) = scheme {
        let agency = name::Agency::parse(&given.agency).map(|a| a.agency);
        cycles::require_admin(caller, scheme, agency.as_deref().unwrap_or("*"))?;
    }
    let Some(cycle) = cycle.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    let cycle = cycles::open(app, caller, &r.request_id, &digest, cycle).await?;
    Ok(pb::OpenCycleResponse { cycle: Some(cycle) })
}

fn scheme(scheme: pb::Scheme) -> Option<Scheme> {
    match scheme {
        pb::Scheme::Unspecified => None,
        pb::Scheme::Nasional => Some(Scheme::Nasional),
        pb::Scheme::Mandiri => Some(Scheme::Mandiri),
        pb::Scheme::Khusus => Some(Scheme::Khusus),
    }
}

fn window(field: &str, given: Option<&pb::Window>, faults: &mut Vec<Violation>) -> Option<Window> {
    let time = |t: &Option<prost_types::Timestamp>| t.as_ref().and_then(from_proto).map(micros);
    let found = given.and_then(|w| {
        Some(Window {
            open: time(&w.open_time)?,
            close: time(&w.close_time)?,
        })
    });
    let found = found.filter(|w| w.open < w.close);
    if found.is_none() {
        wrong(
            field,
            "needs an open_time and a close_time after it",
            "perlu open_time dan close_time sesudahnya",
            faults,
        );
    }
    found
}

/// One of the names that the instrument allows; the first one when empty.
fn choice<'a>(field: &str, text: &str, allowed: &[&'a str], faults: &mut Vec<Violation>) -> Option<&'a str> {
    let found = match text {
        "" => allowed.first(),
        text => allowed.iter().find(|one| **one == text),
    };
    if found.is_none() {
        let names = allowed.join(", ");
        faults.push(Violation::new(
            field,
            format!("must be empty or one of: {names}"),
            format!("harus kosong atau salah satu dari: {names}"),
        ));
    }
    found.copied()
}

/// The forms of the instrument; their absence is a fault.
async fn forms(app: &App, id: &str, faults: &mut Vec<Violation>) -> Result<Option<Forms>, Failure> {
    let found = instruments::find(app.context.db.reader(), id).await?;
    let forms = found.and_then(|k| k.instrument.forms);
    if forms.is_none() {
        wrong(
            "cycle.instrument",
            "must be an instrument with forms; see ListInstruments",
            "harus instrumen yang memiliki formulir",
            faults,
        );
    }
    Ok(forms)
}

async fn parse(
    app: &App,
    r: &pb::OpenCycleRequest,
    faults: &mut Vec<Violation>,
) -> Result<Option<Cycle>, Failure> {
    let given = r.cycle.clone().unwrap_or_default();
    check::id(&r.request_id, faults);
    check::named("cycle_id", name::token(&r.cycle_id, name::TOKEN_MAX), faults);
    check::text("cycle.display_name", &given.display_name, 1, TITLE_MAX, faults);
    let scheme = scheme(given.scheme());
    if scheme.is_none() {
        wrong("cycle.scheme", "must be given", "harus diisi", faults);
    }
    let period = Period::from_str(&given.year);
    if !period.is_ok_and(|p| p.kind() == Kind::Year) {
        wrong("cycle.year", "must be a year, YYYY", "harus tahun, YYYY", faults);
    }
    let mut agency = String::new();
    match (scheme, given.agency.is_empty()) {
        (Some(Scheme::Mandiri), _) | (None, false) => {
            let found = check::named("cycle.agency", name::Agency::parse(&given.agency), faults);
            agency = found.map(|a| a.agency).unwrap_or_default();
        }
        (_, true) => {}
        (Some(_), false) => wrong(
            "cycle.agency",
            "must be empty but for SCHEME_MANDIRI",
            "harus kosong kecuali untuk PEKPPP mandiri",
            faults,
        ),
    }
    if !NaiveDate::from_str(&given.evaluation_date).is_ok_and(|d| d.to_string() == given.evaluation_date) {
        wrong(
            "cycle.evaluation_date",
            "must be a day, YYYY-MM-DD",
            "harus tanggal, YYYY-MM-DD",
            faults,
        );
    }
    if given.suggestions_count && scheme.is_some_and(|s| s != Scheme::Mandiri) {
        wrong(
            "cycle.suggestions_count",
            "is for SCHEME_MANDIRI only",
            "hanya untuk PEKPPP mandiri",
            faults,
        );
    }
    if !(0..=1_000_000_000).contains(&given.minimum_respondents) {
        wrong(
            "cycle.minimum_respondents",
            "must be 0 to 1,000,000,000",
            "harus 0 sampai 1.000.000.000",
            faults,
        );
    }
    let first = window(
        "cycle.self_assessment_window",
        given.self_assessment_window.as_ref(),
        faults,
    );
    let evidence = match &given.evidence_window {
        None => first,
        given => window("cycle.evidence_window", given.as_ref(), faults),
    };
    let evaluation = window(
        "cycle.evaluation_window",
        given.evaluation_window.as_ref(),
        faults,
    );
    let objection = given
        .objection_window
        .as_ref()
        .and_then(|w| window("cycle.objection_window", Some(w), faults));
    let Some(forms) = forms(app, &given.instrument, faults).await? else {
        return Ok(None);
    };
    let weightings: Vec<&str> = forms.weightings.iter().map(|w| w.as_str()).collect();
    let weighting =
        choice("cycle.weighting", &given.weighting, &weightings, faults).and_then(Weighting::parse);
    let roll_ups: Vec<&str> = forms.roll_ups.iter().map(String::as_str).collect();
    let roll_up = choice("cycle.roll_up", &given.roll_up, &roll_ups, faults).map(str::to_owned);
    let policies: Vec<&str> = forms.policies.iter().map(|p| p.as_str()).collect();
    let field = "cycle.under_minimum_policy";
    let policy = choice(field, &given.under_minimum_policy, &policies, faults).and_then(Policy::parse);
    let settings = || {
        Some(Settings {
            display_name: given.display_name,
            weighting: weighting?,
            roll_up: roll_up?,
            minimum_respondents: match given.minimum_respondents {
                0 => forms.minimum_respondents,
                n => n,
            },
            policy: policy?,
            evaluation_date: given.evaluation_date,
            suggestions_count: given.suggestions_count,
            self_assessment: first?,
            evidence: evidence?,
            evaluation: evaluation?,
            objection,
        })
    };
    let parsed = || {
        Some(Cycle {
            id: 0,
            cycle: r.cycle_id.clone(),
            scheme: scheme?,
            year: given.year,
            agency,
            instrument: given.instrument,
            settings: settings()?,
            final_at: None,
            etag: 0,
            created_at: 0,
        })
    };
    Ok(parsed())
}

/// The cycle of this name; a text that is no such name is a fault of `field`.
pub async fn find(app: &App, field: &str, text: &str) -> Result<Cycle, Failure> {
    let mut faults = Vec::new();
    let Some(name) = check::named(field, name::Cycle::parse(text), &mut faults) else {
        return Err(faults.into());
    };
    cycles::found(cycle_get(app.context.db.reader(), &name.cycle).await?, &name)
}

pub async fn get_cycle(
    app: &App,
    caller: &Caller,
    r: pb::GetCycleRequest,
) -> Result<pb::GetCycleResponse, Failure> {
    caller.known()?;
    let cycle = find(app, "name", &r.name).await?;
    Ok(pb::GetCycleResponse {
        cycle: Some(assessments::cycle(&cycle)),
    })
}

pub async fn list_cycles(
    app: &App,
    caller: &Caller,
    r: pb::ListCyclesRequest,
) -> Result<pb::ListCyclesResponse, Failure> {
    caller.known()?;
    let page = Page::parse(r.page_size, &r.page_token, &[&r.year])?;
    let mut rows = cycle_page(app.context.db.reader(), &r.year, &page.after, page.limit()).await?;
    let next_page_token = page.cut(&mut rows, |c| c.cycle.clone());
    Ok(pb::ListCyclesResponse {
        cycles: rows.iter().map(assessments::cycle).collect(),
        next_page_token,
    })
}

pub async fn enroll_unit(
    app: &App,
    caller: &Caller,
    r: pb::EnrollUnitRequest,
) -> Result<pb::EnrollUnitResponse, Failure> {
    caller.known()?;
    let digest = request_id::digest(&r);
    let mut faults = Vec::new();
    check::id(&r.request_id, &mut faults);
    let cycle_name = check::named("cycle", name::Cycle::parse(&r.cycle), &mut faults);
    let unit = check::named("unit", name::Unit::parse(&r.unit), &mut faults);
    if !matches!(r.form.as_str(), "offline" | "online") {
        wrong(
            "form",
            "must be `offline` or `online`",
            "harus `offline` (luring) atau `online` (daring)",
            &mut faults,
        );
    }
    let mut name = None;
    if let Some(cycle_name) = cycle_name {
        let cycle = cycle_get(app.context.db.reader(), &cycle_name.cycle).await?;
        let cycle = cycles::found(cycle, &cycle_name)?;
        cycles::require_admin(caller, cycle.scheme, &cycle.agency)?;
        if let Some(unit) = unit {
            if !cycle.agency.is_empty() && cycle.agency != unit.agency {
                wrong(
                    "unit",
                    "must be of the cycle's agency",
                    "harus unit dari instansi siklus ini",
                    &mut faults,
                );
            }
            name = Some(name::Assessment {
                cycle: cycle_name,
                unit,
            });
        }
    }
    let Some(name) = name.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    let assessment = cycles::enroll(app, caller, &r.request_id, &digest, &name, &r.form).await?;
    Ok(pb::EnrollUnitResponse {
        assessment: Some(assessment),
    })
}

pub async fn get_assessment(
    app: &App,
    caller: &Caller,
    r: pb::GetAssessmentRequest,
) -> Result<pb::GetAssessmentResponse, Failure> {
    caller.known()?;
    let mut faults = Vec::new();
    let Some(name) = check::named("name", name::Assessment::parse(&r.name), &mut faults) else {
        return Err(faults.into());
    };
    caller.require(&[Role::Operator, Role::Evaluator], &name.unit.agency)?;
    let reader = app.context.db.reader();
    let cycle = cycles::found(cycle_get(reader, &name.cycle.cycle).await?, &name.cycle)?;
    let row = assessment_get(reader, cycle.id, &name.unit).await?;
    let row = row.ok_or_else(|| Failure::not_found(&name.to_string()))?;
    let instrument = recompute::instrument(reader, &cycle).await?;
    Ok(pb::GetAssessmentResponse {
        assessment: Some(assessments::whole(reader, &cycle, &instrument, &row).await?),
    })
}

pub async fn list_assessments(
    app: &App,
    caller: &Caller,
    r: pb::ListAssessmentsRequest,
) -> Result<pb::ListAssessmentsResponse, Failure> {
    caller.known()?;
    let (cycle, agency) = match r.parent.split_once("/agencies/") {
        Some((cycle, agency)) => (cycle, Some(format!("agencies/{agency}"))),
        None => (r.parent.as_str(), None),
    };
    let mut faults = Vec::new();
    let cycle = check::named("parent", name::Cycle::parse(cycle), &mut faults);
    let agency = agency.and_then(|a| check::named("parent", name::Agency::parse(&a), &mut faults));
    let page = Page::parse(r.page_size, &r.page_token, &[&r.parent]);
    let page = page.map_err(|f| faults.extend(f)).ok();
    let (Some(name), Some(page), true) = (cycle, page, faults.is_empty()) else {
        return Err(faults.into());
    };
    let reader = app.context.db.reader();
    let cycle = cycles::found(cycle_get(reader, &name.cycle).await?, &name)?;
    let agency = agency.map(|a| a.agency);
    let whose = agency.as_deref().unwrap_or(match cycle.agency.as_str() {
        "" => "*",
        agency => agency,
    });
    caller.require(&[Role::Operator, Role::Evaluator], whose)?;
    let after = page.after.split_once('/').unwrap_or_default();
    let agency = agency.as_deref().unwrap_or_default();
    let mut rows = assessment_page(reader, cycle.id, agency, after, page.limit()).await?;
    let next_page_token = page.cut(&mut rows, |row| format!("{}/{}", row.agency, row.unit));
    let instrument = recompute::instrument(reader, &cycle).await?;
    let assessments = rows
        .iter()
        .map(|row| assessments::summary(&cycle, &instrument, row));
    Ok(pb::ListAssessmentsResponse {
        assessments: assessments.collect::<Result<_, Failure>>()?,
        next_page_token,
    })
}

pub async fn finalize_cycle(
    app: &App,
    caller: &Caller,
    r: pb::FinalizeCycleRequest,
) -> Result<pb::FinalizeCycleResponse, Failure> {
    caller.known()?;
    let mut faults = Vec::new();
    let name = check::named("name", name::Cycle::parse(&r.name), &mut faults);
    let Some(name) = name else {
        return Err(faults.into());
    };
    cycles::finalize(app, caller, &name, &convert::shown(&r.etag), r.allow_incomplete).await
}
