use prima_platform::testing::{eventually, served::fields};
use prima_proto::{
    event::v1::{ScoreComponent, ScoreState},
    ranking::v1 as pb,
};
use prost::Message;
use tonic::Code;

use super::list;
use crate::{
    domain::{
        Definition, LeagueTables,
        tests::{key, score, unit, unit_name},
    },
    rpc::testing::{LONG, Replica, TABLE, bus, publish, unit as announced},
};

const ASPECTS: [&str; 2] = ["time", "cost"];

/// A score with two aspects of SKM and a component that is none.
fn state(value: &str, aspects: [&str; 2], instrument: &str) -> ScoreState {
    let component = |key: &str, value: &str| ScoreComponent {
        key: key.to_owned(),
        value: value.to_owned(),
        coefficient: String::new(),
    };
    let aspects = ASPECTS.into_iter().zip(aspects);
    ScoreState {
        value: value.to_owned(),
        instrument: instrument.to_owned(),
        components: aspects
            .chain([("parking", "4.0000")])
            .map(|(key, value)| component(key, value))
            .collect(),
        ..ScoreState::default()
    }
}

async fn publish_score(bus: &prima_platform::bus::memory::Memory, at: &str, version: i64, state: ScoreState) {
    let subject = format!("prima.survey.score.{at}");
    publish(bus, &subject, version, Some(state.encode_to_vec())).await;
}

/// The awards of a table once `is_there` holds of them.
async fn listed(
    replica: &Replica,
    request: &pb::ListAwardsRequest,
    is_there: impl Fn(&[pb::Award]) -> bool,
) -> Vec<pb::Award> {
    let found = eventually(LONG, || async {
        let answer = replica.client.clone().list_awards(request.clone()).await.ok()?;
        Some(answer.into_inner().awards).filter(|awards| is_there(awards))
    });
    found.await.expect("the history has the states")
}

/// Kind, component, absence, whether the border is tied, and the winners with what the award is for.
type Shown = (
    pb::AwardKind,
    String,
    pb::AwardAbsence,
    bool,
    Vec<(String, String)>,
);

fn shown(award: &pb::Award) -> Shown {
    let winner = |winner: &pb::AwardWinner| (winner.display_name.clone(), winner.value.clone());
    assert_eq!(usize::try_from(award.winner_count).unwrap(), award.winners.len());
    assert!(!award.rule.is_empty() && !award.source.is_empty());
    (
        award.kind(),
        award.component.clone(),
        award.absence(),
        award.tied_at_border,
        award.winners.iter().map(winner).collect(),
    )
}

fn named(winners: &[(&str, &str)]) -> Vec<(String, String)> {
    winners
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn awards_follow_from_ranks_gains_and_aspects() {
    let bus = bus().await;
    for name in ["a", "b", "c", "d", "e"] {
        publish(
            &bus,
            &format!("prima.directory.unit.11.{name}"),
            1,
            Some(announced(name)),
        )
        .await;
    }
    for (name, value, aspects, before) in [
        ("a", "90.00", ["3.5000", "3.0000"], Some(("89.00", "skm-2017"))),
        ("b", "80.00", ["3.6000", "3.2000"], Some(("70.00", "skm-2014"))),
        ("c", "80.00", ["3.6000", "3.1000"], Some(("75.00", "skm-2017"))),
        ("d", "70.00", ["3.0000", "3.2500"], Some(("80.00", "skm-2017"))),
        ("e", "60.00", ["2.0000", "2.0000"], None),
    ] {
        let now = state(value, aspects, "skm-2017");
        publish_score(&bus, &format!("skm.2024.unit.11.{name}"), 1, now).await;
        if let Some((value, instrument)) = before {
            let before = state(value, aspects, instrument);
            publish_score(&bus, &format!("skm.2023.unit.11.{name}"), 1, before).await;
        }
    }
    // The highest aspect of one that is listed without a rank counts for nothing.
    publish(&bus, "prima.directory.unit.11.f", 1, Some(announced("f"))).await;
    let small = ScoreState {
        sample_size: 5,
        sample_minimum: 30,
        ..state("99.00", ["4.0000", "4.0000"], "skm-2017")
    };
    publish_score(&bus, "skm.2024.unit.11.f", 1, small).await;

    let replica = Replica::start(&bus).await;
    let request = pb::ListAwardsRequest {
        name: TABLE.to_owned(),
        best: 2,
        ..Default::default()
    };
    let awards = listed(&replica, &request, |awards| {
        awards
            .iter()
            .any(|award| award.kind() == pb::AwardKind::RoleModel)
    });
    let awards = awards.await;
    let absent = pb::AwardAbsence::Unspecified;
    let none = String::new();
    let expected = [
        (
            pb::AwardKind::Best,
            none.clone(),
            absent,
            true,
            named(&[("a", ""), ("b", ""), ("c", "")]),
        ),
        // The change of b is refused, since its scores were made with unlike instruments; that of d is no gain.
        (
            pb::AwardKind::Riser,
            none,
            absent,
            false,
            named(&[("c", "5.00"), ("a", "1.00")]),
        ),
        (
            pb::AwardKind::RoleModel,
            "time".to_owned(),
            absent,
            true,
            named(&[("b", "3.6000"), ("c", "3.6000")]),
        ),
        (
            pb::AwardKind::RoleModel,
            "cost".to_owned(),
            absent,
            false,
            named(&[("d", "3.2500")]),
        ),
    ];
    assert_eq!(awards.iter().map(shown).collect::<Vec<_>>(), expected);
    let riser = &awards[1];
    assert_eq!((riser.considered, riser.refused, riser.places), (3, 2, 2));
    assert_eq!(riser.winners[0].base_score, "75.00");
    assert!(riser.rule.contains("dari 2023 ke 2024"), "{}", riser.rule);
}

#[tokio::test]
async fn the_best_are_sure_only_when_no_other_score_could_be_theirs() {
    let bus = bus().await;
    for (name, value) in [("a", "95.00"), ("b", "80.00"), ("c", "79.90"), ("d", "60.00")] {
        publish(
            &bus,
            &format!("prima.directory.unit.11.{name}"),
            1,
            Some(announced(name)),
        )
        .await;
        let state = ScoreState {
            standard_error: "0.5000".to_owned(),
            ..state(value, ["3.0000", "3.0000"], "skm-2017")
        };
        publish_score(&bus, &format!("skm.2024.unit.11.{name}"), 1, state).await;
    }
    let replica = Replica::start(&bus).await;
    let request = pb::ListAwardsRequest {
        name: TABLE.to_owned(),
        best: 2,
        ..Default::default()
    };
    let certainties = |awards: &[pb::Award]| -> Vec<pb::AwardCertainty> {
        awards[0].winners.iter().map(pb::AwardWinner::certainty).collect()
    };
    let awards = listed(&replica, &request, |awards| awards[0].considered == 4).await;
    assert_eq!(
        certainties(&awards),
        [pb::AwardCertainty::Sure, pb::AwardCertainty::NotSure]
    );

    // One without a standard error might be better than all others.
    publish(&bus, "prima.directory.unit.11.e", 1, Some(announced("e"))).await;
    let without = state("70.00", ["3.0000", "3.0000"], "skm-2017");
    publish_score(&bus, "skm.2024.unit.11.e", 1, without).await;
    let awards = listed(&replica, &request, |awards| awards[0].considered == 5).await;
    assert_eq!(certainties(&awards), [pb::AwardCertainty::Unspecified; 2]);
}

#[tokio::test]
async fn risers_say_why_there_is_none() {
    let bus = bus().await;
    for (name, before) in [("a", None), ("b", Some("skm-2014")), ("c", Some("skm-2017"))] {
        publish(
            &bus,
            &format!("prima.directory.unit.11.{name}"),
            1,
            Some(announced(name)),
        )
        .await;
        let aspects = ["3.0000", "3.0000"];
        publish_score(
            &bus,
            &format!("skm.2024.unit.11.{name}"),
            1,
            state("80.00", aspects, "skm-2017"),
        )
        .await;
        if let Some(instrument) = before {
            publish_score(
                &bus,
                &format!("skm.2023.unit.11.{name}"),
                1,
                state("80.00", aspects, instrument),
            )
            .await;
        }
    }
    let replica = Replica::start(&bus).await;
    let request = pb::ListAwardsRequest {
        name: TABLE.to_owned(),
        ..Default::default()
    };
    let of = |withdrawn: &'static [&'static str], absence: pb::AwardAbsence| {
        let (bus, replica, request) = (&bus, &replica, &request);
        async move {
            for name in withdrawn {
                publish(
                    bus,
                    &format!("prima.survey.score.skm.2023.unit.11.{name}"),
                    2,
                    None,
                )
                .await;
            }
            let awards = listed(replica, request, |awards| {
                awards
                    .iter()
                    .any(|award| award.kind() == pb::AwardKind::Riser && award.absence() == absence)
            });
            let awards = awards.await;
            assert!(awards[1].winners.is_empty());
        }
    };
    of(&[], pb::AwardAbsence::Nobody).await;
    of(&["c"], pb::AwardAbsence::NotComparable).await;
    of(&["b"], pb::AwardAbsence::NoPeriodBefore).await;
}

#[tokio::test]
async fn categories_are_those_that_the_body_honours_in_its_era() {
    let bus = bus().await;
    for (name, value, category) in [("a", "90.00", "A"), ("b", "", "B"), ("c", "60.00", "C")] {
        publish(
            &bus,
            &format!("prima.directory.unit.11.{name}"),
            1,
            Some(announced(name)),
        )
        .await;
        let state = ScoreState {
            value: value.to_owned(),
            category: category.to_owned(),
            instrument: "ombudsman-2022".to_owned(),
            recorded: true,
            ..ScoreState::default()
        };
        publish_score(&bus, &format!("ombudsman.2023.unit.11.{name}"), 1, state).await;
    }
    let replica = Replica::start(&bus).await;
    let request = pb::ListAwardsRequest {
        name: "metrics/ombudsman/periods/2023/cohorts/units.11".to_owned(),
        ..Default::default()
    };
    let awards = listed(&replica, &request, |awards| awards.len() == 3).await;
    assert_eq!(awards[2].kind(), pb::AwardKind::Category);
    let reached: Vec<_> = awards[2]
        .winners
        .iter()
        .map(|w| (w.display_name.as_str(), w.rank))
        .collect();
    assert_eq!(reached, [("a", 1), ("b", 0)]);
    assert_eq!((awards[2].places, awards[2].considered), (0, 3));

    let missing = pb::ListAwardsRequest {
        name: "metrics/ombudsman/periods/2023/cohorts/units.12".to_owned(),
        ..Default::default()
    };
    let status = replica.client.clone().list_awards(missing).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let bad = pb::ListAwardsRequest {
        name: "metrics/x".to_owned(),
        best: 101,
        as_of: Some(prima_platform::clock::to_proto(
            replica.app.clock.now() + chrono::TimeDelta::days(1),
        )),
        known_at: None,
    };
    let status = replica.client.clone().list_awards(bad).await.unwrap_err();
    assert_eq!(fields(&status), ["name", "best", "as_of"]);
}

#[test]
fn each_group_has_a_best_of_its_own() {
    let definition = r#"{
        "metric": "skm", "version": 1000, "title": {"id": "SKM", "en": "SKM"}, "better": "higher", "decimals": 2,
        "sample": {"id": "Responden", "en": "Respondents"}, "coverage": null, "citation": "Contoh.", "mark": "Contoh.",
        "cohorts": [["unit-type"], ["unit-type", "volume"]],
        "volumes": [
            {"key": "large", "title": {"id": "Besar", "en": "Large"}, "from": 100},
            {"key": "small", "title": {"id": "Kecil", "en": "Small"}, "from": 0}
        ]
    }"#;
    let mut tables = LeagueTables::default();
    tables.definition("skm", 1000, Some(Definition::read(definition).unwrap()));
    for (name, value, sample) in [("11/a", "90", 10), ("11/b", "80", 200), ("11/c", "70", 20)] {
        tables.unit(unit_name(name), 1, unit("clinic"));
        let mut score = score(name, value);
        score.figures.sample_size = sample;
        tables.score("survey", 1, score).unwrap();
    }
    let best: Vec<_> = list::best(&tables, &key("clinic"), 1)
        .into_iter()
        .map(|award| {
            (
                award.group,
                award.winners[0].subject.clone(),
                award.winners[0].rank,
            )
        })
        .collect();
    let expected = [
        ("", "agencies/11/units/a", 1),
        ("clinic, Besar", "agencies/11/units/b", 1),
        ("clinic, Kecil", "agencies/11/units/a", 1),
    ];
    assert_eq!(
        best,
        expected.map(|(group, subject, rank)| (group.to_owned(), subject.to_owned(), rank))
    );
}
