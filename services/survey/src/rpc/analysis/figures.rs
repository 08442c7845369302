//! The analysis of a survey's result: figures by group, samples of public services, flags and importance.

use std::collections::{BTreeMap, BTreeSet};

use super::grouped::{Grouped, Groups};
use crate::{
    derived::{
        outcome::Outcome,
        released::{Released, pending},
    },
    domain::{
        cuts::Distances,
        flags::{self, Rule},
        groups::{self, Dimension, Limits, Sums},
        importance::{self, Coordinates, Quadrant},
        index::{self, Published},
        instrument::{self, Instrument},
        number::Rational,
        release::{Moved, Rules},
        survey::{State, Survey},
        tally::Tally,
    },
    service::App,
    store::{
        analysis::{Coverage, Flagged, flagged},
        survey::{Stored, survey_get},
        tally::tallies_get,
    },
};
use prima_platform::{clock::micros, disclosure, failure::Failure};

/// Key of the dimension of public services; the other dimensions are fields of the instrument's profile.
pub const SERVICE: &str = "service";
const SERVICE_LABEL: &str = "Jenis layanan";
const NOT_STATED_LABEL: &str = "Tidak menyebutkan";
const DIMENSIONS: [&str; 7] = [
    "sex",
    "age_group",
    "education",
    "occupation",
    "channel",
    "hour_band",
    SERVICE,
];

/// One dimension with its labels.
#[derive(Debug, Clone)]
pub struct LabelledDimension {
    /// Its key.
    pub key: &'static str,
    /// Display label (id-ID).
    pub label: String,
    /// Labels of its codes; a code without a label is displayed itself.
    pub labels: BTreeMap<String, String>,
    /// Its published groups.
    pub dimension: Dimension,
}

impl LabelledDimension {
    /// The label of a group.
    pub fn label(&self, key: &str) -> String {
        match self.labels.get(key) {
            _ if key.is_empty() => NOT_STATED_LABEL.to_owned(),
            Some(label) => label.clone(),
            None => key.to_owned(),
        }
    }
}

/// The sample of one public service and its minimum.
#[derive(Debug, Clone)]
pub struct ServiceSample {
    /// The service.
    pub service: String,
    /// Declared population.
    pub population: i64,
    /// Minimum sample.
    pub minimum: i64,
    /// Number of respondents; `None` when it is withheld.
    pub respondents: Option<i64>,
}

/// The effect of flagged responses on the index.
#[derive(Debug, Clone)]
pub struct Quality {
    /// The rule that flagged them.
    pub rule: &'static Rule,
    /// The flagged responses.
    pub flagged: Flagged,
    /// Index of all responses of the analysis.
    pub index_with: Option<Published>,
    /// Index without the flagged responses; also `None` when it would reveal figures of fewer people than the smallest cell, and
    /// of an open survey.
    pub index_without: Option<Published>,
}

/// One element of the importance-performance analysis.
#[derive(Debug, Clone)]
pub struct Element {
    /// Its key.
    pub key: String,
    /// Its performance and importance.
    pub coordinates: Coordinates,
    /// Its quadrant.
    pub quadrant: Option<Quadrant>,
}

/// The analysis of a survey.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// The survey.
    pub survey: Survey,
    /// Its instrument.
    pub instrument: &'static Instrument,
    /// Number of responses of the analysis.
    pub respondents: i64,
    /// Smallest number of respondents of a cell that is shown.
    pub minimum_cell: i64,
    /// Figures by group.
    pub dimensions: Vec<LabelledDimension>,
    /// Samples of the public services with a declared population.
    pub services: Vec<ServiceSample>,
    /// The flagged responses.
    pub quality: Quality,
    /// Every element, in the survey's order.
    pub elements: Vec<Element>,
    /// Indexes of the elements with the highest mean.
    pub strongest: Vec<usize>,
    /// Indexes of the elements with the lowest mean.
    pub weakest: Vec<usize>,
}

/// Analyses the released responses of a survey. Groups of an open survey change in steps of their own, so that each change
/// comes from several people. `None` when there is no such survey.
pub async fn analyze(app: &App, name: &str) -> Result<Option<Analysis>, Failure> {
    let minimum_cell = i64::from(app.context.config.survey.minimum_cell);
    let (now, rules) = (app.context.clock.now(), app.rules());
    let txn = app.context.db.snapshot().await?;
    let Some(stored) = survey_get(&txn, name).await? else {
        return Ok(None);
    };
    let missing = |what: &str| Failure::internal(format!("{what} of {name} is not available"));
    let instrument = instrument::find(&stored.survey.instrument).ok_or_else(|| missing("the instrument"))?;
    let rule = flags::rule().ok_or_else(|| missing("the flagging rule"))?;
    let tallies = tallies_get(&txn, &[stored.id])
        .await?
        .remove(&stored.id)
        .unwrap_or_default();
    let mut pending = pending(&stored, &rules, now).into_owned();
    pending.begin(stored.respondents, &rules);
    let outcome = Outcome::from_sums(&stored, Released::of(&stored, &tallies, &pending, &rules));
    let open = stored.survey.state(now) != State::Closed;
    // A void that was released while the survey is open may have moved the members of a step. Of a closed survey it is known who
    // changed since it was closed, but not who of them moved with which of several corrections.
    let moved_again = rules.minimum > 1 && pending.moved == Moved::Again;
    let coarse = pending.totals.as_ref().is_some_and(|totals| totals.coarse);
    let withheld = outcome.withheld.is_some() || moved_again || open && (pending.voids_released || coarse);
    let covered = Coverage::of(stored.id, stored.version, &pending);
    let total = Sums {
        respondents: outcome.counted,
        elements: outcome.elements.iter().map(|e| e.tally).collect(),
    };
    let steps = Steps::of(&rules, open);
    let elements_asked = total.elements.len();
    let mut grouped = Grouped::default();
    let mut flags = Flagged::default();
    let totals = |people: usize| pending.totals.as_ref().map(|totals| totals.list(people));
    if !withheld {
        let mut flaggable = covered.clone();
        grouped = if steps.stepped {
            flaggable = covered.in_order(&txn).await?;
            let distances = steps.distances(&rules);
            let totals = |people| totals(people).unwrap_or_default();
            Grouped::cut(&txn, &flaggable, elements_asked, totals, &distances).await?
        } else {
            let closed_at = stored.survey.closed_at.map(micros);
            Grouped::whole(&txn, &covered, elements_asked, closed_at).await?
        };
        flags = flagged(&txn, &flaggable, elements_asked, rule, (steps.own, steps.lag)).await?;
    }
    if flags.sums.elements.is_empty() {
        flags.sums = Sums::none(elements_asked);
    }
    drop(txn);
    let survey = &stored.survey;
    let shown = |at: usize, withheld: &BTreeSet<String>| {
        let none = (Groups::new(), BTreeMap::new());
        let limits = Limits {
            minimum: minimum_cell,
            open,
            changed: grouped.changed.get(at).unwrap_or(&none.1),
            changed_minimum: rules.minimum,
            withheld,
        };
        let groups = grouped.sums.get(at).unwrap_or(&none.0);
        let key = DIMENSIONS.get(at).copied().unwrap_or_default();
        dimension(key, instrument, survey, groups, &total, limits)
    };
    let together = match open {
        // Their cuts are chosen so that all can be shown.
        true => Default::default(),
        false => {
            let known = pending.totals.as_ref().filter(|totals| !totals.unknown);
            let totals = known.map(|totals| totals.list(0)).unwrap_or_default();
            let minimum = usize::try_from(rules.minimum).unwrap_or_default();
            grouped.withheld(&totals, minimum, |at, withheld| shown(at, withheld).dimension)
        }
    };
    let together = together.iter().enumerate();
    let mut dimensions: Vec<LabelledDimension> = together.map(|(at, withheld)| shown(at, withheld)).collect();
    if withheld {
        // Some respondents are in no group that is shown, also when the total is withheld too.
        dimensions.iter_mut().for_each(|d| d.dimension.incomplete = true);
    }
    let (elements, strongest, weakest) = elements(&stored, &outcome, &total);
    Ok(Some(Analysis {
        instrument,
        respondents: total.respondents,
        minimum_cell,
        services: services(survey, &dimensions, open),
        quality: quality(
            instrument,
            survey,
            rule,
            flags,
            &total,
            (minimum_cell, steps.stepped),
        ),
        dimensions,
        elements,
        strongest,
        weakest,
        survey: stored.survey,
    }))
}

/// By how many people a group moves while a survey is open, and how many of it stay for its closing.
#[derive(Debug, Clone, Copy)]
struct Steps {
    stepped: bool,
    own: i64,
    lag: i64,
}

impl Steps {
    fn distances(&self, rules: &Rules) -> Distances {
        let count = |n: i64| usize::try_from(n).unwrap_or_default();
        Distances {
            step: count(self.own),
            lag: count(self.lag),
            minimum: count(rules.minimum),
        }
    }

    fn of(rules: &Rules, open: bool) -> Self {
        let step = |step: usize| i64::try_from(step).unwrap_or(i64::MAX);
        match open && (rules.step > 1 || rules.link_step > 1) {
            true => Self {
                stepped: true,
                own: disclosure::group_step(step(rules.step)),
                lag: rules.minimum,
            },
            false => Self {
                stepped: false,
                own: 1,
                lag: 0,
            },
        }
    }
}

/// The index of these sums.
pub fn published(instrument: &Instrument, survey: &Survey, sums: &Sums) -> Option<Published> {
    let exact = index::compute(instrument, &survey.asked, &sums.elements, survey.weights)?;
    Some(index::publish(instrument, exact))
}

fn dimension(
    key: &'static str,
    instrument: &Instrument,
    survey: &Survey,
    groups: &Groups,
    total: &Sums,
    limits: Limits<'_>,
) -> LabelledDimension {
    let field = instrument.profile.iter().find(|f| f.key == key);
    let choices = || field.into_iter().flat_map(|f| &f.choices);
    let services = || survey.service_populations.iter().filter(|_| key == SERVICE);
    let codes: Vec<&str> = choices()
        .map(|c| c.code.as_str())
        .chain(services().map(|s| s.service.as_str()))
        .collect();
    LabelledDimension {
        key,
        label: match field {
            Some(field) => field.label.clone(),
            None if key == SERVICE => SERVICE_LABEL.to_owned(),
            None => key.to_owned(),
        },
        labels: choices().map(|c| (c.code.clone(), c.label.clone())).collect(),
        dimension: groups::publish(&codes, groups, total, limits),
    }
}

fn services(survey: &Survey, dimensions: &[LabelledDimension], open: bool) -> Vec<ServiceSample> {
    let shown = dimensions.iter().find(|d| d.key == SERVICE).map(|d| &d.dimension);
    let respondents = |service: &str| {
        let dimension = shown?;
        match dimension.groups.iter().find(|g| g.key == service) {
            Some(group) => group.sums.as_ref().map(|s| s.respondents),
            // A missing group means 0 respondents only when missing groups are not withheld.
            None if dimension.incomplete && (open || dimension.groups.is_empty()) => None,
            None => Some(0),
        }
    };
    let declared = survey.service_populations.iter();
    declared
        .map(|declared| ServiceSample {
            service: declared.service.clone(),
            population: declared.population,
            minimum: survey.service_minimum(&declared.service).unwrap_or(1),
            respondents: respondents(&declared.service),
        })
        .collect()
}

fn quality(
    instrument: &Instrument,
    survey: &Survey,
    rule: &'static Rule,
    flagged: Flagged,
    total: &Sums,
    (minimum_cell, stepped): (i64, bool),
) -> Quality {
    let mut rest = total.clone();
    rest.subtract(&flagged.sums);
    // The difference of the two indexes reveals the answers of the flagged, the second index those of the others.
    // Who is flagged depends on who comes later, so that the flagged of an open survey have no first members who stay.
    let few = |people: i64| 0 < people && people < minimum_cell;
    let hidden = stepped || few(flagged.sums.respondents) || few(rest.respondents);
    Quality {
        rule,
        index_with: published(instrument, survey, total),
        index_without: published(instrument, survey, &rest).filter(|_| !hidden),
        flagged,
    }
}

fn elements(stored: &Stored, outcome: &Outcome, total: &Sums) -> (Vec<Element>, Vec<usize>, Vec<usize>) {
    let means: Vec<Option<Rational>> = total
        .elements
        .iter()
        .map(|tally: &Tally| index::element_mean(tally))
        .collect();
    let (strongest, weakest) = importance::extremes(&means);
    let coordinates: Vec<Coordinates> = (0..)
        .zip(means)
        .map(|(at, performance)| Coordinates {
            performance,
            importance: outcome
                .moments
                .importance(at)
                .as_ref()
                .map(importance::coefficient),
        })
        .collect();
    let quadrants = importance::quadrants(&coordinates);
    let elements = stored.survey.asked.iter().zip(coordinates).zip(quadrants);
    let elements = elements
        .map(|((asked, coordinates), quadrant)| Element {
            key: asked.key.clone(),
            coordinates,
            quadrant,
        })
        .collect();
    (elements, strongest, weakest)
}
