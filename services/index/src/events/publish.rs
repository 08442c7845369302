//! Renders the published states: scores of units and agencies.

use prima_platform::{number, outbox::State};
use prima_proto::{
    name,
    score::{self, Figures, Key, MEAN_OF_UNITS, Score},
};

use crate::{
    domain::{
        band::Published,
        cycle::Cycle,
        external::{opinion, shown},
        instrument::Policy,
        level::Inputs,
        score::{F02, F03, Index},
    },
    store::{AgencyIndex as AgencyRow, ExternalScore as Row},
};

/// Name of the service, its schema, its stream and the subjects of its scores.
pub const NAME: &str = "index";
/// The revision of the rendering; it is raised when the same state is rendered differently.
const REVISION: i64 = 2;

fn scored(event: score::Event, version: i64) -> State {
    State::new(event.subject, event.event_type, REVISION, version, event.payload)
}

fn figures(published: &Published, instrument: &str, settled: bool) -> Figures {
    Figures {
        exact: number::exact(&published.exact),
        fraction: number::fraction(&published.exact),
        value: published.value.clone(),
        category: published.category.clone(),
        instrument: instrument.to_owned(),
        settled,
    }
}

/// A recorded score: it is settled, and labelled as recorded. Without a value it has only its category.
pub fn external(row: &Row, subject: &name::Subject, published: &Published) -> State {
    let key = Key::new(NAME, &row.metric, &row.period, subject.clone());
    let mut figures = figures(published, &row.era, true);
    if figures.value.is_empty() {
        (figures.exact, figures.fraction) = (String::new(), String::new());
    }
    let parts = row.parts().into_iter().filter_map(|(key, score)| {
        let value = number::parse_decimal(&score)?;
        Some((key, number::decimal(&value, COMPONENT_DECIMALS)))
    });
    let name = opinion(&shown(published), row.no_maladministration != 0);
    let score = key.score(figures).components(parts);
    let score = score.category_display_name(name).recorded(true);
    scored(score.event(), row.version)
}

fn key(cycle: &Cycle, subject: impl Into<name::Subject>) -> Key {
    Key::new(NAME, cycle.scheme.metric(), &cycle.year, subject)
}

/// The parts that all scores of a cycle have in common.
fn of_cycle(cycle: &Cycle, key: Key, published: &Published) -> Score {
    key.score(figures(published, &cycle.instrument, cycle.final_at.is_some()))
}

/// Decimals of a component.
const COMPONENT_DECIMALS: u32 = 4;

/// The score of a unit in a cycle; withdrawn while the unit has no index. The score names the minimum sample only
/// under the policy by which too few respondents leave the unit without an index.
pub fn unit_index(cycle: &Cycle, unit: &name::Unit, version: i64, inputs: &Inputs, index: &Index) -> State {
    let key = key(cycle, unit);
    let Some(published) = &index.published else {
        return scored(key.withdrawn(), version);
    };
    let parts = [F02, F03].map(|key| (key, index.part(key)));
    let aspects = index.aspects();
    let aspects = aspects
        .iter()
        .map(|node| (node.key.as_str(), node.value.as_ref()));
    let components = aspects.chain(parts);
    let components =
        components.filter_map(|(key, value)| Some((key, number::decimal(value?, COMPONENT_DECIMALS))));
    let respondents = inputs.f03.as_ref().map_or(0, |f| f.respondents);
    let minimum = match inputs.policy {
        Policy::Incomplete => inputs.minimum_respondents,
        Policy::ScoreZero | Policy::UseAvailable => 0,
    };
    let score = of_cycle(cycle, key, published)
        .components(components)
        .coefficients(
            index
                .coefficients()
                .into_iter()
                .map(|(key, value)| (key, number::fraction(&value))),
        )
        .sample(respondents, minimum);
    scored(score.event(), version)
}

/// The score of an agency in a cycle; withdrawn while none of its units has an index.
pub fn agency_index(cycle: &Cycle, row: &AgencyRow, published: Option<&Published>) -> State {
    let agency = name::Agency {
        agency: row.agency.clone(),
    };
    let key = key(cycle, &agency);
    let event = match published {
        Some(published) => of_cycle(cycle, key, published)
            .units(row.counted, row.expected, MEAN_OF_UNITS)
            .event(),
        None => key.withdrawn(),
    };
    scored(event, row.version)
}
