//! Opinions of the Ombudsman: categories without a score, words of vertical units, parts, and the mean of units.

use prima_proto::{event::v1 as event, index::v1 as pb};

use crate::fixture::*;

fn opinion(subject: &str, period: &str, score: &str, category: &str) -> pb::ExternalScore {
    pb::ExternalScore {
        metric: "ombudsman".into(),
        subject: subject.into(),
        period: period.into(),
        score: score.into(),
        category: category.into(),
        source: "Siaran pers".into(),
        document_link: "https://example.go.id/opini.pdf".into(),
        ..Default::default()
    }
}

async fn record(t: &World, id: &str, score: pb::ExternalScore) -> pb::ExternalScore {
    let request = pb::RecordExternalScoreRequest {
        request_id: id.into(),
        score: Some(score),
    };
    let answer = t
        .client
        .clone()
        .record_external_score(admin(request))
        .await
        .unwrap();
    answer.into_inner().score.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_category_without_a_score_is_recorded_and_published() {
    on_each_database(async |mut t| {
        let words = "Kualitas Tertinggi Tanpa Maladministrasi";
        let stored = record(&t, "a", opinion("agencies/3271", "2025", "", words)).await;
        assert_eq!((stored.score.as_str(), stored.category.as_str()), ("", "highest"));
        assert_eq!(
            (stored.category_display_name.as_str(), stored.no_maladministration),
            (words, true)
        );
        let staged = t
            .staged::<event::ScoreState>("prima.index.score.ombudsman.2025.agency.3271")
            .await
            .unwrap();
        let state = staged.state;
        assert_eq!([&*state.value, &*state.exact, &*state.fraction], [""; 3]);
        assert_eq!(
            (state.category.as_str(), state.category_display_name.as_str()),
            ("highest", words)
        );
        // An agency records its own; the national admin confirms it.
        let zone = opinion("agencies/3271", "2021", "", "Zona Hijau");
        let request = pb::RecordExternalScoreRequest {
            request_id: "b".into(),
            score: Some(zone),
        };
        let waiting = t.client.record_external_score(operator(request)).await.unwrap();
        let waiting = waiting.into_inner().score.unwrap();
        let confirm = pb::ConfirmExternalScoreRequest {
            request_id: "c".into(),
            metric: waiting.metric.clone(),
            subject: waiting.subject.clone(),
            period: waiting.period.clone(),
            etag: waiting.etag.clone(),
        };
        let done = t.client.confirm_external_score(admin(confirm)).await.unwrap();
        let done = done.into_inner().score.unwrap();
        assert_eq!(
            (done.score.as_str(), done.category.as_str(), done.zone.as_str()),
            ("", "green", "hijau")
        );
        // It is no base of a change.
        record(&t, "d", opinion("agencies/3271", "2020", "91.11", "")).await;
        let list = pb::ListExternalScoresRequest::default();
        let all = t
            .client
            .list_external_scores(admin(list))
            .await
            .unwrap()
            .into_inner()
            .scores;
        assert!(all.iter().all(|score| score.change.is_none()));
        assert_eq!(all.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vertical_unit_has_its_own_words_and_parts_are_weighted_and_published() {
    on_each_database(async |mut t| {
        let unit = "agencies/3271/units/imigrasi";
        for (id, period, category) in [("a", "2025", "Sangat Baik"), ("b", "2026", "")] {
            let new = pb::ExternalScore {
                vertical_unit: true,
                ..opinion(unit, period, "90.61", category)
            };
            let stored = record(&t, id, new).await;
            assert_eq!(
                (
                    stored.category.as_str(),
                    stored.category_display_name.as_str(),
                    stored.vertical_unit
                ),
                ("very-good", "Sangat Baik", true)
            );
        }
        let part = |key: &str, score: &str| pb::ScorePart {
            key: key.into(),
            score: score.into(),
        };
        let parts = vec![part("dimensions", "80.00"), part("public-trust", "70.00")];
        let new = pb::ExternalScore {
            parts: parts.clone(),
            ..opinion("agencies/3271", "2025", "", "")
        };
        let stored = record(&t, "c", new).await;
        assert_eq!((stored.score.as_str(), stored.parts), ("77.00", parts.clone()));
        let staged = t
            .staged::<event::ScoreState>("prima.index.score.ombudsman.2025.agency.3271")
            .await
            .unwrap();
        let components = staged.state.components.into_iter().map(|c| (c.key, c.value));
        let expected = [("dimensions", "80.0000"), ("public-trust", "70.0000")];
        assert_eq!(
            components.collect::<Vec<_>>(),
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        let wrong = pb::ExternalScore {
            parts,
            reason: "Salah ketik".into(),
            vertical_unit: true,
            ..opinion("agencies/3271", "2025", "78", "")
        };
        let request = pb::RecordExternalScoreRequest {
            request_id: "d".into(),
            score: Some(wrong),
        };
        let found = faults(t.client.record_external_score(admin(request)).await);
        assert_eq!(found, ["score.score", "score.vertical_unit"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_score_of_an_agency_is_shown_beside_the_mean_of_its_units() {
    on_each_database(async |mut t| {
        for (unit, score) in [("a", "68.79"), ("b", "77.55"), ("c", "84.11")] {
            record(
                &t,
                unit,
                opinion(&format!("agencies/75/units/{unit}"), "2025", score, ""),
            )
            .await;
        }
        // Only a category, another year, and another agency are not counted.
        record(
            &t,
            "d",
            opinion("agencies/75/units/d", "2025", "", "Kualitas Tinggi"),
        )
        .await;
        record(&t, "e", opinion("agencies/75/units/a", "2024", "10", "")).await;
        record(&t, "f", opinion("agencies/76/units/a", "2025", "10", "")).await;
        let stored = record(&t, "g", opinion("agencies/75", "2025", "76.82", "")).await;
        let mean = stored.units_mean.clone().unwrap();
        assert_eq!(
            (
                mean.score.as_str(),
                mean.units,
                mean.category_display_name.as_str()
            ),
            ("76.82", 3, "Kualitas Sedang")
        );
        let list = pb::ListExternalScoresRequest {
            subject: "agencies/75".into(),
            ..Default::default()
        };
        let listed = t.client.list_external_scores(admin(list)).await.unwrap();
        assert_eq!(listed.into_inner().scores, [stored]);
    })
    .await;
}
