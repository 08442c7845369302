//! The league tables equal those of a naive implementation, for random states in any order.

use std::collections::{BTreeMap, BTreeSet};

use prima_proto::score::Key;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::tests::{agency_name, score, subject, unit_name};
use super::*;

/// One state; its version is its position in the generated list.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a run has few of them")]
enum Fact {
    Agency(&'static str, AgencyFacts),
    Unit(&'static str, UnitFacts),
    Score(&'static str, Score),
    /// A state that this release cannot read.
    Unreadable(Aggregate),
    /// A definition, or its withdrawal.
    Definition(&'static str, Option<Box<Definition>>),
}

const AGENCIES: [&str; 4] = ["11", "12", "13", "14"];
const SUBJECTS: [&str; 10] = [
    "11", "12", "13", "14", "11/a", "11/b", "12/a", "12/b", "13/a", "14/a",
];

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let kind = prop::sample::select(vec![
        None,
        Some(Kind::Kementerian),
        Some(Kind::Provinsi),
        Some(Kind::Kabupaten),
        Some(Kind::Kota),
    ]);
    let parent = prop::sample::select(vec![None, Some("11"), Some("12")]);
    let label = prop::sample::select(vec!["X", "Y"]);
    let gone = prop::bool::weighted(0.15);
    let agency = (
        prop::sample::select(AGENCIES.to_vec()),
        label.clone(),
        kind,
        parent,
        gone,
    )
        .prop_map(|(id, label, kind, parent, withdrawn)| {
            let parent = parent.map(agency_name);
            Fact::Agency(
                id,
                AgencyFacts {
                    display_name: label.to_owned(),
                    kind,
                    parent,
                    withdrawn,
                },
            )
        });
    let types = prop::sample::select(vec!["clinic", "school", "kota", "units", "kl"]);
    let defined = prop::sample::select(vec![None, None, Some("clinic"), Some("")]);
    let unit = (
        prop::sample::select(SUBJECTS[4..].to_vec()),
        label,
        types,
        defined,
        gone,
    )
        .prop_map(|(id, label, unit_type, defined, withdrawn)| {
            let (display_name, unit_type) = (label.to_owned(), unit_type.to_owned());
            let agency_type = defined.map(|national| AgencyType {
                display_name: label.to_owned(),
                national: national.to_owned(),
            });
            Fact::Unit(
                id,
                UnitFacts {
                    display_name,
                    unit_type,
                    agency_type,
                    close_date: None,
                    withdrawn,
                },
            )
        });
    let values = prop::sample::select(vec!["91.4", "91.40", "90", "-1.5", "100", "0.001", ""]);
    let metrics = prop::sample::select(vec!["skm", "ipp"]);
    let services = prop::sample::select(vec!["index", "index", "other"]);
    let numbers = (0..3_i64, 0..3_i64, any::<bool>(), prop::bool::weighted(0.1));
    let score = (
        prop::sample::select(SUBJECTS.to_vec()),
        services,
        metrics,
        values,
        numbers,
        gone,
    )
        .prop_map(
            |(id, service, metric, value, (size, minimum, settled, recorded), withdrawn)| {
                let status = if settled {
                    Status::Final
                } else {
                    Status::Provisional
                };
                let mut score = score(id, value);
                metric.clone_into(&mut score.metric);
                score.withdrawn = withdrawn;
                score.figures = Figures {
                    sample_size: size,
                    sample_minimum: if id.contains('/') { minimum } else { minimum / 2 },
                    units_counted: size,
                    units_expected: minimum,
                    status,
                    recorded,
                    ..score.figures
                };
                Fact::Score(service, score)
            },
        );
    let readable = prop_oneof![1 => agency, 1 => unit, 4 => score];
    let fact = (readable, prop::bool::weighted(0.1)).prop_map(|(fact, unreadable)| match fact {
        Fact::Agency(id, _) if unreadable => Fact::Unreadable(Aggregate::Agency(agency_name(id))),
        Fact::Unit(id, _) if unreadable => Fact::Unreadable(Aggregate::Unit(unit_name(id))),
        Fact::Score(source, score) if unreadable => {
            let key = Key::new(source, &score.metric, &score.period, score.subject);
            Fact::Unreadable(Aggregate::Score(key))
        }
        other => other,
    });
    prop::collection::vec(fact, 0..120)
}

/// States among which there are definitions of both metrics.
fn facts_and_definitions() -> impl Strategy<Value = Vec<Fact>> {
    let fields = prop::sample::select(vec![
        r#""better": "higher""#,
        r#""better": "lower", "ties": "modified", "tie_breakers": ["larger-sample"], "minimum_sample": 1"#,
        r#""better": "lower", "coverage": null, "cohorts": [["unit-type"], ["kind"]], "tie_breakers": ["final-first"]"#,
        r#""better": "higher", "cohorts": [["agency"], ["unit-type", "volume"], ["level", "volume"]], "volumes": [
            {"key": "a", "title": {"id": "A", "en": "A"}, "from": 2}, {"key": "b", "title": {"id": "B", "en": "B"}, "from": 1}]"#,
        r#""better": "lower", "ties": "modified", "cohorts": [["region"], ["peers"]],
            "regions": [{"key": "r", "title": {"id": "R", "en": "R"}, "provinces": ["11"]}],
            "peers": [{"key": "p", "title": {"id": "P", "en": "P"}, "subjects": ["agencies/11", "agencies/12/units/a"]}]"#,
    ]);
    let metric = prop::sample::select(vec!["skm", "ipp"]);
    let definition = (metric, prop::option::weighted(0.8, fields)).prop_map(|(metric, fields)| {
        let read = |fields: &str| {
            let document = format!(
                r#"{{"metric": "{metric}", "title": {{"id": "M", "en": "M"}}, "citation": "c", "mark": "m", {fields}}}"#
            );
            Box::new(Definition::read(&document).unwrap())
        };
        Fact::Definition(metric, fields.map(read))
    });
    let unreadable = prop::sample::select(vec!["skm", "ipp"])
        .prop_map(|metric| Fact::Unreadable(Aggregate::Definition(metric.to_owned())));
    let definitions = prop::collection::vec(prop_oneof![6 => definition, 1 => unreadable], 1..6);
    (facts(), definitions)
        .prop_flat_map(|(facts, definitions)| Just([facts, definitions].concat()).prop_shuffle())
}

fn version(position: usize) -> i64 {
    i64::try_from(position).unwrap()
}

fn apply(league_tables: &mut LeagueTables, version: i64, fact: Fact) -> Changed {
    match fact {
        Fact::Agency(id, facts) => league_tables.agency(agency_name(id), version, facts),
        Fact::Unit(id, facts) => league_tables.unit(unit_name(id), version, facts),
        Fact::Score(service, score) => league_tables.score(service, version, score).unwrap(),
        Fact::Unreadable(aggregate) => league_tables.unreadable(aggregate, version),
        Fact::Definition(metric, definition) => {
            league_tables.definition(metric, version, definition.map(|definition| *definition))
        }
    }
}

type Shown = BTreeMap<TableKey, Vec<Row>>;

fn all(league_tables: &LeagueTables) -> Shown {
    league_tables
        .tables()
        .map(|(key, _)| (key.clone(), league_tables.rows(key, 0, usize::MAX).unwrap()))
        .collect()
}

/// The expected tables and the number of unplaced scores, computed by sorting the newest states.
fn naive(facts: &[Fact]) -> (Shown, usize) {
    let (mut agencies, mut units, mut scores) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (position, fact) in facts.iter().enumerate() {
        match fact {
            Fact::Agency(id, facts) => _ = agencies.insert(*id, facts),
            Fact::Unit(id, facts) => _ = units.insert(*id, facts),
            Fact::Score(service, score) => {
                let of = (score.metric.clone(), score.subject.clone());
                scores
                    .entry(of)
                    .or_insert_with(BTreeMap::new)
                    .insert(*service, (version(position), Some(score)));
            }
            Fact::Unreadable(Aggregate::Definition(_)) | Fact::Definition(..) => {}
            Fact::Unreadable(Aggregate::Agency(name)) => _ = agencies.remove(name.agency.as_str()),
            Fact::Unreadable(Aggregate::Unit(name)) => {
                units.remove(format!("{}/{}", name.agency, name.unit).as_str());
            }
            Fact::Unreadable(Aggregate::Score(key)) => {
                let of = (key.metric.clone(), key.subject.clone());
                scores
                    .entry(of)
                    .or_insert_with(BTreeMap::new)
                    .insert(key.service.as_str(), (version(position), None));
            }
        }
    }
    let mut tables: BTreeMap<TableKey, Vec<(Decimal, Row)>> = BTreeMap::new();
    let mut unplaced = 0;
    let newest: Vec<_> = scores
        .into_iter()
        .filter_map(|((metric, subject), by_service)| {
            // All versions differ here, so there are no ties between services.
            let live = by_service
                .values()
                .filter(|(_, score)| score.is_none_or(|score| !score.withdrawn));
            let (version, score) = live.max_by_key(|(version, _)| *version)?;
            Some((metric, subject, *version, (*score)?))
        })
        .collect();
    let small =
        |figures: &Figures| figures.sample_minimum > 0 && figures.sample_size < figures.sample_minimum;
    let units_of = |metric: &str, agency: &str| {
        let units = newest.iter().filter(|(of, subject, ..)| {
            of == metric && subject.unit_id().is_some() && subject.agency_id() == agency
        });
        let mut found = Units::default();
        for (.., score) in units {
            found.fit += i64::from(!small(&score.figures) && !score.figures.value.is_empty());
            found.recorded += i64::from(score.figures.recorded);
        }
        found
    };
    for (metric, subject, version, score) in &newest {
        let figures = &score.figures;
        let owner = agencies.get(subject.agency_id());
        let mut cohorts = Vec::new();
        let mut of_agency = Units::default();
        let mut units_required = 0;
        let (display_name, agency_display_name, low) = match subject {
            Subject::Agency(_) => {
                let Some(own) = owner else {
                    unplaced += 1;
                    continue;
                };
                if let Some(kind) = own.kind.filter(|_| !own.withdrawn) {
                    cohorts.push(kind.as_str().to_owned());
                    let national = matches!(kind, Kind::Kementerian | Kind::Lembaga);
                    cohorts.push(if national { "kl" } else { "daerah" }.to_owned());
                    if matches!(kind, Kind::Kabupaten | Kind::Kota) {
                        let parent = own.parent.iter();
                        cohorts.extend(parent.map(|parent| format!("agencies.{}", parent.agency)));
                    }
                }
                of_agency = units_of(metric, subject.agency_id());
                let expected = figures.units_expected.max(figures.units_counted);
                let of_units = figures.units_counted > 0 && figures.sample_minimum == 0 && !figures.recorded;
                units_required = if of_units { (2 * expected + 2) / 3 } else { 0 };
                let low = if small(figures) {
                    Some(Unranked::SampleTooSmall)
                } else if figures.units_counted < figures.units_expected
                    && figures.status == Status::Provisional
                {
                    Some(Unranked::UnitsMissing)
                } else if of_units && 3 * of_agency.fit < 2 * expected {
                    Some(Unranked::UnitsUnfit)
                } else {
                    None
                };
                (own.display_name.clone(), String::new(), low)
            }
            Subject::Unit(unit) => {
                let Some(own) = units.get(format!("{}/{}", unit.agency, unit.unit).as_str()) else {
                    unplaced += 1;
                    continue;
                };
                if !own.withdrawn {
                    cohorts.push(format!("units.{}", unit.agency));
                }
                let mixes = |key: &str| ["", "kota", "units", "kl"].contains(&key);
                let defined = own.agency_type.as_ref();
                if !own.withdrawn && defined.is_some() && !mixes(&own.unit_type) {
                    cohorts.push(format!("{}.{}", own.unit_type, unit.agency));
                }
                let national = defined.map_or(&own.unit_type, |defined| &defined.national);
                if !own.withdrawn && !mixes(national) {
                    cohorts.push(national.clone());
                    let province = match owner {
                        Some(a) if a.withdrawn || a.kind == Some(Kind::Kementerian) => None,
                        Some(a) if a.kind == Some(Kind::Provinsi) => Some(unit.agency.clone()),
                        Some(a) => a.parent.as_ref().map(|parent| parent.agency.clone()),
                        None => None,
                    };
                    cohorts.extend(province.map(|province| format!("{national}.{province}")));
                }
                // A type of a province may have the key of a built-in one, as that of an agency of an earlier release.
                cohorts.sort();
                cohorts.dedup();
                let low = small(figures);
                let agency_display_name = owner.map_or_else(String::new, |a| a.display_name.clone());
                (
                    own.display_name.clone(),
                    agency_display_name,
                    low.then_some(Unranked::SampleTooSmall),
                )
            }
        };
        let low = match figures.value.as_str() {
            "" if figures.too_few => Some(Unranked::TooFew),
            "" => Some(Unranked::NoValue),
            _ => low,
        };
        let row = Row {
            rank: None,
            subject: subject.clone(),
            display_name,
            agency_display_name,
            score: figures.clone(),
            unranked: low,
            units: of_agency,
            units_required,
            version: *version,
        };
        for cohort in cohorts {
            let key = TableKey {
                metric: metric.clone(),
                period: "2024".to_owned(),
                cohort,
            };
            tables
                .entry(key)
                .or_default()
                .push((figures.value.parse().unwrap_or_default(), row.clone()));
        }
    }
    let ranked = |rows: Vec<(Decimal, Row)>| -> Vec<Row> {
        let (mut listed, mut unranked): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|(_, row)| row.unranked.is_none());
        listed.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.subject.cmp(&y.subject)));
        // By reason, then by value, those without one last.
        let group = |row: &Row| (row.unranked.map(Unranked::number), row.score.value.is_empty());
        unranked.sort_by(|(a, x), (b, y)| {
            let by_value = group(x).cmp(&group(y)).then_with(|| b.cmp(a));
            by_value.then_with(|| x.subject.cmp(&y.subject))
        });
        let values: Vec<Decimal> = listed.iter().map(|(value, _)| *value).collect();
        for (value, row) in &mut listed {
            row.rank = Some(values.iter().filter(|other| *other > value).count() + 1);
        }
        listed.into_iter().chain(unranked).map(|(_, row)| row).collect()
    };
    (
        tables
            .into_iter()
            .map(|(key, rows)| (key, ranked(rows)))
            .collect(),
        unplaced,
    )
}

proptest! {
    #[test]
    fn the_tables_equal_naive_ones_and_every_change_is_reported(facts in facts()) {
        let mut league_tables = LeagueTables::default();
        let mut before = Shown::new();
        for (position, fact) in facts.iter().enumerate() {
            let changed: BTreeSet<TableKey> =
                apply(&mut league_tables, version(position), fact.clone()).iter().cloned().collect();
            let (after, unplaced) = naive(&facts[..=position]);
            prop_assert_eq!(&all(&league_tables), &after);
            prop_assert_eq!(league_tables.unplaced(), unplaced);
            let keys: BTreeSet<&TableKey> = before.keys().chain(after.keys()).collect();
            for key in keys {
                prop_assert!(before.get(key) == after.get(key) || changed.contains(key), "{key} not reported");
            }
            before = after;
        }
    }

    #[test]
    fn order_and_repetition_do_not_matter(
        (facts, delivered) in facts().prop_flat_map(|facts| {
            let versioned: Vec<(usize, Fact)> = facts.iter().cloned().enumerate().collect();
            let repeated = [versioned.clone(), versioned].concat();
            (Just(facts), Just(repeated).prop_shuffle())
        }),
    ) {
        let mut league_tables = LeagueTables::default();
        for (position, fact) in delivered {
            apply(&mut league_tables, version(position), fact);
        }
        let (tables, unplaced) = naive(&facts);
        prop_assert_eq!(all(&league_tables), tables);
        prop_assert_eq!(league_tables.unplaced(), unplaced);
    }

    #[test]
    fn definitions_may_come_before_among_or_after_the_scores(
        (facts, delivered) in facts_and_definitions().prop_flat_map(|facts| {
            let versioned: Vec<(usize, Fact)> = facts.iter().cloned().enumerate().collect();
            let repeated = [versioned.clone(), versioned].concat();
            (Just(facts), Just(repeated).prop_shuffle())
        }),
    ) {
        let mut shuffled = LeagueTables::default();
        for (position, fact) in delivered {
            apply(&mut shuffled, version(position), fact);
        }
        // Every change is reported, also that of a title, and the tables are those of a replica that has heard of the
        // definitions first.
        let mut in_order = LeagueTables::default();
        let mut before = Shown::new();
        for (position, fact) in facts.iter().enumerate() {
            let changed: BTreeSet<TableKey> =
                apply(&mut in_order, version(position), fact.clone()).iter().cloned().collect();
            let after = all(&in_order);
            for key in before.keys().chain(after.keys()) {
                prop_assert!(before.get(key) == after.get(key) || changed.contains(key), "{key} not reported");
                let rows = after.get(key).map(Vec::as_slice).unwrap_or_default();
                for row in rows {
                    prop_assert_eq!(in_order.rank(key, &row.subject), row.rank);
                }
            }
            before = after;
        }
        let mut defined_first = LeagueTables::default();
        let is_definition = |fact: &Fact| matches!(fact, Fact::Definition(..) | Fact::Unreadable(Aggregate::Definition(_)));
        let versioned = facts.iter().cloned().enumerate();
        let (definitions, others): (Vec<_>, Vec<_>) = versioned.partition(|(_, fact)| is_definition(fact));
        for (position, fact) in definitions.into_iter().rev().chain(others) {
            apply(&mut defined_first, version(position), fact);
        }
        prop_assert_eq!(&all(&shuffled), &before);
        prop_assert_eq!(all(&defined_first), before);
        prop_assert_eq!(shuffled.unplaced(), in_order.unplaced());
    }

    #[test]
    fn pages_cover_every_row_once_and_standings_agree(facts in facts(), page in 1..7usize) {
        let mut league_tables = LeagueTables::default();
        for (position, fact) in facts.into_iter().enumerate() {
            apply(&mut league_tables, version(position), fact);
        }
        let tables = all(&league_tables);
        for (key, rows) in &tables {
            let pages = (0..rows.len()).step_by(page).flat_map(|offset| league_tables.rows(key, offset, page).unwrap());
            prop_assert_eq!(&pages.collect::<Vec<_>>(), rows);
            prop_assert_eq!(league_tables.rows(key, rows.len(), page), Some(Vec::new()));
            for row in rows {
                prop_assert_eq!(league_tables.rank(key, &row.subject), row.rank);
            }
            let table = league_tables.table(key).unwrap();
            prop_assert_eq!(table.ranked(), rows.iter().filter(|row| row.rank.is_some()).count());
            prop_assert_eq!(table.len(), rows.len());
        }
        for (of, metric) in SUBJECTS.iter().flat_map(|of| [(of, "skm"), (of, "ipp")]) {
            let found = league_tables.standings(&subject(of), metric, "2024");
            let own = |row: &&Row| row.subject == subject(of);
            let in_tables = tables.iter().filter(|(key, _)| key.metric == metric);
            let expected = in_tables.flat_map(|(key, rows)| rows.iter().find(own).map(|row| (key.clone(), row.clone())));
            prop_assert_eq!(found, expected.collect::<Vec<_>>());
        }
    }
}
