use proptest::prelude::*;

use super::*;
use crate::domain::{
    facts::{Facts, Standard, Survey, Unit, figures},
    instrument,
    rule::Figures,
    suggestion::suggest,
};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

const DATE: &str = "2024-06-30";

fn channel(kind: &str, since: &str, until: &str) -> Channel {
    Channel {
        kind: kind.into(),
        online: kind != "face_to_face" && kind != "letter",
        since: day(since),
        until: until.parse().ok(),
    }
}

fn desk(kinds: &[&str], separate: bool, sp4n: bool) -> Desk {
    let since = |present: bool| present.then(|| day("2024-01-15"));
    Desk {
        channels: kinds.iter().map(|kind| channel(kind, "2024-01-15", "")).collect(),
        separate_since: since(separate),
        sp4n_since: since(sp4n),
        records: Vec::new(),
    }
}

/// Facts with one state, of the year before.
fn before(performance: Performance) -> Facts {
    Facts {
        complaints: BTreeMap::from([(2023, performance)]),
        ..Facts::default()
    }
}

fn with(desk: Desk) -> Facts {
    before(Performance {
        desk,
        ..Performance::default()
    })
}

fn texts(metric: &str, facts: &Facts, date: &str) -> Option<Vec<String>> {
    let known = figures(metric, facts, day(date))?;
    Some(known.figures.iter().map(|(_, value)| value.text()).collect())
}

/// The suggested level of the indicator, and whether it is an interpretation.
fn level(form: &str, indicator: &str, facts: &Facts) -> (Option<u32>, bool) {
    let mut instruments = instrument::built_in().iter();
    let (instrument, _) = instruments.find(|(i, _)| i.id == "pekppp-2022").unwrap();
    let suggested = suggest(instrument, form, facts, day(DATE));
    let found = suggested.iter().find(|s| s.indicator == indicator).unwrap();
    (found.level, found.interpretation)
}

#[test]
fn channels_are_rated_by_every_row_of_the_rule() {
    let level = |kinds: &[&str], separate, sp4n| {
        level(
            "offline",
            "complaint_channel_reach",
            &with(desk(kinds, separate, sp4n)),
        )
    };
    let suggested = |level| (Some(level), false);
    assert_eq!(level(&["face_to_face"], true, true), suggested(5));
    assert_eq!(level(&["face_to_face", "email"], true, false), suggested(4));
    assert_eq!(level(&["face_to_face", "phone"], false, false), suggested(3));
    assert_eq!(level(&["face_to_face"], false, true), (Some(3), true));
    assert_eq!(level(&["face_to_face"], true, false), suggested(2));
    assert_eq!(level(&["face_to_face", "letter"], false, false), suggested(1));
    assert_eq!(level(&["web"], false, false), (None, true));
    assert_eq!(level(&["letter"], false, true), (None, true));
    // A letter box alone is neither face to face nor online.
    assert_eq!(level(&["letter"], false, false), suggested(0));
    // Without facts nothing is suggested.
    assert_eq!(level(&[], false, false), (None, false));
}

#[test]
fn a_channel_counts_from_its_first_day_to_its_last() {
    let facts = with(Desk {
        channels: vec![
            channel("face_to_face", "2024-01-10", "2024-03-31"),
            channel("web", "2024-02-01", ""),
        ],
        separate_since: Some(day("2024-01-20")),
        sp4n_since: Some(day("2024-03-01")),
        records: Vec::new(),
    });
    let at = |date| texts("complaint.channels", &facts, date);
    assert_eq!(at("2024-01-09"), None);
    for (date, figures) in [
        ("2024-01-10", ["true", "false", "false", "false"]),
        ("2024-01-31", ["true", "true", "false", "false"]),
        ("2024-02-01", ["true", "true", "true", "false"]),
        ("2024-03-31", ["true", "true", "true", "true"]),
        ("2024-04-01", ["false", "false", "true", "true"]),
    ] {
        assert_eq!(at(date).unwrap(), figures, "{date}");
    }
}

#[test]
fn online_media_are_counted_by_kind() {
    let level = |kinds: &[&str], sp4n| {
        level(
            "online",
            "online_complaint_media",
            &with(desk(kinds, false, sp4n)),
        )
        .0
    };
    assert_eq!(level(&["face_to_face", "letter"], false), Some(0));
    assert_eq!(level(&["sms", "phone", "face_to_face"], false), Some(1));
    assert_eq!(level(&["sms", "email"], false), Some(2));
    assert_eq!(level(&["sms", "email"], true), Some(3));
    assert_eq!(level(&["sms", "email", "web"], true), Some(4));
    assert_eq!(level(&["sms", "email", "web", "social_media"], true), Some(5));
    assert_eq!(level(&[], false), None);
}

#[test]
fn the_slowest_answer_of_the_year_before_is_rated_by_every_row() {
    let level = |hours| {
        let year = Performance {
            slowest_hours: hours,
            ..Performance::default()
        };
        level("online", "complaint_response_speed", &before(year))
    };
    assert_eq!(level(None), (None, true));
    for (hours, suggested) in [
        (0, 5),
        (24, 5),
        (25, 4),
        (72, 4),
        (73, 3),
        (120, 3),
        (121, 2),
        (168, 2),
        (169, 1),
        (336, 1),
        (337, 0),
    ] {
        assert_eq!(level(Some(hours)), (Some(suggested), false), "{hours}");
    }
}

#[test]
fn records_of_the_year_before_are_rated_by_every_row() {
    let kinds = ["report", "monitoring", "follow-up", "publication"];
    for form in ["offline", "online"] {
        let level = |received, records: &[&str], date: &str| {
            let desk = Desk {
                records: records
                    .iter()
                    .map(|kind| ((*kind).to_owned(), day(date)))
                    .collect(),
                ..Desk::default()
            };
            let year = Performance {
                received,
                desk,
                ..Performance::default()
            };
            level(form, "complaint_accountability", &before(year)).0
        };
        for n in 0..=kinds.len() {
            let expected = u32::try_from(n + 1).unwrap();
            assert_eq!(level(1, &kinds[..n], "2023-12-31"), Some(expected));
            // A record of another year does not count for this one.
            assert_eq!(level(1, &kinds[..n], "2024-01-01"), Some(1));
            assert_eq!(level(0, &kinds[..n], "2023-01-01"), Some(0));
        }
        // Levels are cumulative.
        assert_eq!(level(1, &kinds[1..], "2023-06-01"), Some(1));
    }
}

#[test]
fn completion_is_rated_by_every_row() {
    for form in ["offline", "online"] {
        let level = |year: Performance| level(form, "complaint_followup", &before(year));
        let plain = |received, archived, resolved, consultations, consultations_completed| Performance {
            received,
            archived,
            resolved,
            consultations,
            consultations_completed,
            ..Performance::default()
        };
        assert_eq!(level(plain(0, 0, 0, 0, 0)), (None, true));
        assert_eq!(level(plain(3, 3, 0, 0, 0)), (None, true));
        assert_eq!(level(plain(3, 1, 0, 0, 0)), (Some(0), false));
        assert_eq!(level(plain(9, 5, 1, 1, 1)), (Some(1), false));
        assert_eq!(level(plain(9, 5, 1, 2, 2)), (Some(2), false));
        assert_eq!(level(plain(0, 0, 0, 2, 2)), (Some(2), false));
        let sp4n = |sp4n, sp4n_archived, sp4n_resolved| Performance {
            sp4n,
            sp4n_archived,
            sp4n_resolved,
            ..plain(100, sp4n_archived, 90, 0, 0)
        };
        assert_eq!(level(sp4n(10, 0, 0)), (Some(0), false));
        assert_eq!(level(sp4n(11, 1, 4)), (Some(3), false));
        assert_eq!(level(sp4n(11, 1, 5)), (Some(4), false));
        assert_eq!(level(sp4n(11, 1, 8)), (Some(4), false));
        assert_eq!(level(sp4n(11, 1, 9)), (Some(5), false));
        // When all reports through SP4N were archived, SP4N was used but no report remains to be completed.
        let archived = before(sp4n(2, 2, 0));
        let found = texts("complaint.completion", &archived, DATE).unwrap();
        assert_eq!(found, ["98", "true", ""]);
        assert_eq!(level(sp4n(2, 2, 0)).0, None);
        assert_eq!(level(plain(0, 0, 0, 0, 0)).0, None);
    }
}

#[test]
fn a_connection_to_sp4n_gives_the_second_level_of_the_support_system() {
    for form in ["offline", "online"] {
        let level = |facts: &Facts| level(form, "operational_support_system", facts).0;
        let unit = |services| Unit {
            services,
            ..Unit::default()
        };
        let survey = Survey {
            origin: EventRef::default(),
            instrument: "skm-2017".into(),
            period: "2024-s1".parse().unwrap(),
            opened: None,
            ended: None,
            respondents: 3,
            sample_met: true,
            scale: (1, 4),
            elements: (9, 9),
            published: None,
            media: Vec::new(),
            follow_ups: Vec::new(),
        };
        let mut facts = with(desk(&["web"], false, true));
        assert_eq!(level(&facts), None);
        facts.unit = Some(unit(vec![None]));
        assert_eq!(level(&facts), Some(0));
        facts.unit = Some(unit(vec![Some(Standard::default())]));
        assert_eq!(level(&facts), Some(2));
        facts.surveys.insert("a".into(), survey);
        // No service publishes the facts of levels 4 and 5.
        assert_eq!(level(&facts), Some(3));
        for found in [desk(&["web"], false, false), Desk::default()] {
            facts.complaints = with(found).complaints;
            assert_eq!(level(&facts), Some(1));
        }
    }
    let mut facts = with(desk(&["web"], false, true));
    facts.unit = Some(Unit {
        services: vec![None],
        ..Unit::default()
    });
    let connected = |facts: &Facts| texts("platform.support_modules", facts, DATE).unwrap()[1].clone();
    assert_eq!(connected(&facts), "true");
    facts.complaints = with(desk(&["web"], false, false)).complaints;
    assert_eq!(connected(&facts), "false");
    facts.complaints = with(Desk::default()).complaints;
    assert_eq!(connected(&facts), "");
}

#[test]
fn a_year_without_a_state_is_not_rated() {
    let facts = with(desk(&["face_to_face"], true, true));
    for metric in [
        "complaint.response_time",
        "complaint.documentation",
        "complaint.completion",
    ] {
        assert_eq!(figures(metric, &facts, day("2025-06-30")), None, "{metric}");
        assert!(figures(metric, &facts, day("2024-01-01")).is_some(), "{metric}");
    }
    // A state of any year contains how the unit can be reached.
    assert!(figures("complaint.channels", &facts, day("2025-06-30")).is_some());
}

#[test]
fn the_desk_is_read_from_the_newest_state() {
    let state = |version, kinds: &[&str]| Performance {
        origin: EventRef {
            subject: "p".into(),
            version,
        },
        received: 1,
        desk: Desk {
            records: vec![("report".into(), day("2023-05-05"))],
            ..desk(kinds, false, false)
        },
        ..Performance::default()
    };
    let mut facts = Facts {
        complaints: BTreeMap::from([(2023, state(2, &["web"])), (2024, state(1, &["face_to_face"]))]),
        ..Facts::default()
    };
    let channels = |facts: &Facts| texts("complaint.channels", facts, DATE).unwrap();
    assert_eq!(channels(&facts), ["false", "false", "true", "false"]);
    facts.complaints.insert(2024, state(3, &["face_to_face"]));
    assert_eq!(channels(&facts), ["true", "false", "false", "false"]);
    let found = figures("complaint.documentation", &facts, day(DATE)).unwrap();
    let versions: Vec<i64> = found.origins.iter().map(|o| o.version).collect();
    assert_eq!(versions, [2, 3]);
    let expected: Figures = vec![
        ("archived", true.into()),
        ("reported", true.into()),
        ("monitored", false.into()),
        ("followed_up", false.into()),
        ("published", false.into()),
    ];
    assert_eq!(found.figures, expected);
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0..1500u64).prop_map(|n| day("2022-01-01") + chrono::Days::new(n))
}

prop_compose! {
    fn any_desk()(
        channels in proptest::collection::vec(
            (prop::sample::select(vec!["face_to_face", "web", "sms", "phone", "letter"]), any_day(), 0..900u64),
            0..5,
        ),
        separate_since in proptest::option::of(any_day()),
        sp4n_since in proptest::option::of(any_day()),
        records in proptest::collection::vec(
            (prop::sample::select(vec!["report", "monitoring", "follow-up", "publication"]), any_day()),
            0..6,
        ),
    ) -> Desk {
        let channel = |(kind, since, days): (&str, NaiveDate, u64)| Channel {
            until: (days < 600).then(|| since + chrono::Days::new(days)),
            ..channel(kind, &since.to_string(), "")
        };
        Desk {
            channels: channels.into_iter().map(channel).collect(),
            separate_since,
            sp4n_since,
            records: records.into_iter().map(|(kind, date)| (kind.to_owned(), date)).collect(),
        }
    }
}

const FED: [&str; 5] = [
    "complaint.channels",
    "complaint.online_media",
    "complaint.response_time",
    "complaint.documentation",
    "complaint.completion",
];

proptest! {
    #[test]
    fn figures_at_a_date_look_only_at_what_is_dated_on_or_before_it(desk in any_desk(), date in any_day()) {
        let mut past = desk.clone();
        past.channels.retain(|c| c.since <= date);
        for channel in &mut past.channels {
            channel.until = channel.until.filter(|until| *until < date);
        }
        past.separate_since = past.separate_since.filter(|d| *d <= date);
        past.sp4n_since = past.sp4n_since.filter(|d| *d <= date);
        past.records.retain(|(_, d)| *d <= date);
        let facts = |desk: Desk| Facts {
            complaints: (2021..2026).map(|year| (year, Performance { desk: desk.clone(), ..Performance::default() })).collect(),
            ..Facts::default()
        };
        let (all, past) = (facts(desk), facts(past));
        for metric in FED {
            prop_assert_eq!(figures(metric, &all, date), figures(metric, &past, date), "{}", metric);
        }
    }

    #[test]
    fn every_figure_is_a_field_of_its_metric(desk in any_desk(), date in any_day()) {
        let feeds: serde_json::Value = serde_json::from_str(include_str!("../../data/feeds.json")).unwrap();
        let facts = with(desk);
        for metric in FED {
            let feed = feeds.as_array().unwrap().iter().find(|f| f["id"] == metric).unwrap();
            if let Some(known) = figures(metric, &facts, date) {
                let names: Vec<&str> = known.figures.iter().map(|(name, _)| *name).collect();
                let fields: Vec<&str> = feed["fields"].as_array().unwrap().iter().filter_map(|f| f.as_str()).collect();
                prop_assert_eq!(names, fields);
            }
        }
    }
}
