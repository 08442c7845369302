use proptest::prelude::*;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn started(name: &str, start: &str, stop: &str) -> Innovation {
    Innovation {
        name: name.into(),
        designed: Some(day(start)),
        started: Some(day(start)),
        stopped: stop.parse().ok(),
        ..Innovation::default()
    }
}

fn year(innovations: Vec<Innovation>) -> Portfolio {
    Portfolio {
        innovations,
        ..Portfolio::default()
    }
}

fn of(innovation: &str, on: &str) -> DatedEvent {
    DatedEvent {
        innovation: innovation.into(),
        on: day(on),
    }
}

fn texts(sourced: Option<SourcedFigures>) -> Vec<String> {
    sourced.unwrap().figures.iter().map(|(_, v)| v.text()).collect()
}

fn shown(portfolios: &BTreeMap<i32, Portfolio>, date: &str) -> Vec<String> {
    texts(achievement(portfolios, day(date)))
}

#[test]
fn a_year_after_the_evaluation_does_not_count() {
    let portfolios = BTreeMap::from([(2024, year(vec![started("a", "2024-01-01", "")]))]);
    assert_eq!(achievement(&portfolios, day("2023-12-31")), None);
    assert_eq!(resources(&portfolios, day("2023-12-31")), None);
    assert_eq!(shown(&portfolios, "2024-01-01")[0], "1");
}

#[test]
fn an_innovation_counts_from_its_first_day_to_its_last() {
    let portfolios = BTreeMap::from([(2024, year(vec![started("a", "2024-02-10", "2024-05-20")]))]);
    for (date, count, age) in [
        ("2024-02-09", "0", ""),
        ("2024-02-10", "1", "0"),
        ("2024-05-20", "1", "3"),
        ("2024-05-21", "0", ""),
    ] {
        let figures = shown(&portfolios, date);
        assert_eq!((figures[0].as_str(), figures[2].as_str()), (count, age), "{date}");
    }
}

#[test]
fn the_age_is_of_the_oldest_and_in_full_months() {
    let portfolios = BTreeMap::from([(
        2022,
        year(vec![
            started("a", "2020-01-01", "2022-12-31"),
            started("b", "2022-06-30", ""),
            started("c", "2022-08-31", ""),
        ]),
    )]);
    for (date, age) in [
        ("2022-12-31", "35"),
        ("2023-06-29", "11"),
        ("2023-06-30", "12"),
        ("2024-02-28", "19"),
        ("2024-02-29", "20"),
    ] {
        assert_eq!(shown(&portfolios, date)[2], age, "{date}");
    }
    let late = BTreeMap::from([(2022, year(vec![started("c", "2022-08-31", "")]))]);
    assert_eq!(shown(&late, "2023-02-27")[2], "5");
    assert_eq!(
        shown(&late, "2023-02-28")[2],
        "6",
        "the last day of a short month"
    );
}

#[test]
fn innovations_are_read_from_the_newest_year_and_achievements_from_all() {
    let mut old = year(vec![
        started("a", "2020-01-01", ""),
        started("b", "2020-01-01", "2021-03-01"),
    ]);
    old.entries = vec![of("a", "2021-04-01")];
    old.awards = vec![of("b", "2021-02-01")];
    old.learning = vec![day("2021-02-01")];
    let new = year(vec![started("a", "2020-01-01", "")]);
    let portfolios = BTreeMap::from([(2021, old), (2023, new)]);
    let sourced = achievement(&portfolios, day("2023-06-30")).unwrap();
    assert_eq!(sourced.origins.len(), 2);
    assert_eq!(texts(Some(sourced)), ["1", "true", "41", "true", "false"]);
    assert_eq!(
        shown(&portfolios, "2021-03-01"),
        ["2", "true", "14", "false", "true"]
    );
    assert_eq!(
        shown(&portfolios, "2021-03-02"),
        ["1", "true", "14", "false", "false"]
    );
    assert_eq!(
        shown(&portfolios, "2021-01-31")[1..],
        ["false", "12", "false", "false"]
    );
}

#[test]
fn a_design_that_has_not_begun_is_learning() {
    let planned = Innovation {
        designed: Some(day("2024-02-01")),
        ..Innovation::default()
    };
    let begun = Innovation {
        started: Some(day("2024-03-01")),
        ..planned.clone()
    };
    let idea = Innovation {
        designed: None,
        ..planned.clone()
    };
    let learning = |one: &Innovation, date| {
        let portfolios = BTreeMap::from([(2024, year(vec![one.clone()]))]);
        shown(&portfolios, date)[1] == "true"
    };
    assert!(!learning(&planned, "2024-01-31") && learning(&planned, "2024-02-01"));
    assert!(learning(&begun, "2024-02-29") && !learning(&begun, "2024-03-01"));
    assert!(!learning(&idea, "2024-03-01"));
}

#[test]
fn resources_are_those_of_the_best_supported_innovation() {
    let with = |name: &str, legal_basis, supports, stop: &str| Innovation {
        legal_basis,
        supports,
        ..started(name, "2023-01-01", stop)
    };
    let portfolios = BTreeMap::from([(
        2024,
        year(vec![
            with("a", LegalBasis::Draft, 3, ""),
            with("b", LegalBasis::Enacted, 1, ""),
            with("c", LegalBasis::Enacted, 2, "2024-03-01"),
            with("d", LegalBasis::None, 3, ""),
        ]),
    )]);
    let at = |date| texts(resources(&portfolios, day(date)));
    assert_eq!(at("2024-03-01"), ["enacted", "2"]);
    assert_eq!(at("2024-03-02"), ["enacted", "1"]);
    let none = BTreeMap::from([(2024, year(vec![with("a", LegalBasis::Enacted, 3, "2024-01-01")]))]);
    assert_eq!(texts(resources(&none, day("2024-01-02"))), ["none", "0"]);
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0i64..3000).prop_map(|n| day("2018-01-01") + chrono::TimeDelta::days(n))
}

prop_compose! {
    fn any_innovation()(
        name in 0..4u8,
        started in proptest::option::of(any_day()),
        stopped in proptest::option::of(any_day()),
        designed in proptest::option::of(any_day()),
        supports in 0..4usize,
    ) -> Innovation {
        Innovation { name: name.to_string(), designed, started, stopped, legal_basis: LegalBasis::Enacted, supports }
    }
}

prop_compose! {
    fn any_portfolio()(
        innovations in proptest::collection::vec(any_innovation(), 0..4),
        entries in proptest::collection::vec((0..4u8, any_day()), 0..4),
        awards in proptest::collection::vec((0..4u8, any_day()), 0..4),
        learning in proptest::collection::vec(any_day(), 0..4),
    ) -> Portfolio {
        let of = |(innovation, on): (u8, NaiveDate)| DatedEvent { innovation: innovation.to_string(), on };
        Portfolio {
            innovations,
            entries: entries.into_iter().map(of).collect(),
            awards: awards.into_iter().map(of).collect(),
            learning,
            ..Portfolio::default()
        }
    }
}

proptest! {
    #[test]
    fn full_months_are_the_most_that_fit(from in any_day(), date in any_day()) {
        let months = full_months(from, date);
        let after = |n| from.checked_add_months(chrono::Months::new(n)).unwrap();
        prop_assert!(after(months) <= date || (months == 0 && date < from));
        prop_assert!(after(months + 1) > date);
    }

    #[test]
    fn nothing_dated_after_the_evaluation_changes_a_figure(
        portfolios in proptest::collection::btree_map(2018..2027, any_portfolio(), 0..5),
        date in any_day(),
    ) {
        let mut known: BTreeMap<i32, Portfolio> = portfolios.clone();
        known.retain(|year, _| *year <= date.year());
        for portfolio in known.values_mut() {
            portfolio.entries.retain(|e| e.on <= date);
            portfolio.awards.retain(|a| a.on <= date);
            portfolio.learning.retain(|day| *day <= date);
            for one in &mut portfolio.innovations {
                one.designed = one.designed.filter(|d| *d <= date);
                one.started = one.started.filter(|d| *d <= date);
                one.stopped = one.stopped.filter(|d| *d < date);
            }
        }
        prop_assert_eq!(achievement(&portfolios, date), achievement(&known, date));
        prop_assert_eq!(resources(&portfolios, date), resources(&known, date));
    }

    #[test]
    fn every_figure_is_a_field_of_its_metric(portfolio in any_portfolio(), date in any_day()) {
        let feeds: serde_json::Value = serde_json::from_str(include_str!("../../data/feeds.json")).unwrap();
        let years = BTreeMap::from([(2018, portfolio)]);
        for (metric, sourced) in [
            ("innovation.portfolio", achievement(&years, date)),
            ("innovation.resources", resources(&years, date)),
        ] {
            let feed = feeds.as_array().unwrap().iter().find(|f| f["id"] == metric).unwrap();
            let names: Vec<&str> = sourced.unwrap().figures.iter().map(|(name, _)| *name).collect();
            let fields: Vec<&str> = feed["fields"].as_array().unwrap().iter().filter_map(|f| f.as_str()).collect();
            prop_assert_eq!(names, fields);
        }
    }

    #[test]
    fn the_order_within_a_state_changes_nothing(portfolio in any_portfolio(), date in any_day()) {
        let mut turned = portfolio.clone();
        turned.innovations.reverse();
        turned.entries.reverse();
        turned.awards.reverse();
        turned.learning.reverse();
        let one = |p| BTreeMap::from([(2018, p)]);
        let (portfolio, turned) = (one(portfolio), one(turned));
        prop_assert_eq!(achievement(&portfolio, date), achievement(&turned, date));
        prop_assert_eq!(resources(&portfolio, date), resources(&turned, date));
    }
}
