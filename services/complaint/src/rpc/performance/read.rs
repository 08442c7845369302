//! Reads figures of a unit in a period.

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
    domain::performance::{Figures, Means, Score, score},
    events::publish,
    rpc::rights::require_liaison,
    store::{
        figures::{Facts, figures_of},
        performance::{Key, ratings_told},
    },
};

/// The figures and the score of a unit in a period. Every period is computed, and a year so is what is published or about to be. Who may read the reports
/// of the unit is told every figure of them, everybody else what discloses no single person.
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

/// The score of a year as it is published; none of fewer reports than a step, nor of a part of a year, of which the rest
/// would tell the others.
fn published(mut exact: Figures, disclosed: &Facts, step: i64) -> Option<Score> {
    exact.ratings = disclosed.figures.ratings.clone();
    score(&exact).filter(|score| disclosed.period.kind() == Kind::Year && score.sample >= step)
}

/// Leaves in the facts what is told to whoever may not read the reports.
async fn disclose(app: &App, mut facts: Facts) -> Result<Facts, DbErr> {
    let step = app.disclosure_step();
    let means = match facts.period.kind() {
        Kind::Year => {
            let key = Key {
                agency: facts.unit.agency.clone(),
                unit: facts.unit.unit.clone(),
                year: facts.period.first_day().year().into(),
            };
            Means::OfAYear {
                ratings: ratings_told(app.context.db.reader(), &key).await?,
            }
        }
        Kind::Half | Kind::Quarter | Kind::Month => Means::Hidden,
    };
    facts.figures = facts.figures.disclosed(step, means);
    facts.consulted = facts.consulted.disclosed(step);
    Ok(facts)
}
