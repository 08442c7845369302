//! Reads the figures of a unit or an agency in a period.

use chrono::Datelike;
use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
    request::{self, Faults},
};
use prima_proto::{
    complaint::v1,
    name,
    period::{Kind, Period},
    zone::zone_of_agency,
};
use sea_orm::DbErr;

use crate::{
    context::App,
    domain::performance::{Averages, Figures, Score, score},
    events::publish,
    rpc::rights::require_liaison,
    store::{
        figures::{Facts, figures_of, figures_of_agency},
        performance::ratings_published,
    },
};

/// The figures and the score of a unit or an agency in a period. They are computed on request; those of a year equal
/// what is published or about to be. Callers who may read the reports get exact figures, all others get figures from
/// which no single person can be identified.
pub async fn get(
    app: &App,
    caller: Caller,
    request: v1::GetPerformanceRequest,
) -> Result<v1::GetPerformanceResponse, Failure> {
    let mut faults = Faults::default();
    let subject = faults.take(subject(&request));
    let period = request.period.parse::<Period>().ok();
    if period.is_none() {
        faults.add(
            "period",
            "must be `YYYY`, `YYYY-sN`, `YYYY-qN` or `YYYY-mMM`, with a year from 2000 to 2100",
            "harus `YYYY`, `YYYY-sN`, `YYYY-qN`, atau `YYYY-mMM`, dengan tahun 2000 sampai 2100",
        );
    }
    let (subject, period) = faults.settle(subject.zip(period))?;
    let reader = app.context.db.reader();
    let mut facts = match &subject {
        name::Subject::Unit(unit) => figures_of(reader, unit, &period).await?,
        name::Subject::Agency(agency) => figures_of_agency(reader, agency, &period).await?,
    };
    let agency = subject.agency_id();
    let last = period.ended_in(zone_of_agency(agency), app.now()) && facts.figures.all.open == 0;
    let (step, score) = if require_liaison(&caller, agency).is_ok() {
        (1, score(&facts.figures))
    } else {
        let step = app.disclosure_step();
        let exact = facts.figures.clone();
        facts = disclose(app, facts).await?;
        (step, published(exact, &facts, step))
    };
    let score = score.map(|value| publish::score(&facts, &value, last));
    Ok(v1::GetPerformanceResponse {
        performance: Some(publish::facts(&facts)),
        score,
        step,
    })
}

/// The unit or the agency that a request names; it must name exactly one.
fn subject(request: &v1::GetPerformanceRequest) -> Result<name::Subject, Violation> {
    match (request.unit.as_str(), request.agency.as_str()) {
        (unit, "") => request::name::<name::Unit>("unit", unit).map(|unit| name::Subject::from(&unit)),
        ("", agency) => {
            request::name::<name::Agency>("agency", agency).map(|agency| name::Subject::from(&agency))
        }
        _ => Err(Violation::new(
            "agency",
            "must be empty with a unit",
            "isi salah satu: unit atau instansi",
        )),
    }
}

/// The published score of a year. There is none for fewer reports than a disclosure step, nor for a part of a year,
/// because subtracting it from the year would reveal the rest.
fn published(mut exact: Figures, disclosed: &Facts, step: i64) -> Option<Score> {
    exact.ratings = disclosed.figures.ratings.clone();
    score(&exact).filter(|score| disclosed.period.kind() == Kind::Year && score.sample >= step)
}

/// Reduces the figures to those that callers who may not read the reports may see.
async fn disclose(app: &App, mut facts: Facts) -> Result<Facts, DbErr> {
    let step = app.disclosure_step();
    let year = facts.period.first_day().year().into();
    let averages = match facts.period.kind() {
        Kind::Year => Averages::Year {
            ratings: ratings_published(app.context.db.reader(), &facts.subject, year).await?,
        },
        Kind::Half | Kind::Quarter | Kind::Month => Averages::Hidden,
    };
    facts.figures = facts.figures.disclosed(step, averages);
    facts.consulted = facts.consulted.disclosed(step);
    Ok(facts)
}
