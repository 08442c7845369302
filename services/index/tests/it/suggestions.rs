//! Facts from the other services, from the bus to suggested levels.

use std::time::Duration;

use prima_index::{
    derived,
    domain::{
        instrument,
        suggestion::{self, Suggested},
    },
};
use prima_platform::{
    bus::{Bus, Event},
    testing::eventually,
};
use prima_proto::{
    event::v1::{
        AwardFacts, CompetitionEntryFacts, InnovationFacts, InnovationPortfolioState, MediumState,
        PublicServiceState, ServiceCharterState, ServiceStandardState, SurveyFollowUpState,
        SurveyMediumState, SurveyResultState, UnitState,
    },
    index::v1 as pb,
    name, subject,
};
use prost::Message;

use crate::{fixture::*, setup};

const DEADLINE: Duration = Duration::from_secs(10);

/// The unit of the tests.
pub fn unit() -> name::Unit {
    name::Unit::parse("agencies/3271/units/dpmptsp").unwrap()
}

fn survey() -> name::Survey {
    name::Survey::parse("agencies/3271/units/dpmptsp/surveys/skm-2023").unwrap()
}

/// The unit as the directory would publish it: with a whole standard that is public on SIPPN and in the given media.
fn directory(media: &[&str]) -> UnitState {
    let medium = |kind: &&str| MediumState {
        kind: (*kind).to_owned(),
        electronic: *kind != "media-cetak",
        since_date: "2023-02-01".into(),
    };
    UnitState {
        name: unit().to_string(),
        display_name: "DPMPTSP Kota Bogor".into(),
        unit_type: "dpmptsp".into(),
        services: vec![PublicServiceState {
            id: "nib".into(),
            display_name: "Nomor Induk Berusaha".into(),
            standard: Some(ServiceStandardState {
                components: 14,
                delivery_published: 6,
                enact_date: "2023-01-15".into(),
                involvement_dates: vec!["2022-12-01".into()],
                monitor_dates: vec!["2024-02-01".into()],
                review_dates: vec!["2022-09-01".into()],
                media: media.iter().map(medium).collect(),
                sippn_date: "2023-03-01".into(),
                involved_groups: vec!["pengguna".into()],
            }),
        }],
        charter: Some(ServiceCharterState {
            sign_date: "2023-01-15".into(),
            complete: true,
            media: vec![medium(&"media-cetak")],
        }),
        ..UnitState::default()
    }
}

/// The survey of 2023 as its service would publish it; `published` is empty while its result is not public.
fn result(published: &str) -> SurveyResultState {
    let medium = |kind: &str, electronic| SurveyMediumState {
        kind: kind.into(),
        link: String::new(),
        electronic,
    };
    let media = match published {
        "" => vec![],
        _ => vec![medium("media-cetak", false), medium("situs-web", true)],
    };
    let item = |id: &str, done: &str| SurveyFollowUpState {
        id: id.into(),
        element: "time".into(),
        quarter: "2024-q1".into(),
        create_date: "2024-01-20".into(),
        done_date: done.into(),
    };
    SurveyResultState {
        name: survey().to_string(),
        period: "2023".into(),
        instrument: "skm-2017".into(),
        respondents: 120,
        minimum_respondents: 97,
        sample_met: true,
        min_score: 1,
        max_score: 4,
        instrument_elements_asked: 9,
        instrument_elements: 9,
        publish_date: published.into(),
        media,
        follow_ups: vec![item("a", "2024-02-10"), item("b", "2024-03-10")],
        ..SurveyResultState::default()
    }
}

/// Puts a state on the bus as `service` would.
pub async fn publish(t: &World, service: &str, subject: &str, version: i64, payload: Option<Vec<u8>>) {
    t.bus.ensure_stream(service).await.unwrap();
    let last = t.bus.last(service, subject).await.unwrap();
    let event = Event {
        subject: subject.to_owned(),
        event_type: "prima.test".into(),
        revision: 1,
        version,
        withdrawn: payload.is_none(),
        payload: payload.unwrap_or_default(),
        time: String::new(),
        traceparent: None,
        origin: None,
    };
    let expected = last.map_or(0, |head| head.sequence);
    t.bus.publish(service, &event, expected).await.unwrap();
}

async fn publish_unit(t: &World, version: i64, state: &UnitState) {
    let payload = Some(state.encode_to_vec());
    publish(t, "directory", &subject::unit(&unit()), version, payload).await;
}

async fn publish_survey(t: &World, version: i64, state: &SurveyResultState) {
    let payload = Some(state.encode_to_vec());
    publish(t, "survey", &subject::survey_result(&survey()), version, payload).await;
}

/// The suggestions for the unit on 30 June 2024.
pub async fn suggested(t: &World) -> Vec<Suggested> {
    let facts = derived::facts_of(t.db.reader(), &unit()).await.unwrap();
    let (instrument, _) = instrument::built_in()
        .iter()
        .find(|(i, _)| i.id == "pekppp-2022")
        .unwrap();
    let date = "2024-06-30".parse().unwrap();
    suggestion::suggest(instrument, "offline", &facts, date)
}

/// Waits until `indicator` is suggested this level.
pub async fn level(t: &World, indicator: &str, expected: Option<u32>) -> Suggested {
    let found = eventually(DEADLINE, async || {
        let all = suggested(t).await;
        all.into_iter()
            .find(|s| s.indicator == indicator && s.level == expected)
    });
    let found = found.await;
    let now = suggested(t).await;
    assert!(found.is_some(), "{indicator} is not {expected:?}: {now:?}");
    found.unwrap()
}

#[tokio::test]
async fn without_facts_nothing_is_suggested_and_no_operation_waits() {
    on_each_database(async |t| {
        let all = suggested(&t).await;
        assert_eq!(all.len(), 14);
        assert!(all.iter().all(|s| s.level.is_none() && s.figures.is_empty()));
    })
    .await;
}

#[tokio::test]
async fn live_data_moves_suggested_levels() {
    on_each_database(async |t| {
        publish_unit(&t, 10, &directory(&["situs-web", "media-cetak", "videotron"])).await;
        let standard = level(&t, "service_standard_availability", Some(5)).await;
        assert_eq!(standard.origins.len(), 1);
        assert_eq!(
            (standard.origins[0].subject.as_str(), standard.origins[0].version),
            ("prima.directory.unit.3271.dpmptsp", 10)
        );
        let all = suggested(&t).await;
        let levels: Vec<(&str, Option<u32>)> = all
            .iter()
            .filter(|s| s.level.is_some())
            .map(|s| (s.indicator.as_str(), s.level))
            .collect();
        assert_eq!(
            levels,
            [
                ("service_standard_availability", Some(5)),
                ("standard_publication_media", Some(4)),
                ("standard_periodic_review", Some(3)),
                ("service_charter_cycle", Some(4)),
                ("operational_support_system", Some(1)),
            ]
        );

        publish_survey(&t, 20, &result("")).await;
        level(&t, "satisfaction_survey_compliance", Some(2)).await;
        level(&t, "survey_publication_media", Some(0)).await;
        publish_survey(&t, 21, &result("2024-01-15")).await;
        let execution = level(&t, "satisfaction_survey_compliance", Some(5)).await;
        assert_eq!(execution.origins[0].version, 21);
        level(&t, "survey_publication_media", Some(2)).await;
        level(&t, "survey_followup_completion", Some(5)).await;
        level(&t, "survey_followup_speed", Some(4)).await;
        // Without facts of complaints and innovations there is no level, not even the lowest.
        for s in suggested(&t).await {
            let published = !s.metric.starts_with("complaint.") && !s.metric.starts_with("innovation.");
            assert_eq!(s.level.is_some(), published, "{s:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_suggestion_is_shown_beside_the_given_level() {
    on_each_database(async |t| {
        publish_unit(&t, 10, &directory(&["situs-web", "media-cetak"])).await;
        level(&t, "service_charter_cycle", Some(4)).await;
        let (instrument, _) = instrument::built_in()
            .iter()
            .find(|(i, _)| i.id == "pekppp-2022")
            .unwrap();
        let date = "2024-06-30".parse().unwrap();
        let cycle = pb::Cycle {
            evaluation_date: "2024-06-30".into(),
            ..setup::cycle()
        };
        setup::open(&t, "c", cycle).await;
        let assessment = setup::enroll(&t, "c", "dpmptsp", "online").await;
        t.after_hours(setup::F02_OPENS);
        for (evaluator, level) in [("e", 3), ("f", 4)] {
            let keys = ["service_charter_cycle", "complaint_followup"];
            let given = keys.map(|key| (key.to_owned(), level));
            setup::evaluate(&t, evaluator, evaluator, &assessment, &given).await;
        }
        let request = operator(pb::ListSuggestionsRequest { assessment });
        let answer = t.assessment.clone().list_suggestions(request).await;
        let listed = answer.unwrap().into_inner().suggestions;
        assert_eq!(listed.len(), 14);
        let find = |key: &str| listed.iter().find(|s| s.indicator == key).unwrap();
        let charter = find("service_charter_cycle");
        assert_eq!(
            (
                charter.level,
                charter.given_level.as_str(),
                charter.difference.as_str()
            ),
            (Some(4), "7/2", "-0.50")
        );
        assert_eq!(charter.events, ["prima.directory.unit.3271.dpmptsp@10"]);
        let figures: Vec<(&str, &str)> = charter
            .figures
            .iter()
            .map(|f| (f.field.as_str(), f.value.as_str()))
            .collect();
        assert_eq!(
            figures,
            [
                ("exists", "true"),
                ("enacted", "true"),
                ("compliant", "true"),
                ("published_print", "true"),
                ("published_electronic", "false")
            ]
        );
        let complaint = find("complaint_followup");
        assert_eq!(
            (
                complaint.level,
                complaint.given_level.as_str(),
                complaint.difference.as_str()
            ),
            (None, "7/2", "")
        );
        assert_eq!(
            suggestion::suggest(instrument, "neither", &Default::default(), date),
            []
        );
    })
    .await;
}

#[tokio::test]
async fn a_newer_state_replaces_the_older_and_a_withdrawn_one_is_deleted() {
    on_each_database(async |t| {
        publish_unit(&t, 10, &directory(&["situs-web", "media-cetak"])).await;
        publish_survey(&t, 5, &result("2024-01-15")).await;
        level(&t, "standard_publication_media", Some(3)).await;
        level(&t, "survey_publication_media", Some(2)).await;
        publish_unit(&t, 11, &directory(&["situs-web"])).await;
        let lowest = level(&t, "standard_publication_media", Some(1)).await;
        assert!(lowest.interpretation);
        assert_eq!(t.count("fact").await, 2);
        publish(&t, "survey", &subject::survey_result(&survey()), 6, None).await;
        level(&t, "survey_publication_media", None).await;
        level(&t, "standard_publication_media", Some(1)).await;
        assert_eq!(t.count("fact").await, 1);
    })
    .await;
}

#[tokio::test]
async fn any_order_of_events_suggests_the_same() {
    on_each_database(async |t| {
        publish_survey(&t, 20, &result("2024-01-15")).await;
        publish_unit(&t, 10, &directory(&["situs-web", "media-cetak"])).await;
        level(&t, "survey_publication_media", Some(2)).await;
        level(&t, "service_standard_availability", Some(5)).await;
        let first = suggested(&t).await;
        // The bus lost everything; what the services publish again comes in another order.
        t.bus.lose_everything();
        publish_unit(&t, 10, &directory(&["situs-web", "media-cetak"])).await;
        publish_survey(&t, 20, &result("2024-01-15")).await;
        publish_unit(&t, 12, &directory(&["situs-web"])).await;
        level(&t, "standard_publication_media", Some(1)).await;
        publish_unit(&t, 13, &directory(&["situs-web", "media-cetak"])).await;
        level(&t, "standard_publication_media", Some(3)).await;
        let levels = |all: &[Suggested]| -> Vec<_> {
            all.iter()
                .map(|s| (s.indicator.clone(), s.level, s.figures.clone()))
                .collect()
        };
        assert_eq!(levels(&suggested(&t).await), levels(&first));
    })
    .await;
}

#[tokio::test]
async fn an_unreadable_state_becomes_a_dead_letter() {
    on_each_database(async |t| {
        publish(
            &t,
            "survey",
            &subject::survey_result(&survey()),
            3,
            Some(vec![0xff]),
        )
        .await;
        publish_unit(&t, 10, &directory(&["situs-web"])).await;
        level(&t, "service_standard_availability", Some(5)).await;
        let dead = eventually(DEADLINE, async || {
            (t.count("dead_letter").await == 1).then_some(())
        });
        assert_eq!(dead.await, Some(()));
        assert_eq!(t.count("fact").await, 1);
        publish_survey(&t, 4, &result("")).await;
        level(&t, "survey_publication_media", Some(0)).await;
        assert_eq!(t.count("dead_letter").await, 0);
    })
    .await;
}

/// The portfolio of a year with one innovation that began on 1 June 2023.
fn portfolio(period: &str, stop_date: &str, supports: &[&str]) -> InnovationPortfolioState {
    InnovationPortfolioState {
        unit: unit().to_string(),
        period: period.into(),
        innovations: vec![InnovationFacts {
            name: format!("{}/innovations/sipandu", unit()),
            status: if stop_date.is_empty() {
                "implemented"
            } else {
                "stopped"
            }
            .into(),
            start_date: "2023-06-01".into(),
            stop_date: stop_date.into(),
            register_date: "2023-05-02".into(),
            legal_basis: "enacted".into(),
            supports: supports.iter().map(|s| (*s).to_owned()).collect(),
            ..InnovationFacts::default()
        }],
        ..InnovationPortfolioState::default()
    }
}

/// An entry of it with an award that was announced on this day.
fn entered(announce_date: &str) -> CompetitionEntryFacts {
    CompetitionEntryFacts {
        innovation: format!("{}/innovations/sipandu", unit()),
        state: "competing".into(),
        submit_date: "2024-03-20".into(),
        awards: vec![AwardFacts {
            year: 2024,
            award: "top-45".into(),
            announce_date: announce_date.into(),
        }],
        ..CompetitionEntryFacts::default()
    }
}

#[tokio::test]
async fn a_portfolio_moves_the_suggestions_for_innovation() {
    on_each_database(async |t| {
        let (creation, resources) = ("innovation_creation", "innovation_sustainability_resources");
        let publish = async |version, state: &InnovationPortfolioState| {
            let subject = subject::innovation_portfolio(&unit(), &state.period);
            publish(&t, "innovation", &subject, version, Some(state.encode_to_vec())).await;
        };
        assert!(suggested(&t).await.iter().all(|s| s.level.is_none()));
        let learnt = InnovationPortfolioState {
            learning_dates: vec!["2022-11-08".into()],
            period: "2022".into(),
            ..InnovationPortfolioState::default()
        };
        publish(10, &learnt).await;
        level(&t, creation, Some(1)).await;
        level(&t, resources, Some(0)).await;
        publish(20, &portfolio("2023", "", &[])).await;
        level(&t, creation, Some(3)).await;
        level(&t, resources, Some(2)).await;
        // The award comes after the date of evaluation.
        let mut newest = portfolio("2024", "", &["budget", "people"]);
        newest.entries = vec![entered("2024-07-01")];
        publish(30, &newest).await;
        let found = level(&t, creation, Some(4)).await;
        let versions: Vec<i64> = found.origins.iter().map(|o| o.version).collect();
        assert_eq!(versions, [30, 20, 10]);
        let figures: Vec<String> = found.figures.iter().map(|(_, v)| v.text()).collect();
        assert_eq!(figures, ["1", "true", "12", "true", "false"]);
        level(&t, resources, Some(4)).await;
        newest.entries = vec![entered("2024-06-30")];
        publish(31, &newest).await;
        level(&t, creation, Some(5)).await;
        // The state of the year after does not count yet; the end of the innovation does.
        publish(40, &portfolio("2025", "", &["budget", "people", "facilities"])).await;
        publish(32, &portfolio("2024", "2024-06-29", &["budget", "people"])).await;
        level(&t, creation, Some(1)).await;
        level(&t, resources, Some(0)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn units_of_one_type_have_a_mean() {
    on_each_database(async |mut t| {
        let cycle = pb::Cycle {
            under_minimum_policy: "score_zero".into(),
            evaluation_window: setup::window(-1, 1),
            objection_window: None,
            ..setup::cycle()
        };
        setup::open(&t, "c", cycle).await;
        for (id, level) in [("dpmptsp", 4), ("rsud", 2)] {
            let name = setup::enroll(&t, "c", id, "offline").await;
            setup::evaluate(&t, "e", id, &name, &setup::all("offline", level)).await;
        }
        setup::enroll(&t, "c", "samsat", "offline").await;
        // 0.75 of the level, because F-03 has no answers.
        let unknown = ("cycles/c/unitTypes/unknown", "2.25", 2, 3);
        assert_eq!(groups(&mut t).await, [unknown]);
        publish_unit(&t, 1, &directory(&[])).await;
        let shown = eventually(DEADLINE, || {
            let mut t = t.client.clone();
            async move {
                let answer = t.list_indexes(operator(types())).await.ok()?;
                (answer.into_inner().indexes.len() == 2).then_some(())
            }
        });
        shown.await.unwrap();
        let known = ("cycles/c/unitTypes/dpmptsp", "3.00", 1, 1);
        let rest = ("cycles/c/unitTypes/unknown", "1.50", 1, 2);
        assert_eq!(groups(&mut t).await, [known, rest]);
    })
    .await;
}

fn types() -> pb::ListIndexesRequest {
    pb::ListIndexesRequest {
        parent: "cycles/c/unitTypes/-".into(),
        ..Default::default()
    }
}

/// Name, index, units counted and expected of each group.
async fn groups(t: &mut World) -> Vec<(&'static str, &'static str, i64, i64)> {
    let answer = t
        .client
        .list_indexes(operator(types()))
        .await
        .unwrap()
        .into_inner();
    let group = |i: pb::IndexSummary| {
        (
            &*i.name.leak(),
            &*i.index.leak(),
            i.units_counted,
            i.units_expected,
        )
    };
    answer.indexes.into_iter().map(group).collect()
}
