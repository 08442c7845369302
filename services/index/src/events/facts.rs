//! From the payloads of kept events to facts.

use chrono::NaiveDate;
use prima_platform::clock::from_proto;
use prima_proto::{
    event::v1::{MediumState, ServiceStandardState, SurveyResultState, UnitState},
    period::jakarta_day,
};
use prost::{DecodeError, Message};

use crate::{
    domain::facts::{Charter, Facts, FollowUp, Medium, Origin, Standard, Survey, Unit},
    store::fact::Fact,
};

/// The facts that the kept events of one unit tell, in whatever order they come.
///
/// # Errors
///
/// A payload can't be read; those that come from the bus were read once before they were kept.
pub fn facts<'a>(kept: impl IntoIterator<Item = &'a Fact>) -> Result<Facts, DecodeError> {
    let mut facts = Facts::default();
    for fact in kept {
        let origin = Origin {
            subject: fact.subject.clone(),
            version: fact.version,
        };
        match fact.service.as_str() {
            "directory" => facts.unit = Some(unit(origin, UnitState::decode(fact.payload.as_slice())?)),
            "survey" => {
                let state = SurveyResultState::decode(fact.payload.as_slice())?;
                let name = state.name.clone();
                // A period that is none can't be placed in time.
                if let Some(survey) = survey(origin, state) {
                    facts.surveys.insert(name, survey);
                }
            }
            _ => {}
        }
    }
    Ok(facts)
}

/// A day `YYYY-MM-DD`; `None` when there is none.
fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok()
}

fn days(texts: &[String]) -> Vec<NaiveDate> {
    texts.iter().filter_map(|t| day(t)).collect()
}

fn media(media: Vec<MediumState>) -> Vec<Medium> {
    let medium = |m: MediumState| {
        Some(Medium {
            since: day(&m.since_date)?,
            kind: m.kind,
            electronic: m.electronic,
        })
    };
    media.into_iter().filter_map(medium).collect()
}

fn standard(state: ServiceStandardState) -> Standard {
    Standard {
        components: state.components,
        delivery_published: state.delivery_published,
        enacted: day(&state.enact_date),
        involved: days(&state.involvement_dates),
        monitored: days(&state.monitor_dates),
        reviewed: days(&state.review_dates),
        media: media(state.media),
        sippn: day(&state.sippn_date),
    }
}

fn unit(origin: Origin, state: UnitState) -> Unit {
    let charter = |c: prima_proto::event::v1::ServiceCharterState| Charter {
        signed: day(&c.sign_date),
        complete: c.complete,
        media: media(c.media),
    };
    let services = state.services.into_iter().map(|s| s.standard.map(standard));
    Unit {
        origin,
        services: services.collect(),
        charter: state.charter.map(charter),
    }
}

fn survey(origin: Origin, state: SurveyResultState) -> Option<Survey> {
    let at = |time: Option<prost_types::Timestamp>| time.as_ref().and_then(from_proto).map(jakarta_day);
    let follow_up = |f: prima_proto::event::v1::SurveyFollowUpState| {
        Some(FollowUp {
            planned: day(&f.create_date)?,
            done: day(&f.done_date),
        })
    };
    let (closed, closes) = (at(state.closed_at), at(state.close_time));
    Some(Survey {
        origin,
        instrument: state.instrument,
        period: state.period.parse().ok()?,
        opened: at(state.open_time),
        // It may be closed before its time, or a while after it.
        ended: match (closed, closes) {
            (Some(closed), Some(closes)) => Some(closed.min(closes)),
            (closed, closes) => closed.or(closes),
        },
        respondents: state.respondents,
        sample_met: state.sample_met,
        scale: (state.min_score, state.max_score),
        elements: (state.instrument_elements_asked, state.instrument_elements),
        published: day(&state.publish_date),
        media: state.media.into_iter().map(|m| (m.kind, m.electronic)).collect(),
        follow_ups: state.follow_ups.into_iter().filter_map(follow_up).collect(),
    })
}
