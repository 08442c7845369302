//! Results of units and agencies in a period, computed or recorded, and their change from another period.

use std::collections::{BTreeSet, HashMap, HashSet};

use prima_platform::{
    db::Txn,
    failure::{Failure, Kind},
};
use prima_proto::name;

use crate::{
    derived::{
        agency_scores::{Counted, counted, expected, in_question},
        unit_scores::pool,
    },
    domain::{
        METRIC,
        certainty::Certainty,
        index::{self, Published},
        instrument,
        notice::{self, Notice},
        number::{
            self,
            change::{self, Change},
        },
        period::Period,
        recorded::Result as Recorded,
        release::{Rules, Withheld},
    },
    service::App,
    store::{
        agency_score::{AgencyPeriod, UnitInput, agency_inputs},
        recorded::{recorded_latest, recorded_of_agency},
        survey::surveys_of,
        tally::tallies_get,
    },
};

/// Roll-up rule: the mean of the units.
pub const MEAN_OF_UNITS: &str = "mean_of_units";
/// Roll-up rule: the mean of the units weighted by their respondents.
pub const RESPONDENT_WEIGHTED: &str = "respondent_weighted";

/// The comparison that a caller asks for.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Another period of the same kind; `None` means the previous period.
    pub with: Option<Period>,
    /// Whether to compare even if the instruments differ.
    pub across_instruments: bool,
}

/// The change of a result from that of another period.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The other period.
    pub period: Period,
    /// Its published index.
    pub index: String,
    /// Whether that result was recorded.
    pub recorded: bool,
    /// Its instrument.
    pub instrument: String,
    /// The change from that result.
    pub change: Change,
    /// Whether the instruments differ.
    pub across_instruments: bool,
    /// Units counted in the other result of an agency, and those that both have; 0 for a unit.
    pub units: (usize, usize),
}

/// The mean of one element.
#[derive(Debug, Clone)]
pub struct Element {
    /// Its key.
    pub key: String,
    /// Official name.
    pub name: String,
    /// Number of answers; 0 when the result was recorded.
    pub answers: i64,
    /// NRR: with four decimals when computed, else as recorded; empty without answers.
    pub mean: String,
}

/// The result of a unit in a period.
#[derive(Debug, Clone)]
pub struct UnitResult {
    /// Instrument and version.
    pub instrument: String,
    /// The pooled surveys; empty when the result was recorded.
    pub surveys: Vec<String>,
    /// The source, when the result was recorded.
    pub recorded: Option<String>,
    /// Number of respondents.
    pub respondents: i64,
    /// Number of responses in the figures.
    pub counted: i64,
    /// Number of people whose response or void is not in the figures yet.
    pub pending: i64,
    /// Why there are no figures.
    pub withheld: Option<Withheld>,
    /// Whether every survey is closed and changes of one wait.
    pub in_correction: bool,
    /// Number of responses in question, which are in no figure.
    pub in_question: i64,
    /// The index if they were accepted; `None` when nothing or too little is in question.
    pub questioned: Option<Published>,
    /// Minimum sample; 0 when the result was recorded.
    pub minimum: i64,
    /// The index; `None` until every element has an answer.
    pub published: Option<Published>,
    /// The elements in the order in which they are asked.
    pub elements: Vec<Element>,
    /// Standard error and interval of the index.
    pub certainty: Option<Certainty>,
    /// Whether every survey is closed.
    pub settled: bool,
}

/// The index of an agency by one roll-up rule.
#[derive(Debug, Clone)]
pub struct RollUp {
    /// The rule.
    pub rule: String,
    /// The index.
    pub published: Published,
    /// The change from another period by the same rule.
    pub change: Option<Compared>,
}

/// A unit in the result of an agency.
#[derive(Debug, Clone)]
pub struct AgencyUnit {
    /// Its name.
    pub unit: name::Unit,
    /// Its index.
    pub published: Published,
    /// Number of respondents.
    pub respondents: i64,
    /// Whether it was recorded.
    pub recorded: bool,
}

/// The result of an agency in a period.
#[derive(Debug, Clone)]
pub struct AgencyResult {
    /// Instrument and version.
    pub instrument: String,
    /// The source, when the agency's own result was recorded.
    pub recorded: Option<String>,
    /// The index by each available rule.
    pub roll_ups: Vec<RollUp>,
    /// Number of units that the agency should have in this period.
    pub expected: i64,
    /// Number of responses in the results of its counted units.
    pub respondents: i64,
    /// Number of people whose response or void is not in them yet.
    pub pending: i64,
    /// Number of responses of all units in question, which are in no figure.
    pub in_question: i64,
    /// The mean of the units if they were accepted; `None` when nothing or too little is in question, and for a recorded
    /// result.
    pub questioned: Option<Published>,
    /// The counted units, ordered by name.
    pub units: Vec<AgencyUnit>,
    /// That a change compares other units.
    pub notices: Vec<Notice>,
}

/// The result of a unit with its change; `NOT_FOUND` when there is no result.
pub async fn unit_result(
    app: &App,
    unit: &name::Unit,
    period: &Period,
    comparison: &Comparison,
) -> Result<(UnitResult, Option<Compared>), Failure> {
    let txn = app.context.db.snapshot().await?;
    let rules = app.rules();
    let result = unit_in(&txn, unit, period, &rules).await?;
    let result = result.ok_or_else(|| Failure::not_found(&format!("{unit} ({period})")))?;
    let (Some(base_period), Some(own)) = (comparison.base(period), figure(&result)) else {
        return Ok((result, None));
    };
    let base = unit_in(&txn, unit, &base_period, &rules).await?;
    let change = match base.as_ref().and_then(figure) {
        Some(base) => comparison.compare(base_period, &base, &own)?,
        None => None,
    };
    Ok((result, change))
}

/// The result of an agency with the change of each rule; `NOT_FOUND` when the agency has neither a result nor a unit.
pub async fn agency_result(
    app: &App,
    agency: &name::Agency,
    period: &Period,
    comparison: &Comparison,
) -> Result<AgencyResult, Failure> {
    let txn = app.context.db.snapshot().await?;
    let result = agency_in(&txn, agency, period).await?;
    let mut result = result.ok_or_else(|| Failure::not_found(&format!("{agency} ({period})")))?;
    let Some(base_period) = comparison.base(period) else {
        return Ok(result);
    };
    let Some(base) = agency_in(&txn, agency, &base_period).await? else {
        return Ok(result);
    };
    let of_base: HashSet<&name::Unit> = base.units.iter().map(|unit| &unit.unit).collect();
    let same = result
        .units
        .iter()
        .filter(|unit| of_base.contains(&unit.unit))
        .count();
    for own in &mut result.roll_ups {
        let Some(other) = base.roll_ups.iter().find(|other| other.rule == own.rule) else {
            continue;
        };
        let figure = |published, instrument, recorded| Figure {
            published,
            instrument,
            recorded,
        };
        let other = figure(&other.published, &base.instrument, base.recorded.is_some());
        let this = figure(&own.published, &result.instrument, result.recorded.is_some());
        own.change = comparison.compare(base_period.clone(), &other, &this)?;
        if let Some(change) = &mut own.change {
            change.units = (base.units.len(), same);
            let (counted, units) = (base.units.len(), result.units.len());
            // A recorded result of an agency may have no units here.
            if counted > 0 && units > 0 && (same < counted || same < units) && result.notices.is_empty() {
                result
                    .notices
                    .push(notice::other_units(&base_period, counted, period, units, same));
            }
        }
    }
    Ok(result)
}

/// One side of a comparison.
struct Figure<'a> {
    published: &'a Published,
    instrument: &'a String,
    recorded: bool,
}

fn figure(result: &UnitResult) -> Option<Figure<'_>> {
    Some(Figure {
        published: result.published.as_ref()?,
        instrument: &result.instrument,
        recorded: result.recorded.is_some(),
    })
}

impl Comparison {
    fn base(&self, period: &Period) -> Option<Period> {
        self.with.clone().or_else(|| period.previous())
    }

    /// The change from `base` to `own`. When the instruments differ and the caller has not asked for such a comparison, it is an
    /// error if the caller has named the period, and `None` otherwise.
    fn compare(&self, period: Period, base: &Figure, own: &Figure) -> Result<Option<Compared>, Failure> {
        let across_instruments = base.instrument != own.instrument;
        if across_instruments && !self.across_instruments {
            return match self.with {
                Some(_) => Err(other_instrument(&period, base.instrument, own.instrument)),
                None => Ok(None),
            };
        }
        let value = |figure: &Figure| number::parse_decimal(&figure.published.value);
        Ok(value(base).zip(value(own)).map(|(old, new)| Compared {
            period,
            index: base.published.value.clone(),
            recorded: base.recorded,
            instrument: base.instrument.clone(),
            change: change::between(&old, &new, index::PLACES),
            across_instruments,
            units: (0, 0),
        }))
    }
}

fn other_instrument(period: &Period, base: &str, own: &str) -> Failure {
    Failure::new(
        Kind::Precondition,
        "OTHER_INSTRUMENT",
        format!(
            "the result of {period} has instrument {base}, not {own}; ask for it with across_instruments"
        ),
        format!(
            "hasil {period} memakai instrumen {base}, bukan {own}; perbandingan antarinstrumen harus diminta secara eksplisit"
        ),
    )
}

async fn unit_in(
    txn: &Txn,
    unit: &name::Unit,
    period: &Period,
    rules: &Rules,
) -> Result<Option<UnitResult>, Failure> {
    let key = BTreeSet::from([(unit.clone(), period.to_string())]);
    let mut surveys = surveys_of(txn, &key).await?;
    surveys.retain(|s| s.survey.metric() == Some(METRIC));
    let ids: Vec<i64> = surveys.iter().map(|s| s.id).collect();
    let tallies = tallies_get(txn, &ids).await?;
    let Some(pooled) = pool(&surveys, &tallies, rules) else {
        let recorded = recorded_latest(txn, &unit.agency, &unit.unit, period.as_str()).await?;
        return Ok(recorded.map(|recorded| recorded_unit(recorded.result)));
    };
    let known = instrument::find(&pooled.first.instrument);
    let elements = pooled.first.asked.iter().zip(&pooled.tallies);
    let elements = elements.map(|(asked, tally)| Element {
        key: asked.key.clone(),
        name: asked.name(known).to_owned(),
        answers: tally.answers(),
        mean: index::element_mean(tally)
            .map(|m| number::decimal(&m, 4))
            .unwrap_or_default(),
    });
    Ok(Some(UnitResult {
        elements: elements.collect(),
        instrument: pooled.first.instrument.clone(),
        surveys: surveys.iter().map(|s| s.survey.name.to_string()).collect(),
        recorded: None,
        respondents: pooled.respondents,
        minimum: pooled.minimum,
        published: pooled.published(),
        counted: pooled.counted,
        pending: pooled.pending,
        withheld: pooled.withheld,
        in_correction: pooled.in_correction,
        in_question: pooled.in_question,
        questioned: pooled.published_with_questioned(),
        settled: pooled.settled,
        certainty: pooled.certainty,
    }))
}

fn recorded_unit(recorded: Recorded) -> UnitResult {
    let known = instrument::find(&recorded.instrument);
    let name = |key: &str| {
        known
            .and_then(|i| i.element(key))
            .map_or(key, |e| e.name.as_str())
            .to_owned()
    };
    // In the order of the instrument; elements that it does not have come last.
    let position = |key: &str| {
        known
            .and_then(|i| i.elements.iter().position(|e| e.key == key))
            .unwrap_or(usize::MAX)
    };
    let published = recorded.published();
    let mut elements: Vec<(String, String)> = recorded.elements.into_iter().collect();
    elements.sort_by_key(|(key, _)| position(key));
    let elements = elements.into_iter().map(|(key, mean)| Element {
        name: name(&key),
        key,
        answers: 0,
        mean,
    });
    UnitResult {
        elements: elements.collect(),
        published,
        instrument: recorded.instrument,
        surveys: Vec::new(),
        recorded: Some(recorded.source),
        respondents: recorded.respondents,
        counted: recorded.respondents,
        pending: 0,
        withheld: None,
        in_correction: false,
        in_question: 0,
        questioned: None,
        minimum: 0,
        certainty: None,
        settled: true,
    }
}

async fn agency_in(
    txn: &Txn,
    agency: &name::Agency,
    period: &Period,
) -> Result<Option<AgencyResult>, Failure> {
    let key = AgencyPeriod::of(&agency.agency, period.as_str());
    let mut inputs = agency_inputs(txn, &BTreeSet::from([key.clone()])).await?;
    let inputs = inputs.remove(&key).unwrap_or_default();
    let mut records: HashMap<String, Recorded> = recorded_of_agency(txn, &agency.agency, period.as_str())
        .await?
        .into_iter()
        .map(|r| (r.subject.unit().to_owned(), r.result))
        .collect();
    let own = records.remove("");
    if inputs.is_empty() && own.is_none() {
        return Ok(None);
    }
    let counted = counted(&inputs);
    let units = counted.iter().flat_map(|c| &c.units);
    let units: Vec<AgencyUnit> = units
        .filter_map(|(input, exact)| agency_unit(agency, input, exact, &records))
        .collect();
    let rule = |rule: &str, published: Option<Published>| {
        published.map(|published| RollUp {
            rule: rule.to_owned(),
            published,
            change: None,
        })
    };
    let result = AgencyResult {
        instrument: counted
            .as_ref()
            .map(|c| c.instrument.to_owned())
            .unwrap_or_default(),
        recorded: None,
        roll_ups: Vec::new(),
        expected: i64::try_from(expected(&inputs, &period.first_day().to_string())).unwrap_or(i64::MAX),
        respondents: units.iter().map(|u| u.respondents).sum(),
        pending: counted.as_ref().map(Counted::pending).unwrap_or_default(),
        in_question: in_question(&inputs),
        questioned: counted.as_ref().and_then(|c| c.with_questioned(&inputs)),
        units,
        notices: Vec::new(),
    };
    Ok(Some(match (own, counted) {
        // A result that the agency itself has published takes precedence over the roll-up of its units.
        (Some(own), _) => AgencyResult {
            roll_ups: rule(&own.roll_up, own.published()).into_iter().collect(),
            instrument: own.instrument,
            recorded: Some(own.source),
            questioned: None,
            ..result
        },
        (None, Some(counted)) => AgencyResult {
            roll_ups: [
                rule(MEAN_OF_UNITS, counted.mean_of_units()),
                rule(RESPONDENT_WEIGHTED, counted.respondent_weighted()),
            ]
            .into_iter()
            .flatten()
            .collect(),
            ..result
        },
        (None, None) => result,
    }))
}

fn agency_unit(
    agency: &name::Agency,
    input: &UnitInput,
    exact: &number::Rational,
    records: &HashMap<String, Recorded>,
) -> Option<AgencyUnit> {
    let recorded = records.get(&input.unit).filter(|_| input.recorded == Some(1));
    let published = match recorded {
        Some(recorded) => recorded.published()?,
        None => index::publish(instrument::find(input.instrument.as_deref()?)?, exact.clone()),
    };
    Some(AgencyUnit {
        unit: name::Unit {
            agency: agency.agency.clone(),
            unit: input.unit.clone(),
        },
        published,
        respondents: input.respondents.unwrap_or_default(),
        recorded: recorded.is_some(),
    })
}
