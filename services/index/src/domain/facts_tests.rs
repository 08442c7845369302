use proptest::prelude::*;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn medium(kind: &str, electronic: bool, since: &str) -> Medium {
    Medium {
        kind: kind.into(),
        electronic,
        since: day(since),
    }
}

fn whole() -> Standard {
    Standard {
        components: 14,
        delivery_published: 6,
        enacted: Some(day("2023-01-15")),
        involved: vec![day("2022-11-01")],
        monitored: vec![day("2024-03-01")],
        reviewed: vec![day("2023-06-30")],
        media: vec![
            medium("situs-web", true, "2023-02-01"),
            medium("papan-pengumuman", false, "2023-03-01"),
        ],
        sippn: Some(day("2023-04-01")),
    }
}

fn unit(services: Vec<Option<Standard>>) -> Facts {
    let unit = Unit {
        services,
        ..Unit::default()
    };
    Facts {
        unit: Some(unit),
        ..Facts::default()
    }
}

fn survey(period: &str) -> Survey {
    Survey {
        origin: EventRef {
            subject: format!("s.{period}"),
            version: 1,
        },
        instrument: "skm-2017".into(),
        period: period.parse().unwrap(),
        opened: None,
        ended: None,
        respondents: 30,
        sample_met: true,
        scale: (1, 4),
        elements: (9, 9),
        published: None,
        media: vec![],
        follow_ups: vec![],
    }
}

fn item(planned: &str, done: &str) -> FollowUp {
    FollowUp {
        planned: day(planned),
        done: done.parse().ok(),
    }
}

fn surveys(list: Vec<Survey>) -> Facts {
    let surveys = (0..).zip(list).map(|(n, s)| (format!("survey-{n}"), s));
    Facts {
        surveys: surveys.collect(),
        ..Facts::default()
    }
}

/// The figures as text, in their order.
#[track_caller]
fn texts(metric: &str, facts: &Facts, date: &str) -> Vec<String> {
    let sourced = figures(metric, facts, day(date)).unwrap();
    sourced.figures.iter().map(|(_, v)| v.text()).collect()
}

#[test]
fn without_facts_no_metric_has_figures() {
    let instrument = &crate::domain::instrument::built_in()[1].0;
    let form = &instrument.forms.as_ref().unwrap().offline;
    let fed: Vec<&str> = form
        .indicators
        .iter()
        .map(|i| i.fed_by.as_str())
        .filter(|m| !m.is_empty())
        .collect();
    assert_eq!(fed.len(), 14);
    for metric in fed {
        assert_eq!(
            figures(metric, &Facts::default(), day("2024-06-30")),
            None,
            "{metric}"
        );
    }
    // A unit without public services has no standard that could be missing.
    let empty = unit(vec![]);
    assert_eq!(
        figures("directory.service_standard", &empty, day("2024-06-30")),
        None
    );
    assert_eq!(
        figures("platform.support_modules", &empty, day("2024-06-30")),
        None
    );
}

#[test]
fn a_standard_counts_when_every_service_has_it() {
    let metric = "directory.service_standard";
    let all = ["true", "true", "true", "true", "true"];
    assert_eq!(texts(metric, &unit(vec![Some(whole())]), "2024-06-30"), all);
    let half = unit(vec![Some(whole()), None]);
    assert_eq!(
        texts(metric, &half, "2024-06-30"),
        ["true", "false", "true", "true", "true"]
    );
    assert_eq!(texts(metric, &unit(vec![None]), "2024-06-30"), ["false"; 5]);
    let mut draft = whole();
    draft.enacted = None;
    draft.involved.clear();
    draft.components = 13;
    draft.monitored = vec![day("2023-06-29")];
    let both = unit(vec![Some(whole()), Some(draft)]);
    assert_eq!(
        texts(metric, &both, "2024-06-30"),
        ["true", "false", "false", "false", "false"]
    );
}

#[test]
fn what_happens_after_the_evaluation_date_does_not_count() {
    let facts = unit(vec![Some(whole())]);
    let metric = "directory.service_standard";
    assert_eq!(
        texts(metric, &facts, "2023-01-14"),
        ["true", "true", "false", "true", "false"]
    );
    let metric = "directory.standard_publication";
    assert_eq!(texts(metric, &facts, "2023-01-31"), ["none", "0", "false"]);
    assert_eq!(texts(metric, &facts, "2023-02-01"), ["all", "1", "false"]);
    assert_eq!(texts(metric, &facts, "2023-03-31"), ["all", "2", "false"]);
    assert_eq!(texts(metric, &facts, "2023-04-01"), ["all", "2", "true"]);
}

#[test]
fn publication_is_all_only_when_it_is_so_for_every_service() {
    let metric = "directory.standard_publication";
    let mut five = whole();
    five.delivery_published = 5;
    five.sippn = None;
    five.media.push(medium("videotron", true, "2023-05-01"));
    let facts = unit(vec![Some(whole()), Some(five)]);
    assert_eq!(texts(metric, &facts, "2024-06-30"), ["some", "3", "false"]);
    let half = unit(vec![Some(whole()), None]);
    assert_eq!(texts(metric, &half, "2024-06-30"), ["some", "2", "true"]);
    assert_eq!(
        texts(metric, &unit(vec![None]), "2024-06-30"),
        ["none", "0", "false"]
    );
}

#[test]
fn a_window_ends_at_the_evaluation_date_and_begins_on_the_same_day() {
    let metric = "directory.standard_review";
    let facts = unit(vec![Some(whole()), None, None]);
    let shares = |date| texts(metric, &facts, date);
    assert_eq!(shares("2023-06-29"), ["0", "0", "0"]);
    assert_eq!(shares("2023-06-30"), ["33.3333", "33.3333", "33.3333"]);
    assert_eq!(shares("2024-06-30"), ["33.3333", "33.3333", "33.3333"]);
    assert_eq!(shares("2024-07-01"), ["0", "33.3333", "33.3333"]);
    assert_eq!(shares("2025-06-30"), ["0", "33.3333", "33.3333"]);
    assert_eq!(shares("2025-07-01"), ["0", "0", "33.3333"]);
}

#[test]
fn windows_know_the_29th_of_february() {
    assert!(within(day("2024-02-29"), 12, day("2025-02-28")));
    assert!(!within(day("2024-02-29"), 12, day("2025-03-01")));
    assert!(within(day("2023-02-28"), 12, day("2024-02-29")));
    assert!(!within(day("2023-02-27"), 12, day("2024-02-29")));
    assert!(within(day("2022-02-28"), 24, day("2024-02-29")));
}

#[test]
fn the_figures_of_a_charter_are_its_signing_and_its_media() {
    let metric = "directory.service_charter";
    let mut facts = unit(vec![]);
    assert_eq!(texts(metric, &facts, "2024-06-30"), ["false"; 5]);
    facts.unit.as_mut().unwrap().charter = Some(Charter {
        signed: Some(day("2024-01-10")),
        complete: true,
        media: vec![
            medium("situs-web", true, "2024-01-11"),
            medium("media-cetak", false, "2024-01-12"),
        ],
    });
    assert_eq!(
        texts(metric, &facts, "2024-01-09"),
        ["true", "false", "true", "false", "false"]
    );
    assert_eq!(
        texts(metric, &facts, "2024-01-11"),
        ["true", "true", "true", "false", "true"]
    );
    assert_eq!(texts(metric, &facts, "2024-01-12"), ["true"; 5]);
}

#[test]
fn a_survey_of_the_last_12_months_was_conducted() {
    let metric = "survey.execution";
    let facts = surveys(vec![survey("2023-s1")]);
    let conducted = |date| texts(metric, &facts, date)[0].clone();
    assert_eq!(figures(metric, &facts, day("2022-12-31")), None);
    assert_eq!(conducted("2023-01-01"), "true");
    assert_eq!(conducted("2024-06-30"), "true");
    assert_eq!(conducted("2024-07-01"), "false");
    let mut none = survey("2023-s1");
    none.respondents = 0;
    assert_eq!(texts(metric, &surveys(vec![none]), "2023-07-01"), ["false"; 5]);
    let mut other = survey("2023-s1");
    other.instrument = "f03-offline-2022".into();
    assert_eq!(figures(metric, &surveys(vec![other]), day("2023-07-01")), None);
}

#[test]
fn a_survey_is_compliant_with_its_elements_its_scale_and_its_sample() {
    type Change = fn(&mut Survey);
    let cases: [(Change, &str); 6] = [
        (|_| {}, "true"),
        (|s| s.elements = (8, 9), "true"),
        (|s| s.elements = (7, 9), "false"),
        (|s| s.scale = (1, 5), "false"),
        (|s| s.sample_met = false, "false"),
        (|s| s.elements = (0, 0), "false"),
    ];
    for (at, (change, expected)) in cases.into_iter().enumerate() {
        let mut survey = survey("2024-s1");
        change(&mut survey);
        let found = texts("survey.execution", &surveys(vec![survey]), "2024-07-01");
        assert_eq!(found[1], expected, "case {at}");
    }
}

#[test]
fn of_several_surveys_only_the_one_that_supports_most_counts() {
    let metric = "survey.execution";
    let mut published = survey("2024-q1");
    published.sample_met = false;
    published.published = Some(day("2024-04-10"));
    published.media = vec![("media-cetak".into(), false), ("situs-web".into(), true)];
    published.follow_ups = vec![item("2024-04-11", "2024-05-01")];
    let facts = surveys(vec![published.clone(), survey("2024-q2")]);
    assert_eq!(
        texts(metric, &facts, "2024-07-01"),
        ["true", "true", "false", "false", "false"]
    );
    published.sample_met = true;
    let facts = surveys(vec![survey("2024-q2"), published]);
    assert_eq!(texts(metric, &facts, "2024-07-01"), ["true"; 5]);
    assert_eq!(
        texts(metric, &facts, "2024-04-30"),
        ["true", "true", "true", "true", "false"]
    );
    assert_eq!(
        texts(metric, &facts, "2024-04-09"),
        ["true", "true", "false", "false", "false"]
    );
}

#[test]
fn the_media_of_the_last_report_are_counted_by_kind() {
    let metric = "survey.publication";
    let mut first = survey("2023");
    first.published = Some(day("2024-01-15"));
    first.media = vec![
        ("situs-web".into(), true),
        ("situs-web".into(), true),
        ("media-cetak".into(), false),
    ];
    let mut second = survey("2024-s1");
    second.published = Some(day("2024-07-15"));
    second.media = vec![("situs-web".into(), true)];
    let facts = surveys(vec![first, second]);
    assert_eq!(texts(metric, &facts, "2024-01-14"), ["0"]);
    assert_eq!(texts(metric, &facts, "2024-07-14"), ["2"]);
    assert_eq!(texts(metric, &facts, "2024-07-15"), ["1"]);
}

#[test]
fn completion_is_of_the_plan_of_the_year_before() {
    let metric = "survey.followup_completion";
    let mut planned = survey("2023-s2");
    planned.follow_ups = vec![
        item("2024-01-05", "2024-03-01"),
        item("2024-01-05", "2024-06-01"),
        item("2024-02-01", ""),
    ];
    let facts = surveys(vec![planned, survey("2024-s1")]);
    assert_eq!(texts(metric, &facts, "2024-01-04"), ["0", ""]);
    assert_eq!(texts(metric, &facts, "2024-01-31"), ["2", "0"]);
    assert_eq!(texts(metric, &facts, "2024-03-01"), ["3", "33.3333"]);
    assert_eq!(texts(metric, &facts, "2024-06-01"), ["3", "66.6667"]);
    assert_eq!(texts(metric, &facts, "2025-01-01"), ["0", ""]);
    // A year without a survey gives no figures.
    assert_eq!(figures(metric, &facts, day("2023-12-31")), None);
}

#[test]
fn speed_is_the_months_until_the_last_item_was_done() {
    let metric = "survey.followup_speed";
    let mut report = survey("2023");
    report.published = Some(day("2024-01-31"));
    report.follow_ups = vec![item("2024-02-01", "2024-02-29"), item("2024-02-01", "2024-03-01")];
    let facts = surveys(vec![report.clone()]);
    assert_eq!(texts(metric, &facts, "2024-02-29"), [""]);
    assert_eq!(texts(metric, &facts, "2024-03-01"), ["2"]);
    assert_eq!(texts(metric, &facts, "2026-01-31"), ["2"]);
    assert_eq!(texts(metric, &facts, "2026-02-01"), [""]);
    report.follow_ups.push(item("2024-02-01", ""));
    assert_eq!(texts(metric, &surveys(vec![report]), "2024-06-01"), [""]);
}

#[test]
fn months_are_calendar_months() {
    for (from, done, months) in [
        ("2024-01-31", "2024-01-01", 0),
        ("2024-01-31", "2024-01-31", 0),
        ("2024-01-31", "2024-02-01", 1),
        ("2024-01-31", "2024-02-29", 1),
        ("2024-01-31", "2024-03-01", 2),
        ("2024-02-29", "2025-02-28", 12),
        ("2024-02-29", "2025-03-01", 13),
        ("2023-12-15", "2024-01-15", 1),
        ("2023-12-15", "2024-01-16", 2),
    ] {
        assert_eq!(months_until(day(from), day(done)), months, "{from} {done}");
    }
}

#[test]
fn support_modules_without_facts_are_missing() {
    let metric = "platform.support_modules";
    let mut facts = unit(vec![Some(whole())]);
    assert_eq!(texts(metric, &facts, "2024-06-30"), ["true", "", "", "", ""]);
    facts.surveys = surveys(vec![survey("2024-s1")]).surveys;
    assert_eq!(texts(metric, &facts, "2024-06-30"), ["true", "", "true", "", ""]);
    facts.unit = None;
    assert_eq!(figures(metric, &facts, day("2024-06-30")), None);
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0..2200u64).prop_map(|n| day("2020-01-01") + chrono::Days::new(n))
}

fn some_days() -> impl Strategy<Value = Vec<NaiveDate>> {
    proptest::collection::vec(any_day(), 0..4)
}

fn any_media() -> impl Strategy<Value = Vec<Medium>> {
    let medium = (0..4usize, any_day()).prop_map(|(kind, since)| Medium {
        kind: format!("kind-{kind}"),
        electronic: kind % 2 == 0,
        since,
    });
    proptest::collection::vec(medium, 0..5)
}

prop_compose! {
    fn any_standard()(
        components in 1..=14i32,
        delivery_published in 0..=6i32,
        enacted in proptest::option::of(any_day()),
        involved in some_days(),
        monitored in some_days(),
        reviewed in some_days(),
        media in any_media(),
        sippn in proptest::option::of(any_day()),
    ) -> Standard {
        Standard { components, delivery_published, enacted, involved, monitored, reviewed, media, sippn }
    }
}

prop_compose! {
    fn any_survey()(
        year in 2020..2025i32,
        respondents in 0..50i64,
        sample_met in any::<bool>(),
        asked in 6..=9i32,
        published in proptest::option::of(any_day()),
        items in proptest::collection::vec((any_day(), proptest::option::of(any_day())), 0..4),
        kinds in proptest::collection::vec(0..4usize, 0..4),
    ) -> Survey {
        Survey {
            respondents,
            sample_met,
            elements: (asked, 9),
            published,
            media: kinds.into_iter().map(|k| (format!("kind-{k}"), k % 2 == 0)).collect(),
            follow_ups: items.into_iter().map(|(planned, done)| FollowUp { planned, done }).collect(),
            ..survey(&year.to_string())
        }
    }
}

prop_compose! {
    fn any_facts()(
        services in proptest::collection::vec(proptest::option::of(any_standard()), 0..4),
        signed in proptest::option::of(any_day()),
        media in any_media(),
        surveys in proptest::collection::vec(any_survey(), 0..4),
    ) -> Facts {
        let charter = Charter { signed, complete: true, media };
        Facts {
            unit: Some(Unit { services, charter: Some(charter), ..Unit::default() }),
            ..super::tests::surveys(surveys)
        }
    }
}

const FED: [&str; 9] = [
    "directory.service_standard",
    "directory.standard_publication",
    "directory.standard_review",
    "directory.service_charter",
    "survey.execution",
    "survey.publication",
    "survey.followup_completion",
    "survey.followup_speed",
    "platform.support_modules",
];

/// The facts without everything dated after `date`.
fn cut(mut facts: Facts, date: NaiveDate) -> Facts {
    let past = |d: &NaiveDate| *d <= date;
    let unit = facts.unit.as_mut().unwrap();
    for standard in unit.services.iter_mut().flatten() {
        standard.enacted = standard.enacted.filter(past);
        standard.sippn = standard.sippn.filter(past);
        standard.involved.retain(past);
        standard.monitored.retain(past);
        standard.reviewed.retain(past);
        standard.media.retain(|m| m.since <= date);
    }
    let charter = unit.charter.as_mut().unwrap();
    charter.signed = charter.signed.filter(past);
    charter.media.retain(|m| m.since <= date);
    facts.surveys.retain(|_, s| s.period.first_day() <= date);
    for survey in facts.surveys.values_mut() {
        survey.published = survey.published.filter(past);
        survey.follow_ups.retain(|f| f.planned <= date);
        for item in &mut survey.follow_ups {
            item.done = item.done.filter(past);
        }
    }
    facts
}

proptest! {
    #[test]
    fn figures_at_a_date_look_only_at_what_is_dated_on_or_before_it(facts in any_facts(), date in any_day()) {
        let past = cut(facts.clone(), date);
        for metric in FED {
            prop_assert_eq!(figures(metric, &facts, date), figures(metric, &past, date), "{}", metric);
        }
    }

    #[test]
    fn every_figure_is_a_field_of_its_metric(facts in any_facts(), date in any_day()) {
        let feeds: serde_json::Value = serde_json::from_str(include_str!("../../data/feeds.json")).unwrap();
        for metric in FED {
            let feed = feeds.as_array().unwrap().iter().find(|f| f["id"] == metric).unwrap();
            if let Some(sourced) = figures(metric, &facts, date) {
                let names: Vec<&str> = sourced.figures.iter().map(|(name, _)| *name).collect();
                let fields: Vec<&str> = feed["fields"].as_array().unwrap().iter().filter_map(|f| f.as_str()).collect();
                prop_assert_eq!(names, fields);
            }
        }
    }

    #[test]
    fn the_months_until_a_day_are_the_fewest_that_reach_it(from in any_day(), done in any_day()) {
        let n = months_until(from, done);
        prop_assert!(from + Months::new(n) >= done);
        prop_assert!(n == 0 || from + Months::new(n - 1) < done);
    }
}
