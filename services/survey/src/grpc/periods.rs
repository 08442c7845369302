//! Results of units and agencies in a period.

use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
};
use prima_proto::{name, survey::v1 as pb};

use super::convert;
use crate::{
    app::{
        App,
        periods::{
            AgencyResult, Compared, Comparison, MEAN_OF_UNITS, RESPONDENT_WEIGHTED, UnitResult,
            agency_result, unit_result,
        },
    },
    domain::{
        index::Published,
        number,
        period::{Kind, Period},
    },
};

pub async fn unit(
    app: &App,
    caller: &Caller,
    r: pb::GetUnitResultRequest,
) -> Result<pb::GetUnitResultResponse, Failure> {
    caller.known()?;
    let mut faults = Vec::new();
    let unit = name::Unit::parse(&r.unit)
        .map_err(|e| faults.push(convert::violation("unit", &e)))
        .ok();
    let period = period(&r.period, &mut faults);
    let comparison = comparison(
        &r.compare_period,
        period.as_ref(),
        r.across_instruments,
        &mut faults,
    );
    let (Some(unit), Some(period)) = (unit, period.filter(|_| faults.is_empty())) else {
        return Err(faults.into());
    };
    let (result, change) = unit_result(app, &unit, &period, &comparison).await?;
    Ok(pb::GetUnitResultResponse {
        result: Some(unit_message(&unit, &period, result, change)),
    })
}

pub async fn agency(
    app: &App,
    caller: &Caller,
    r: pb::GetAgencyResultRequest,
) -> Result<pb::GetAgencyResultResponse, Failure> {
    caller.known()?;
    let mut faults = Vec::new();
    let agency = name::Agency::parse(&r.agency)
        .map_err(|e| faults.push(convert::violation("agency", &e)))
        .ok();
    let period = period(&r.period, &mut faults);
    let comparison = comparison(
        &r.compare_period,
        period.as_ref(),
        r.across_instruments,
        &mut faults,
    );
    let (Some(agency), Some(period)) = (agency, period.filter(|_| faults.is_empty())) else {
        return Err(faults.into());
    };
    let result = agency_result(app, &agency, &period, &comparison).await?;
    Ok(pb::GetAgencyResultResponse {
        result: Some(agency_message(&agency, &period, result)),
    })
}

fn period(text: &str, faults: &mut Vec<Violation>) -> Option<Period> {
    let invalid = |e| Violation::new("period", format!("{e}"), "bukan periode yang benar");
    text.parse()
        .map_err(|e: crate::domain::period::Invalid| faults.push(invalid(e)))
        .ok()
}

/// A period to compare with must be of the same kind as the one asked for: kinds are never converted.
fn comparison(
    text: &str,
    period: Option<&Period>,
    across_instruments: bool,
    faults: &mut Vec<Violation>,
) -> Comparison {
    let field = "compare_period";
    let mut with = None;
    if !text.is_empty() {
        match (text.parse::<Period>(), period) {
            (Err(error), _) => {
                faults.push(Violation::new(
                    field,
                    error.to_string(),
                    "bukan periode yang benar",
                ));
            }
            (Ok(other), Some(period)) if other.kind() != period.kind() => faults.push(Violation::new(
                field,
                format!("must be {}, as `period` is", kind(period.kind())),
                "harus sejenis dengan periode yang diminta (tahun, semester, triwulan, atau bulan)",
            )),
            (Ok(other), Some(period)) if other == *period => faults.push(Violation::new(
                field,
                "must be another period than `period`",
                "harus berbeda dari periode yang diminta",
            )),
            (Ok(other), _) => with = Some(other),
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

fn exact(published: &Published, whole: bool) -> String {
    Some(published)
        .filter(|_| whole)
        .map(|p| number::fraction(&p.exact))
        .unwrap_or_default()
}

fn unit_message(
    unit: &name::Unit,
    period: &Period,
    r: UnitResult,
    change: Option<Compared>,
) -> pb::UnitResult {
    let certainty = r.certainty;
    let mut message = pb::UnitResult {
        unit: unit.to_string(),
        period: period.to_string(),
        instrument: r.instrument,
        surveys: r.surveys,
        recorded: r.recorded.is_some(),
        source: r.recorded.unwrap_or_default(),
        respondents: r.respondents,
        minimum_respondents: r.minimum,
        elements: r
            .elements
            .into_iter()
            .map(|e| pb::PeriodElement {
                key: e.key,
                display_name: e.name,
                answers: e.answers,
                mean: e.mean,
            })
            .collect(),
        r#final: r.settled,
        change: change.map(change_message),
        ..Default::default()
    };
    if let Some(published) = r.published {
        message.index_exact = exact(&published, r.whole);
        message.index = published.value;
        message.category = published.grade;
        message.category_display_name = published.name;
    }
    if let Some(certainty) = certainty {
        message.standard_error = certainty.standard_error;
        message.interval_low = certainty.low;
        message.interval_high = certainty.high;
    }
    message
}

fn change_message(c: Compared) -> pb::Change {
    pb::Change {
        base_period: c.period.to_string(),
        base_index: c.index,
        base_recorded: c.recorded,
        base_instrument: c.instrument,
        points: c.change.points,
        relative_percent: c.change.relative_percent.unwrap_or_default(),
        across_instruments: c.across_instruments,
    }
}

fn agency_message(agency: &name::Agency, period: &Period, r: AgencyResult) -> pb::AgencyResult {
    pb::AgencyResult {
        agency: agency.to_string(),
        period: period.to_string(),
        instrument: r.instrument,
        recorded: r.recorded.is_some(),
        source: r.recorded.unwrap_or_default(),
        roll_ups: r
            .roll_ups
            .into_iter()
            .map(|own| pb::RollUp {
                display_name: rule_label(&own.rule).to_owned(),
                rule: own.rule,
                index_exact: exact(&own.published, own.whole),
                index: own.published.value,
                category: own.published.grade,
                category_display_name: own.published.name,
                change: own.change.map(change_message),
            })
            .collect(),
        units_counted: i64::try_from(r.units.len()).unwrap_or(i64::MAX),
        units_expected: r.expected,
        respondents: r.respondents,
        units: r
            .units
            .into_iter()
            .map(|u| pb::AgencyUnit {
                unit: u.unit.to_string(),
                index: u.published.value,
                category: u.published.grade,
                respondents: u.respondents,
                recorded: u.recorded,
            })
            .collect(),
    }
}

/// Label of a rule for people (id-ID).
fn rule_label(rule: &str) -> &str {
    match rule {
        MEAN_OF_UNITS => "Rata-rata nilai unit pelayanan",
        RESPONDENT_WEIGHTED => "Rata-rata tertimbang menurut jumlah responden",
        other => other,
    }
}
