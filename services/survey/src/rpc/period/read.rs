//! Reads results of units and agencies in a period.

use prima_platform::{
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::survey::v1 as pb;

use super::{
    figures::{Comparison, agency_result, unit_result},
    message,
};
use crate::{
    domain::{
        period::{Kind, Period},
        survey,
    },
    service::App,
    store::delta::Of,
};

/// The result of a unit in a period.
pub async fn get_unit(app: &App, r: pb::GetUnitResultRequest) -> Result<pb::GetUnitResultResponse, Failure> {
    let mut faults = Faults::default();
    let unit = faults.take(request::name("unit", &r.unit));
    let period = faults.take(survey::period("period", &r.period));
    let comparison = comparison(
        &r.compare_period,
        period.as_ref(),
        r.across_instruments,
        &mut faults,
    );
    let (unit, period) = faults.settle(unit.zip(period))?;
    app.counter.count(Of::Unit(&unit, period.as_str())).await?;
    let (result, change) = unit_result(app, &unit, &period, &comparison).await?;
    Ok(pb::GetUnitResultResponse {
        result: Some(message::unit(&unit, &period, result, change)),
    })
}

/// The result of an agency in a period.
pub async fn get_agency(
    app: &App,
    r: pb::GetAgencyResultRequest,
) -> Result<pb::GetAgencyResultResponse, Failure> {
    let mut faults = Faults::default();
    let agency = faults.take(request::name("agency", &r.agency));
    let period = faults.take(survey::period("period", &r.period));
    let comparison = comparison(
        &r.compare_period,
        period.as_ref(),
        r.across_instruments,
        &mut faults,
    );
    let (agency, period) = faults.settle(agency.zip(period))?;
    app.counter.count(Of::Agency(&agency, period.as_str())).await?;
    let result = agency_result(app, &agency, &period, &comparison).await?;
    Ok(pb::GetAgencyResultResponse {
        result: Some(message::agency(&agency, &period, result)),
    })
}

/// Checks the period to compare with, which must be of the same kind as the requested one; kinds are never converted.
fn comparison(
    text: &str,
    period: Option<&Period>,
    across_instruments: bool,
    faults: &mut Faults,
) -> Comparison {
    let field = "compare_period";
    let mut with = None;
    if !text.is_empty() {
        match (faults.take(survey::period(field, text)), period) {
            (None, _) => {}
            (Some(other), Some(period)) if other.kind() != period.kind() => faults.add(
                field,
                format!("must be {}, as `period` is", kind(period.kind())),
                "Periode pembanding harus sejenis dengan periode yang diminta (tahun, semester, triwulan, atau bulan)",
            ),
            (Some(other), Some(period)) if other == *period => faults.add(
                field,
                "must differ from `period`",
                "Periode pembanding harus berbeda dari periode yang diminta",
            ),
            (other, _) => with = other,
        }
    }
    Comparison {
        with,
        across_instruments,
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Year => "a year",
        Kind::Half => "a half",
        Kind::Quarter => "a quarter",
        Kind::Month => "a month",
    }
}
