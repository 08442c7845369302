//! The database of release 0.1.0, upgraded with the default steps of disclosure. That release kept nothing of what it had shown
//! but the sums, so that nothing is known of it: every figure stays until it can move by several people.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io,
    path::Path,
    sync::Arc,
};

use prima_platform::{
    config,
    db::{Database, sql},
    testing::{eventually, served::Place},
};
use prima_proto::survey::v1 as pb;
use sea_orm::ConnectionTrait;
use zip::ZipArchive;

use crate::{analysis::analyze, corrections::by_ids, disclosure::answers, fixture::*};

/// An open survey, of which 20 responses were shown and four were not.
const OPEN: &str = "agencies/3271/units/dpmptsp/surveys/2024-q1";
/// A closed one.
const CLOSED: &str = "agencies/3271/units/rsud/surveys/2023-s2";

/// The number of people in the figures of each survey, and the number of answers and the sum of scores of each element.
type Shown = BTreeMap<String, (i64, BTreeMap<String, (i64, i64)>)>;

fn unpacked() -> Arc<Place> {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/release-0.1.0/sqlite.zip");
    let mut archive = ZipArchive::new(File::open(archive).unwrap()).unwrap();
    let place = Place::sqlite();
    let mut file = File::create(place.dir.path().join("survey.db")).unwrap();
    io::copy(&mut archive.by_name("survey.db").unwrap(), &mut file).unwrap();
    place
}

/// What the release had shown, by its own columns.
async fn shown_before(place: &Place) -> Shown {
    let config = config::Database {
        url: place.url.clone(),
        ..config::Database::default()
    };
    let db = Database::connect(&config, "survey").await.unwrap();
    let text = "SELECT name, disclosed_respondents, element, d0 + d1 + d2 + d3 + d4 + d5, d1 + 2 * d2 + 3 * d3 + 4 * d4 + 5 * d5
                FROM survey JOIN survey_element ON survey_id = id";
    let rows = db.reader().query_all_raw(sql(db.reader(), text, [])).await;
    let mut shown = Shown::new();
    for row in rows.unwrap() {
        let number = |at: usize| row.try_get_by_index::<i64>(at).unwrap();
        let survey = shown.entry(row.try_get_by_index(0).unwrap()).or_default();
        survey.0 = number(1);
        let element = row.try_get_by_index(2).unwrap();
        survey.1.insert(element, (number(3), number(4)));
    }
    db.close().await;
    shown
}

fn shown(result: &pb::Result) -> (i64, BTreeMap<String, (i64, i64)>) {
    let elements = result.elements.iter();
    let elements = elements.map(|e| (e.key.clone(), (e.answers, e.total)));
    (result.counted, elements.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_release_0_1_0_stay_until_several_people_move_them() {
    let place = unpacked();
    let before = shown_before(&place).await;
    assert_eq!(before.len(), 6);
    let mut t = World::at(place, config::Survey::default()).await;
    t.clock.set("2024-03-20T01:00:00Z");
    for (survey, figures) in &before {
        let result = t.result(survey).await;
        assert_eq!(shown(&result), *figures, "{survey}");
        assert_eq!(result.counted + result.pending, result.respondents, "{survey}");
    }

    // The first void of an open survey waits, and so do those who come, until five can move.
    let mut states = vec![t.released(OPEN).await];
    let mut last = t.result(OPEN).await;
    assert_eq!((last.counted, last.pending), (20, 4));
    let void = by_ids("void", OPEN, &["warga-7"]);
    t.client.void_responses(operator(void)).await.unwrap();
    for n in 0..14 {
        let now = t.result(OPEN).await;
        let people = t.released(OPEN).await;
        if states.last() == Some(&people) {
            assert_eq!(shown(&now), shown(&last));
        } else {
            states.push(people);
        }
        last = now;
        t.respond(OPEN, &format!("baru-{n:02}"), &answers(n)).await;
    }
    t.close(OPEN).await;
    states.push(t.released(OPEN).await);
    assert!(states.len() > 2, "{states:?}");
    for (at, state) in states.iter().enumerate() {
        for earlier in &states[..at] {
            let moved = state.symmetric_difference(earlier).count();
            assert!(moved == 0 || moved >= 5, "{moved} people moved");
        }
    }
    let result = t.result(OPEN).await;
    assert_eq!((result.respondents, result.counted, result.pending), (37, 37, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn voids_of_a_survey_that_release_0_1_0_closed_wait_for_the_day_of_corrections() {
    let place = unpacked();
    let before = shown_before(&place).await;
    let mut t = World::at(place, config::Survey::default()).await;
    t.clock.set("2024-03-20T01:00:00Z");
    let groups = analyze(&mut t, CLOSED).await.dimensions;
    assert!(groups.iter().any(|dimension| !dimension.groups.is_empty()));
    let ids: BTreeSet<String> = t.released(CLOSED).await;
    for (n, id) in ids.iter().take(6).enumerate() {
        let void = by_ids(&format!("void-{n}"), CLOSED, &[id.as_str()]);
        t.client.void_responses(operator(void)).await.unwrap();
        let result = t.result(CLOSED).await;
        assert_eq!(shown(&result), before[CLOSED], "after {} voids", n + 1);
        assert_eq!((result.pending, result.in_correction), (n as i64 + 1, true));
    }
    assert_eq!(analyze(&mut t, CLOSED).await.dimensions, groups);
    // The first of April in Bogor.
    t.clock.set("2024-03-31T17:00:00Z");
    let request = pb::GetResultRequest {
        survey: CLOSED.into(),
    };
    let corrected = eventually(DEADLINE, async || {
        let result = t.client.clone().get_result(operator(request.clone())).await;
        let result = result.unwrap().into_inner().result.unwrap();
        (result.pending == 0).then_some(result.counted)
    });
    assert_eq!(corrected.await, Some(54));
}
