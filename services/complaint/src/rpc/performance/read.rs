//! Reads the figures of a unit in a period.

use chrono::Datelike;
use prima_platform::{
    caller::Caller,
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{
    complaint::v1,
    period::{Kind, Period},
};
use sea_orm::DbErr;

use crate::{
    context::App,
    domain::performance::{Averages, Figures, Score, score},
    events::publish,
    rpc::rights::require_liaison,
    store::{
        figures::{Facts, figures_of},
        performance::{Key, ratings_published},
    },
};

/// The figures and the score of a unit in a period. They are computed on request; those of a year equal what is
/// published or about to be. Callers who may read the reports of the unit get exact figures, all others get figures
/// from which no single person can be identified.
pub async fn get(
    app: &App,
    caller: Caller,
    request: v1::GetPerformanceRequest,
) -> Result<v1::GetPerformanceResponse, Failure> {
    let mut faults = Faults::default();
    let unit = faults.take(request::name("unit", &request.unit));
    let period = request.period.parse::<Period>().ok();
    if period.is_none() {
        faults.add(
            "period",
            "must be `YYYY`, `YYYY-sN`, `YYYY-qN` or `YYYY-mMM`, with a year from 2000 to 2100",
            "harus `YYYY`, `YYYY-sN`, `YYYY-qN`, atau `YYYY-mMM`, dengan tahun 2000 sampai 2100",
        );
    }
    let (unit, period) = faults.settle(unit.zip(period))?;
    let mut facts = figures_of(app.context.db.reader(), &unit, &period).await?;
    let last = period.ended(app.now()) && facts.figures.all.open == 0;
    let (step, score) = if require_liaison(&caller, &unit.agency).is_ok() {
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

/// The published score of a year. There is none for fewer reports than a disclosure step, nor for a part of a year,
/// because subtracting it from the year would reveal the rest.
fn published(mut exact: Figures, disclosed: &Facts, step: i64) -> Option<Score> {
    exact.ratings = disclosed.figures.ratings.clone();
    score(&exact).filter(|score| disclosed.period.kind() == Kind::Year && score.sample >= step)
}

/// Reduces the figures to those that callers who may not read the reports may see.
async fn disclose(app: &App, mut facts: Facts) -> Result<Facts, DbErr> {
    let step = app.disclosure_step();
    let averages = match facts.period.kind() {
        Kind::Year => {
            let key = Key {
                agency: facts.unit.agency.clone(),
                unit: facts.unit.unit.clone(),
                year: facts.period.first_day().year().into(),
            };
            Averages::Year {
                ratings: ratings_published(app.context.db.reader(), &key).await?,
            }
        }
        Kind::Half | Kind::Quarter | Kind::Month => Averages::Hidden,
    };
    facts.figures = facts.figures.disclosed(step, averages);
    facts.consulted = facts.consulted.disclosed(step);
    Ok(facts)
}
