//! How fast a score finds its rank among 100,000 units: in all league tables, in one table, and by sorting again.
//! `PRIMA_BENCH_SMALL=1` runs it with 1,000 units, which only shows that it works.

use std::cmp::Reverse;
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prima_proto::name;
use prima_ranking::domain::{
    AgencyFacts, Figures, Kind, LeagueTables, Score, SortKey, Status, Subject, Table, TableKey, UnitFacts,
};
use rust_decimal::Decimal;

const AGENCIES: usize = 500;
const PROVINCES: usize = 38;
const BATCH: usize = 256;

/// The amount of work.
#[derive(Clone, Copy)]
struct Sizes {
    units: usize,
    batches: usize,
    sorts: usize,
    pages: usize,
}

impl Sizes {
    fn of_run() -> Self {
        if std::env::var("PRIMA_BENCH_SMALL").is_ok_and(|value| value == "1") {
            return Self {
                units: 1_000,
                batches: 4,
                sorts: 5,
                pages: 10,
            };
        }
        Self {
            units: 100_000,
            batches: 1_200,
            sorts: 200,
            pages: 1_000,
        }
    }

    fn updates(self) -> usize {
        self.batches * BATCH
    }
}

/// A fixed sequence of numbers (SplitMix64), so that every run measures the same work.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0) % limit
    }

    /// A realistic index: 65.00 to 99.99, in hundredths.
    fn value(&mut self) -> usize {
        6_500 + self.below(3_500)
    }
}

fn unit(i: usize) -> name::Unit {
    name::Unit {
        agency: format!("{}", 1_000 + i % AGENCIES),
        unit: format!("puskesmas-{}", i / AGENCIES),
    }
}

fn score(i: usize, value: usize) -> Score {
    Score {
        metric: "skm".to_owned(),
        period: "2024-q3".to_owned(),
        subject: Subject::Unit(unit(i)),
        figures: Figures {
            value: format!("{}.{:02}", value / 100, value % 100),
            category: "B".to_owned(),
            category_display_name: String::new(),
            sample_size: 400,
            sample_minimum: 380,
            units_counted: 0,
            units_expected: 0,
            status: Status::Provisional,
            recorded: false,
            counted: 10,
            pending: 0,
            too_few: false,
            in_question: 0,
            value_with_questioned: String::new(),
        },
        withdrawn: false,
    }
}

fn key(cohort: &str) -> TableKey {
    TableKey {
        metric: "skm".to_owned(),
        period: "2024-q3".to_owned(),
        cohort: cohort.to_owned(),
    }
}

fn announced(units: usize) -> LeagueTables {
    let mut tables = LeagueTables::default();
    for i in 0..AGENCIES {
        let facts = AgencyFacts {
            display_name: format!("Kabupaten {i}"),
            kind: Some(Kind::Kabupaten),
            parent: Some(name::Agency {
                agency: format!("{}", 11 + i % PROVINCES),
            }),
            withdrawn: false,
        };
        tables.agency(
            name::Agency {
                agency: format!("{}", 1_000 + i),
            },
            1,
            facts,
        );
    }
    for i in 0..units {
        let facts = UnitFacts {
            display_name: format!("Puskesmas {i}"),
            unit_type: "puskesmas".to_owned(),
            agency_type: None,
            withdrawn: false,
        };
        tables.unit(unit(i), 1, facts);
    }
    tables
}

fn sort_key(value: usize) -> SortKey {
    SortKey::ranked(Decimal::new(i64::try_from(value).unwrap_or(0), 2))
}

fn report(what: &str, count: usize, took: Duration) -> f64 {
    let each = took.as_secs_f64() * 1e6 / count as f64;
    println!("{what:<52}{each:>10.2} us each {:>12.0} a second", 1e6 / each);
    each
}

/// The time that scores of random units take, each followed by `then`.
fn update(
    sizes: Sizes,
    tables: &mut LeagueTables,
    numbers: &mut Numbers,
    round: usize,
    then: impl Fn(&LeagueTables, &Subject),
) -> Result<Duration, Box<dyn Error>> {
    let mut took = Duration::ZERO;
    let mut updates = Vec::with_capacity(BATCH);
    for batch in 0..sizes.batches {
        // Scores are made in small batches, because those that come from the bus were just decoded and are in the
        // cache.
        for i in 0..BATCH {
            let unit_index = numbers.below(sizes.units);
            let version = round * sizes.updates() + batch * BATCH + i;
            let score = score(unit_index, numbers.value());
            updates.push((Subject::Unit(unit(unit_index)), i64::try_from(version)?, score));
        }
        let start = Instant::now();
        for (subject, version, score) in updates.drain(..) {
            black_box(tables.score("index", version, score)?);
            then(tables, &subject);
        }
        took += start.elapsed();
    }
    Ok(took)
}

fn in_all_league_tables(sizes: Sizes, numbers: &mut Numbers) -> Result<f64, Box<dyn Error>> {
    let mut tables = announced(sizes.units);
    let start = Instant::now();
    for i in 0..sizes.units {
        tables.score("index", 1, score(i, numbers.value()))?;
    }
    report("first score of each unit", sizes.units, start.elapsed());

    let took = update(sizes, &mut tables, numbers, 1, |_, _| ())?;
    report("LeagueTables::score (nation and province)", sizes.updates(), took);
    let national = key("puskesmas");
    let rank = |tables: &LeagueTables, subject: &Subject| _ = black_box(tables.rank(&national, subject));
    let took = update(sizes, &mut tables, numbers, 2, rank)?;
    let each = report("LeagueTables::score, and the rank", sizes.updates(), took);

    let start = Instant::now();
    for _ in 0..sizes.pages {
        black_box(tables.rows(&national, numbers.below(sizes.units), 100));
    }
    report(
        "LeagueTables::rows, 100 rows from anywhere",
        sizes.pages,
        start.elapsed(),
    );
    Ok(each)
}

fn in_a_table(sizes: Sizes, numbers: &mut Numbers) -> f64 {
    let mut members: Vec<(Arc<Subject>, usize)> = (0..sizes.units)
        .map(|i| (Arc::new(Subject::Unit(unit(i))), numbers.value()))
        .collect();
    let mut table = Table::default();
    for (subject, value) in &members {
        table.insert(subject, sort_key(*value));
    }
    let updates: Vec<(usize, usize)> = (0..sizes.updates())
        .map(|_| (numbers.below(sizes.units), numbers.value()))
        .collect();
    let start = Instant::now();
    for (i, new) in updates {
        if let Some((subject, value)) = members.get_mut(i) {
            table.remove(subject, sort_key(*value));
            table.insert(subject, sort_key(new));
            *value = new;
            black_box(table.rank(sort_key(new)));
        }
    }
    report(
        "Table: remove, insert, and the rank",
        sizes.updates(),
        start.elapsed(),
    )
}

/// The baseline: sorting all members again. The stable sort is the faster one on nearly sorted members.
fn by_sorting(sizes: Sizes, numbers: &mut Numbers) -> f64 {
    let mut members: Vec<(Reverse<Decimal>, usize)> = (0..sizes.units)
        .map(|i| {
            (
                Reverse(Decimal::new(i64::try_from(numbers.value()).unwrap_or(0), 2)),
                i,
            )
        })
        .collect();
    members.sort();
    let start = Instant::now();
    for _ in 0..sizes.sorts {
        let value = Reverse(Decimal::new(i64::try_from(numbers.value()).unwrap_or(0), 2));
        if let Some(member) = members.get_mut(numbers.below(sizes.units)) {
            member.0 = value;
        }
        members.sort();
        black_box(members.partition_point(|(other, _)| *other < value) + 1);
    }
    report(
        "baseline: sort all of them again, and the rank",
        sizes.sorts,
        start.elapsed(),
    )
}

fn main() -> Result<(), Box<dyn Error>> {
    let (sizes, mut numbers) = (Sizes::of_run(), Numbers(20_240_903));
    let sorting = by_sorting(sizes, &mut numbers);
    let table = in_a_table(sizes, &mut numbers);
    let all = in_all_league_tables(sizes, &mut numbers)?;
    println!(
        "{} units; faster than sorting again: all league tables {:.0} times, one table {:.0} times",
        sizes.units,
        sorting / all,
        sorting / table
    );
    Ok(())
}
