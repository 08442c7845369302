//! Scores of metrics of an operator's own, from the definition on the bus to the recorded score.

use prima_platform::{
    bus::{Bus, Event},
    caller::{Caller, Role},
    testing::eventually,
};
use prima_proto::{event::v1 as event, index::v1 as pb, subject};
use prost::Message;
use tonic::Code;

use crate::{
    external::{record, score},
    fixture::*,
    setup::DEADLINE,
};

/// Publishes the definition of league tables of a metric, as ranking does.
async fn define(t: &World, version: i64, metric: &str, more: &str) {
    let subject = subject::table_definition(metric);
    t.bus.ensure_stream("ranking").await.unwrap();
    let last = t.bus.last("ranking", &subject).await.unwrap();
    let state = event::TableDefinitionState {
        metric: metric.into(),
        version: 999 + version,
        json: format!(
            r#"{{"metric": "{metric}", "title": {{"id": "Waktu Layanan", "en": "Time"}}, "citation": "c"{more}}}"#
        ),
    };
    let event = Event {
        subject,
        event_type: subject::TABLE_DEFINITION_TYPE.into(),
        revision: 1,
        version,
        withdrawn: false,
        payload: state.encode_to_vec(),
        time: String::new(),
        traceparent: None,
        origin: None,
    };
    t.bus
        .publish("ranking", &event, last.map_or(0, |head| head.sequence))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn scores_of_an_operators_own_metric_are_recorded_on_the_scale_of_its_definition() {
    on_each_database(async |t| {
        let unit = "agencies/3271/units/dpmptsp";
        let mut client = t.client.clone();
        let unknown = client
            .record_external_score(admin(record("a", score("waktu", unit, "2026", "3.5"))))
            .await;
        assert_eq!(faults(unknown), ["score.metric"]);
        let recorded =
            r#", "decimals": 1, "recorded": {"subjects": ["unit"], "minimum": "0", "maximum": "365"}"#;
        define(&t, 1, "waktu", recorded).await;
        // The one of the release stays as it is, and a metric whose scores are computed is not recorded.
        define(&t, 1, "sakip", recorded).await;
        define(&t, 1, "skm", "").await;
        let listed = eventually(DEADLINE, async || {
            let request = admin(pb::ListExternalMetricsRequest {});
            let answer = t.client.clone().list_external_metrics(request).await.unwrap();
            let metrics = answer.into_inner().metrics;
            metrics.into_iter().find(|metric| metric.key == "waktu")
        });
        let listed = listed.await.unwrap();
        assert_eq!(
            (listed.display_name.as_str(), listed.subjects),
            ("Waktu Layanan", vec!["unit".to_owned()])
        );
        assert_eq!(
            (listed.eras[0].maximum.as_str(), listed.eras[0].decimals),
            ("365.0", 1)
        );
        let stored = client
            .record_external_score(admin(record("b", score("waktu", unit, "2026", "3.5"))))
            .await;
        let stored = stored.unwrap().into_inner().score.unwrap();
        assert_eq!((stored.score.as_str(), stored.category.as_str()), ("3.5", ""));
        let staged = t
            .staged::<event::ScoreState>("prima.index.score.waktu.2026.unit.3271.dpmptsp")
            .await;
        assert_eq!(staged.unwrap().state.value, "3.5");
        for (id, subject, value, field) in [
            ("c", "agencies/3271", "3", "score.subject"),
            ("d", unit, "366", "score.score"),
        ] {
            let off = client
                .record_external_score(admin(record(id, score("waktu", subject, "2025", value))))
                .await;
            assert_eq!(faults(off), [field]);
        }
        let computed = client
            .record_external_score(admin(record("e", score("skm", unit, "2026", "3"))))
            .await;
        assert_eq!(faults(computed), ["score.metric"]);
        // What an agency records about itself waits for the national admin, as with every metric.
        let own = client
            .record_external_score(operator(record("f", score("waktu", unit, "2025", "9"))))
            .await;
        let own = own.unwrap().into_inner().score.unwrap();
        let stranger = by(
            Caller::new("other".into(), vec![Role::Operator], vec!["3272".into()]),
            record("g", score("waktu", unit, "2024", "9")),
        );
        refused(
            client.record_external_score(stranger).await,
            Code::PermissionDenied,
            "PERMISSION_DENIED",
        );
        let confirmed = client.confirm_external_score(admin(pb::ConfirmExternalScoreRequest {
            request_id: "h".into(),
            metric: "waktu".into(),
            subject: unit.into(),
            period: "2025".into(),
            etag: own.etag,
        }));
        assert_eq!(confirmed.await.unwrap().into_inner().score.unwrap().score, "9.0");
    })
    .await;
}
