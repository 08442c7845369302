//! From the payloads of kept events to facts.

use chrono::NaiveDate;
use prima_platform::clock::from_proto;
use prima_proto::{
    event::v1::{
        AwardFacts, CompetitionEntryFacts, ComplaintPerformanceState, InnovationFacts,
        InnovationPortfolioState, MediumState, ServiceStandardState, SurveyResultState, UnitState,
    },
    period::jakarta_day,
};
use prost::{DecodeError, Message};

use crate::{
    domain::{
        complaint::{Channel, Desk, Performance},
        facts::{Charter, Facts, FollowUp, Medium, Origin, Standard, Survey, Unit},
        portfolio::{Innovation, LegalBasis, Of, Portfolio},
    },
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
            "innovation" => {
                let state = InnovationPortfolioState::decode(fact.payload.as_slice())?;
                if let Ok(year) = state.period.parse() {
                    facts.portfolios.insert(year, portfolio(origin, year, state));
                }
            }
            "complaint" => {
                let state = ComplaintPerformanceState::decode(fact.payload.as_slice())?;
                if let Ok(year) = state.period.parse() {
                    facts.complaints.insert(year, performance(origin, state));
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

/// What is known by its year alone counts from the year's last day.
fn day_or_year(text: &str, year: i32) -> Option<NaiveDate> {
    day(text).or_else(|| NaiveDate::from_ymd_opt(year, 12, 31))
}

fn innovation(state: InnovationFacts) -> Innovation {
    let kinds = ["budget", "facilities", "people"];
    let has = |kind: &&str| state.supports.iter().any(|s| s == kind);
    let started = day(&state.start_date);
    Innovation {
        legal_basis: match state.legal_basis.as_str() {
            "enacted" => LegalBasis::Enacted,
            "draft" => LegalBasis::Draft,
            _ => LegalBasis::None,
        },
        supports: kinds.iter().filter(|kind| has(kind)).count(),
        designed: day(&state.register_date).filter(|_| started.is_some() || state.status == "preparation"),
        started,
        stopped: day(&state.stop_date),
        name: state.name,
    }
}

/// Whether the agency handed it in, and nobody took it back.
fn entered(entry: &CompetitionEntryFacts) -> bool {
    let states = ["submitted", "competing", "rejected", "eliminated"];
    states.contains(&entry.state.as_str())
}

fn portfolio(origin: Origin, year: i32, state: InnovationPortfolioState) -> Portfolio {
    let won = |innovation: &str, awards: &[AwardFacts]| {
        let days = awards
            .iter()
            .filter_map(|a| day_or_year(&a.announce_date, a.year));
        let of = |on| Of {
            innovation: innovation.to_owned(),
            on,
        };
        days.map(of).collect::<Vec<Of>>()
    };
    let former = state.innovations.iter().map(|i| won(&i.name, &i.former_awards));
    let awards = former.chain(state.entries.iter().map(|e| won(&e.innovation, &e.awards)));
    let entries = state.entries.iter().filter(|e| entered(e)).filter_map(|e| {
        Some(Of {
            innovation: e.innovation.clone(),
            on: day_or_year(&e.submit_date, year)?,
        })
    });
    // Who takes over the innovation of another unit learns by it.
    let adopted = state.taken.iter().filter_map(|t| day(&t.adopt_date));
    Portfolio {
        origin,
        entries: entries.collect(),
        awards: awards.flatten().collect(),
        learning: adopted.chain(days(&state.learning_dates)).collect(),
        innovations: state.innovations.into_iter().map(innovation).collect(),
    }
}

fn performance(origin: Origin, state: ComplaintPerformanceState) -> Performance {
    let count = |n: i64| usize::try_from(n).unwrap_or_default();
    let hours = [&state.slowest_response_hours, &state.slowest_consultation_hours];
    let channels = state.channels.into_iter().filter_map(|c| {
        Some(Channel {
            since: day(&c.since_date)?,
            until: day(&c.until_date),
            online: c.online,
            kind: c.kind,
        })
    });
    let records = state.records.into_iter();
    Performance {
        origin,
        received: count(state.received),
        merged: count(state.merged),
        archived: count(state.archived),
        resolved: count(state.resolved),
        sp4n: count(state.sp4n),
        sp4n_archived: count(state.sp4n_archived),
        sp4n_resolved: count(state.sp4n_resolved),
        consultations: count(state.consultations),
        consultations_completed: count(state.consultations_completed),
        slowest_hours: hours.into_iter().filter_map(|text| text.parse().ok()).max(),
        desk: Desk {
            channels: channels.collect(),
            separate_since: day(&state.separate_since_date),
            sp4n_since: day(&state.sp4n_since_date),
            records: records.filter_map(|r| Some((r.kind, day(&r.date)?))).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use prima_proto::event::v1::{
        PublicServiceState, ServiceCharterState, SurveyFollowUpState, SurveyMediumState,
    };
    use proptest::prelude::*;

    use super::*;
    use crate::{app::suggestions::suggest, domain::instrument};

    fn kept(service: &str, subject: &str, version: i64, state: &impl Message) -> Fact {
        Fact {
            subject: subject.into(),
            service: service.into(),
            version,
            payload: state.encode_to_vec(),
        }
    }

    fn told(number: i64, respondents: i64, published: bool) -> Fact {
        let name = format!("agencies/3271/units/dpmptsp/surveys/skm-{number}");
        let state = SurveyResultState {
            period: format!("{}-q{}", 2022 + number / 4, number % 4 + 1),
            instrument: "skm-2017".into(),
            respondents,
            sample_met: respondents > 20,
            min_score: 1,
            max_score: 4,
            instrument_elements_asked: 9,
            instrument_elements: 9,
            publish_date: if published {
                "2024-02-01".into()
            } else {
                String::new()
            },
            media: vec![SurveyMediumState {
                kind: format!("kind-{number}"),
                electronic: number % 2 == 0,
                ..SurveyMediumState::default()
            }],
            follow_ups: vec![SurveyFollowUpState {
                create_date: "2024-02-02".into(),
                done_date: "2024-04-02".into(),
                ..SurveyFollowUpState::default()
            }],
            name: name.clone(),
            ..SurveyResultState::default()
        };
        kept("survey", &name, number, &state)
    }

    fn shows(year: i32, start: i32) -> Fact {
        let state = InnovationPortfolioState {
            period: year.to_string(),
            innovations: vec![InnovationFacts {
                start_date: format!("{start}-05-01"),
                legal_basis: "enacted".into(),
                ..InnovationFacts::default()
            }],
            ..InnovationPortfolioState::default()
        };
        let subject = format!("prima.innovation.portfolio.3271.dpmptsp.{year}");
        kept("innovation", &subject, i64::from(year), &state)
    }

    fn heard(year: i32) -> Fact {
        let state = ComplaintPerformanceState {
            period: year.to_string(),
            received: 10,
            resolved: i64::from(year - 2015),
            slowest_response_hours: "70".into(),
            sp4n_since_date: format!("{year}-02-01"),
            ..ComplaintPerformanceState::default()
        };
        let subject = format!("prima.complaint.performance.3271.dpmptsp.{year}");
        kept("complaint", &subject, i64::from(year), &state)
    }

    #[test]
    fn the_slower_of_reports_and_consultations_counts() {
        let state = |report: &str, consultation: &str| ComplaintPerformanceState {
            slowest_response_hours: report.into(),
            slowest_consultation_hours: consultation.into(),
            ..ComplaintPerformanceState::default()
        };
        for (report, consultation, slowest) in [
            ("", "", None),
            ("9", "", Some(9)),
            ("9", "10", Some(10)),
            ("", "0", Some(0)),
        ] {
            let told = performance(Origin::default(), state(report, consultation));
            assert_eq!(told.slowest_hours, slowest);
        }
    }

    fn directory() -> Fact {
        let state = UnitState {
            services: vec![PublicServiceState {
                standard: Some(ServiceStandardState {
                    components: 14,
                    enact_date: "2023-01-01".into(),
                    ..ServiceStandardState::default()
                }),
                ..PublicServiceState::default()
            }],
            charter: Some(ServiceCharterState::default()),
            ..UnitState::default()
        };
        kept("directory", "prima.directory.unit.3271.dpmptsp", 9, &state)
    }

    #[test]
    fn a_survey_ends_when_it_is_closed_or_when_its_time_is_over() {
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let ended = |closed_at, close_time| {
            let state = SurveyResultState {
                period: "2024".into(),
                // 23:00 in Jakarta on 31 December, an hour before the new year.
                open_time: at(1_704_038_400),
                closed_at,
                close_time,
                ..SurveyResultState::default()
            };
            let survey = survey(Origin::default(), state).unwrap();
            assert_eq!(survey.opened, day("2023-12-31"));
            survey.ended
        };
        // 17:00 UTC is midnight of the next day in Jakarta.
        let (first, second) = (at(1_717_261_199), at(1_717_261_200));
        assert_eq!(ended(None, None), None);
        assert_eq!(ended(first, None), day("2024-06-01"));
        assert_eq!(ended(second, None), day("2024-06-02"));
        assert_eq!(ended(second, first), day("2024-06-01"));
    }

    #[test]
    fn what_has_a_year_alone_counts_from_its_last_day_and_what_was_not_handed_in_never() {
        let award = |announce_date: &str| AwardFacts {
            year: 2022,
            announce_date: announce_date.into(),
            ..AwardFacts::default()
        };
        let entry = |state: &str, submit_date: &str| CompetitionEntryFacts {
            innovation: "a".into(),
            state: state.into(),
            submit_date: submit_date.into(),
            awards: vec![award("2022-08-01")],
            ..CompetitionEntryFacts::default()
        };
        let state = InnovationPortfolioState {
            innovations: vec![InnovationFacts {
                name: "a".into(),
                status: "idea".into(),
                register_date: "2022-02-01".into(),
                legal_basis: "draft".into(),
                supports: vec!["budget".into(), "people".into(), "budget".into()],
                former_awards: vec![award("")],
                ..InnovationFacts::default()
            }],
            entries: vec![
                entry("rejected", "2022-03-01"),
                entry("competing", ""),
                entry("withdrawn", "2022-03-01"),
                entry("lapsed", ""),
            ],
            ..InnovationPortfolioState::default()
        };
        let told = portfolio(Origin::default(), 2022, state);
        let days = |list: &[Of]| list.iter().map(|o| o.on.to_string()).collect::<Vec<_>>();
        assert_eq!(days(&told.entries), ["2022-03-01", "2022-12-31"]);
        assert_eq!(days(&told.awards)[..2], ["2022-12-31", "2022-08-01"]);
        let one = &told.innovations[0];
        assert_eq!(
            (one.designed, one.legal_basis, one.supports),
            (None, LegalBasis::Draft, 2)
        );
    }

    #[test]
    fn a_payload_that_cannot_be_read_is_an_error() {
        let mut broken = directory();
        broken.payload = vec![0xff];
        assert!(facts([&broken]).is_err());
    }

    proptest! {
        #[test]
        fn suggestions_do_not_depend_on_the_order_of_events(
            surveys in proptest::collection::vec((0..60i64, any::<bool>()), 1..6),
            starts in proptest::collection::vec(2019..2026i32, 0..4),
            seed in proptest::collection::vec(any::<u32>(), 13),
        ) {
            let mut kept = vec![directory()];
            kept.extend((0..).zip(surveys).map(|(n, (respondents, published))| told(n, respondents, published)));
            kept.extend((2021..).zip(starts).map(|(year, start)| shows(year, start)));
            kept.extend((2022..2025).map(heard));
            let date = day("2024-06-30").unwrap();
            let (instrument, _) = instrument::built_in().iter().find(|(i, _)| i.id == "pekppp-2022").unwrap();
            let before = suggest(instrument, "online", &facts(&kept).unwrap(), date);
            prop_assert!(before.iter().any(|s| s.level.is_some()));
            let mut order: Vec<(u32, Fact)> = seed.into_iter().zip(kept).collect();
            order.sort_by_key(|(key, _)| *key);
            let shuffled: Vec<Fact> = order.into_iter().map(|(_, fact)| fact).collect();
            prop_assert_eq!(suggest(instrument, "online", &facts(&shuffled).unwrap(), date), before);
        }
    }
}
