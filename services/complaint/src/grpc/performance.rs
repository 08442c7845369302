//! Figures of a unit in a period.

use prima_platform::{failure::Failure, faults::Faults};
use prima_proto::{complaint::v1, name, period::Period};

use super::faults::Fields;
use crate::{
    app::{App, performance},
    domain::performance::score,
    events::render,
};

/// GetPerformance. Every period is computed, and a year so is what is published or about to be.
pub async fn get(
    app: &App,
    request: &v1::GetPerformanceRequest,
) -> Result<v1::GetPerformanceResponse, Failure> {
    let mut faults = Faults::default();
    let unit = faults.name("unit", &request.unit, name::Unit::parse);
    let period = request.period.parse::<Period>().ok();
    if period.is_none() {
        faults.add(
            "period",
            "must be `YYYY`, `YYYY-sN`, `YYYY-qN` or `YYYY-mMM`, with a year from 2000 to 2100",
            "harus `YYYY`, `YYYY-sN`, `YYYY-qN`, atau `YYYY-mMM`, dengan tahun 2000 sampai 2100",
        );
    }
    let (unit, period) = faults.settle(unit.zip(period))?;
    let facts = performance::facts(app.context.db.reader(), &unit, &period).await?;
    let last = period.ended(app.now()) && facts.figures.all.open == 0;
    let score = score(&facts.figures).map(|value| render::score(&facts, &value, last));
    Ok(v1::GetPerformanceResponse {
        performance: Some(render::facts(&facts)),
        score,
    })
}
