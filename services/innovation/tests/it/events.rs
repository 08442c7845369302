//! Events: from the directory to the obligation, and from the outbox to the bus.

use std::{sync::Arc, time::Duration};

use prima_platform::{
    bus::{Event, jetstream::JetStream},
    clock::Clock,
    testing::{
        eventually,
        nats::Nats,
        served::{Options, Place},
    },
};
use prima_proto::{
    event::v1::{AgencyState, InnovationPortfolioState, ScoreState, ScoreStatus, UnitState},
    innovation::v1,
};
use prost::Message;

use crate::fixture::*;

const DEADLINE: Duration = Duration::from_secs(30);

fn event(subject: String, event_type: &str, version: i64, payload: Option<Vec<u8>>) -> Event {
    Event {
        subject,
        event_type: event_type.to_owned(),
        revision: 1,
        version,
        withdrawn: payload.is_none(),
        payload: payload.unwrap_or_default(),
        time: Clock::system().now().to_rfc3339(),
        traceparent: None,
        origin: None,
    }
}

async fn announce_unit(t: &World, agency: &str, unit: &str, close_date: &str, version: i64) {
    let state = UnitState {
        name: format!("agencies/{agency}/units/{unit}"),
        close_date: close_date.into(),
        ..Default::default()
    };
    let subject = format!("prima.directory.unit.{agency}.{unit}");
    publish(
        t,
        event(
            subject,
            "prima.directory.unit",
            version,
            Some(state.encode_to_vec()),
        ),
    )
    .await;
}

async fn announce_agency(t: &World, agency: &str) {
    let state = AgencyState {
        name: format!("agencies/{agency}"),
        ..Default::default()
    };
    let subject = format!("prima.directory.agency.{agency}");
    publish(
        t,
        event(subject, "prima.directory.agency", 1, Some(state.encode_to_vec())),
    )
    .await;
}

async fn publish(t: &World, event: Event) {
    let head = t.bus.last("directory", &event.subject).await.unwrap();
    t.bus
        .publish("directory", &event, head.map_or(0, |h| h.sequence))
        .await
        .unwrap();
}

async fn score(t: &World, subject: &str, value: &str) -> ScoreState {
    let met = eventually(DEADLINE, async || {
        let staged = t.staged::<ScoreState>(subject).await?;
        (staged.value == value).then_some(staged)
    });
    met.await.unwrap_or_else(|| panic!("{subject} never is {value}"))
}

#[tokio::test]
async fn the_obligation_counts_active_units_and_names_those_without() {
    on_each_database(async |mut t| {
        t.bus.ensure_stream("directory").await.unwrap();
        for agency in ["3271", "3273", "9999"] {
            announce_agency(&t, agency).await;
        }
        for unit in ["dpmptsp", "dukcapil", "rsud"] {
            announce_unit(&t, "3271", unit, "", 1).await;
        }
        announce_unit(&t, "3271", "lama", "2021-12-31", 1).await;
        announce_unit(&t, "3273", "dpmptsp", "", 1).await;
        let agency = "prima.innovation.score.innovation.2022.agency.3271";
        assert_eq!(score(&t, agency, "0.00").await.category, "Belum memenuhi");
        t.innovation("a").await;
        let third = score(&t, agency, "33.33").await;
        assert_eq!(
            (third.category.as_str(), third.fraction.as_str()),
            ("Memenuhi", "100/3")
        );
        assert_eq!((third.units_counted, third.units_expected), (3, 3));
        assert_eq!(
            (third.status(), third.instrument.as_str()),
            (ScoreStatus::Provisional, "prima-inovasi-1")
        );
        let unit_subject = "prima.innovation.score.innovation.2022.unit.3271.dpmptsp";
        assert_eq!(score(&t, unit_subject, "100.00").await.category, "Ada inovasi");

        // In the year before, the unit that closed at its end still counted as active.
        assert_eq!(
            score(&t, "prima.innovation.score.innovation.2021.agency.3271", "25.00")
                .await
                .units_expected,
            4
        );

        let check = |parent: &str, only_unmet: bool| v1::CheckObligationRequest {
            parent: parent.into(),
            year: 2022,
            only_unmet,
            ..Default::default()
        };
        let one = t
            .client
            .check_obligation(unit(check("agencies/3271", false)))
            .await
            .unwrap()
            .into_inner();
        let bogor = &one.obligations[0];
        assert_eq!(
            (bogor.met, bogor.innovations, bogor.units_with, bogor.units),
            (true, 1, 1, 3)
        );
        assert_eq!(bogor.coverage, "33.33");
        assert_eq!(
            bogor.units_without,
            ["agencies/3271/units/dukcapil", "agencies/3271/units/rsud"]
        );
        assert_eq!(one.definition, "prima-inovasi-1");
        let unmet = t
            .client
            .check_obligation(unit(check("agencies/-", true)))
            .await
            .unwrap()
            .into_inner();
        let agencies: Vec<&str> = unmet.obligations.iter().map(|o| o.agency.as_str()).collect();
        assert_eq!(agencies, ["agencies/3273", "agencies/9999"]);
        assert_eq!(
            unmet.obligations[1].coverage, "",
            "an agency without units has no share"
        );

        announce_unit(&t, "3271", "rsud", "2021-06-30", 2).await;
        score(&t, agency, "50.00").await;
        let get = v1::GetInnovationRequest {
            name: format!("{DPMPTSP}/innovations/a"),
        };
        let known = t
            .client
            .get_innovation(unit(get))
            .await
            .unwrap()
            .into_inner()
            .innovation
            .unwrap();
        assert!(known.unit_confirmed);
    })
    .await;
}

#[tokio::test]
async fn a_new_year_brings_new_portfolios_and_settles_the_old_scores() {
    on_each_database(async |mut t| {
        t.bus.ensure_stream("directory").await.unwrap();
        announce_unit(&t, "3271", "dpmptsp", "", 1).await;
        t.innovation("a").await;
        score(&t, "prima.innovation.score.innovation.2022.agency.3271", "100.00").await;
        t.at("2023-01-01T03:00:00Z");
        score(&t, "prima.innovation.score.innovation.2023.agency.3271", "100.00").await;
        let subject = "prima.innovation.portfolio.3271.dpmptsp.2023";
        assert_eq!(
            t.staged::<InnovationPortfolioState>(subject)
                .await
                .unwrap()
                .innovations
                .len(),
            1
        );
        let settled = eventually(DEADLINE, async || {
            let old = t
                .staged::<ScoreState>("prima.innovation.score.innovation.2022.agency.3271")
                .await?;
            (old.status() == ScoreStatus::Final).then_some(())
        });
        assert_eq!(settled.await, Some(()));
        let unit = "prima.innovation.score.innovation.2022.unit.3271.dpmptsp";
        let unit = t.staged::<ScoreState>(unit).await.unwrap();
        assert_eq!(
            (unit.status(), unit.value.as_str()),
            (ScoreStatus::Final, "100.00")
        );
    })
    .await;
}

#[tokio::test]
async fn portfolios_and_scores_reach_jetstream() {
    let nats = Nats::start();
    let bus = JetStream::connect(&nats.config(), "test").await.unwrap();
    let options = Options {
        bus: Arc::new(bus),
        ..Options::default()
    };
    let mut t = World::start(Place::postgres().await, options).await;
    t.innovation("a").await;
    for subject in [
        "prima.innovation.portfolio.3271.dpmptsp.2022",
        "prima.innovation.score.innovation.2022.unit.3271.dpmptsp",
        "prima.innovation.score.innovation.2022.agency.3271",
    ] {
        let arrived = eventually(DEADLINE, async || {
            t.bus.last("innovation", subject).await.ok().flatten()
        });
        let head = arrived.await.unwrap_or_else(|| panic!("{subject} never arrives"));
        assert!(!head.withdrawn);
    }
}

#[tokio::test]
async fn a_portfolio_contains_the_day_on_which_an_entry_was_submitted() {
    on_each_database(async |mut t| {
        t.round().await;
        let subject = "prima.innovation.portfolio.3271.dpmptsp.2022";
        let told = async |t: &World| {
            let state = t.staged::<InnovationPortfolioState>(subject).await.unwrap();
            let entry = &state.entries[0];
            (entry.state.clone(), entry.submit_date.clone())
        };
        let name = t.draft("a").await.name;
        assert_eq!(told(&t).await, ("draft".to_owned(), String::new()));
        t.step(&name, v1::ReviewDecision::HandIn).await.unwrap();
        assert_eq!(told(&t).await, ("in-review".to_owned(), String::new()));
        // Past midnight in Jakarta.
        t.at("2022-05-02T17:00:00Z");
        t.step(&name, v1::ReviewDecision::Submit).await.unwrap();
        assert_eq!(told(&t).await, ("submitted".to_owned(), "2022-05-03".to_owned()));
        t.at("2022-06-01T03:00:00Z");
        t.advance("pengajuan").await.unwrap();
        t.step(&name, v1::ReviewDecision::Pass).await.unwrap();
        assert_eq!(told(&t).await, ("competing".to_owned(), "2022-05-03".to_owned()));
    })
    .await;
}
