//! Converts results of units and agencies in a period to messages.

use prima_proto::{name, survey::v1 as pb};

use super::figures::{AgencyResult, Compared, MEAN_OF_UNITS, RESPONDENT_WEIGHTED, UnitResult};
use crate::{
    domain::{index::Published, number, period::Period},
    rpc::{enums, notice},
};

fn exact(published: &Published, recorded: bool) -> String {
    if recorded {
        // Only the rounded value was published.
        return String::new();
    }
    number::fraction(&published.exact)
}

/// The result of a unit as its message.
pub fn unit(unit: &name::Unit, period: &Period, r: UnitResult, change: Option<Compared>) -> pb::UnitResult {
    let certainty = r.certainty;
    let mut message = pb::UnitResult {
        unit: unit.to_string(),
        period: period.to_string(),
        instrument: r.instrument,
        surveys: r.surveys,
        counted: r.counted,
        pending: r.pending,
        in_correction: r.in_correction,
        in_question: r.in_question,
        index_with_questioned: r.questioned.map(|p| p.value).unwrap_or_default(),
        withheld_reason: enums::withheld(r.withheld).into(),
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
        change: change.map(self::change),
        ..Default::default()
    };
    if let Some(published) = r.published {
        message.index_exact = exact(&published, message.recorded);
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

fn change(c: Compared) -> pb::Change {
    pb::Change {
        base_period: c.period.to_string(),
        base_index: c.index,
        base_recorded: c.recorded,
        base_instrument: c.instrument,
        points: c.change.points,
        relative_percent: c.change.relative_percent.unwrap_or_default(),
        across_instruments: c.across_instruments,
        base_units: i64::try_from(c.units.0).unwrap_or(i64::MAX),
        same_units: i64::try_from(c.units.1).unwrap_or(i64::MAX),
    }
}

/// The result of an agency as its message.
pub fn agency(agency: &name::Agency, period: &Period, r: AgencyResult) -> pb::AgencyResult {
    let recorded = r.recorded.is_some();
    pb::AgencyResult {
        agency: agency.to_string(),
        period: period.to_string(),
        instrument: r.instrument,
        counted: r.respondents,
        pending: r.pending,
        in_question: r.in_question,
        index_with_questioned: r.questioned.map(|p| p.value).unwrap_or_default(),
        recorded,
        source: r.recorded.unwrap_or_default(),
        roll_ups: r
            .roll_ups
            .into_iter()
            .map(|own| pb::RollUp {
                display_name: rule_label(&own.rule).to_owned(),
                rule: own.rule,
                index_exact: exact(&own.published, recorded),
                index: own.published.value,
                category: own.published.grade,
                category_display_name: own.published.name,
                change: own.change.map(change),
            })
            .collect(),
        units_counted: i64::try_from(r.units.len()).unwrap_or(i64::MAX),
        units_expected: r.expected,
        notices: r.notices.into_iter().map(notice::message).collect(),
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

/// Display label of a roll-up rule (id-ID).
fn rule_label(rule: &str) -> &str {
    match rule {
        MEAN_OF_UNITS => "Rata-rata nilai unit pelayanan",
        RESPONDENT_WEIGHTED => "Rata-rata tertimbang menurut jumlah responden",
        other => other,
    }
}
