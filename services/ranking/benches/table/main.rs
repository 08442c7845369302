//! How fast a score finds its rank among 100,000 and 1,000,000 units, each in its three league tables; and the same
//! question asked of Redis, of PostgreSQL, and of a sorted list. `PRIMA_BENCH_SMALL=1` runs it with 1,000 units, which
//! only shows that it works. A baseline that this machine lacks is left out.

mod baseline;
mod work;

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use prima_proto::name;
use prima_ranking::domain::{AgencyFacts, Kind, LeagueTables, Subject, TableKey, UnitFacts};
use work::{BATCH, Numbers, Sizes, agencies, score, unit};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROVINCES: usize = 38;

fn national() -> TableKey {
    TableKey {
        metric: "skm".to_owned(),
        period: "2024-q3".to_owned(),
        cohort: "puskesmas".to_owned(),
    }
}

fn announced(units: usize) -> LeagueTables {
    let mut tables = LeagueTables::default();
    for (i, name) in agencies().enumerate() {
        let facts = AgencyFacts {
            display_name: format!("Kabupaten {i}"),
            kind: Some(Kind::Kabupaten),
            parent: Some(name::Agency {
                agency: format!("{}", 11 + i % PROVINCES),
            }),
            withdrawn: false,
        };
        tables.agency(name, 1, facts);
    }
    for i in 0..units {
        let facts = UnitFacts {
            display_name: format!("Puskesmas {i}"),
            unit_type: "puskesmas".to_owned(),
            agency_type: None,
            close_date: None,
            withdrawn: false,
        };
        tables.unit(unit(i), 1, facts);
    }
    tables
}

/// Names of the tables of a unit: of the country, its province and its agency.
fn three_sets(i: usize) -> Vec<String> {
    let agency = unit(i).agency;
    let province = agency.parse::<usize>().unwrap_or(0) % PROVINCES;
    vec![
        "skm".to_owned(),
        format!("skm.{province}"),
        format!("units.{agency}"),
    ]
}

fn report(what: &str, each: Duration) {
    let micros = each.as_secs_f64() * 1e6;
    println!("  {what:<52}{micros:>12.2} us each");
}

/// Bytes of this process in memory; 0 where the system does not tell.
fn resident() -> usize {
    const PAGE: usize = 4096;
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(0) * PAGE
}

/// The time that each score of a random unit takes, followed by `then`.
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
    Ok(took / u32::try_from(sizes.updates())?)
}

/// The time of an update and a rank in the tables.
fn league_tables(sizes: Sizes, numbers: &mut Numbers) -> Result<Duration, Box<dyn Error>> {
    let before = resident();
    let mut tables = announced(sizes.units);
    let start = Instant::now();
    for i in 0..sizes.units {
        tables.score("index", 1, score(i, numbers.value()))?;
    }
    report(
        "first score of each unit",
        start.elapsed() / u32::try_from(sizes.units)?,
    );
    let bytes = resident().saturating_sub(before) / sizes.units;
    println!("  {:<52}{bytes:>12} bytes", "memory for each unit with its score");

    let each = update(sizes, &mut tables, numbers, 1, |_, _| ())?;
    report("LeagueTables::score, in three tables", each);
    let national = national();
    let rank = |tables: &LeagueTables, subject: &Subject| _ = black_box(tables.rank(&national, subject));
    let each = update(sizes, &mut tables, numbers, 2, rank)?;
    report("LeagueTables::score, and the rank", each);

    let start = Instant::now();
    for _ in 0..sizes.pages {
        black_box(tables.rows(&national, numbers.below(sizes.units), 100));
    }
    let page = start.elapsed() / u32::try_from(sizes.pages)?;
    report("LeagueTables::rows, 100 rows from anywhere", page);
    Ok(each)
}

fn main() -> Result<(), Box<dyn Error>> {
    for sizes in Sizes::of_run() {
        let mut numbers = Numbers(20_240_903);
        println!("{} units", sizes.units);
        let own = league_tables(sizes, &mut numbers)?;
        let baselines = [
            (
                "Redis, pipelined ZADD and ZREVRANK",
                baseline::redis(sizes, &mut numbers, |_| vec!["skm".to_owned()])?,
            ),
            (
                "Redis, ZADD to three sets and ZREVRANK",
                baseline::redis(sizes, &mut numbers, three_sets)?,
            ),
            (
                "PostgreSQL, UPDATE and rank() over",
                baseline::postgres(sizes, &mut numbers)?,
            ),
            (
                "all sorted again, and the rank",
                Some(baseline::sorting(sizes, &mut numbers)?),
            ),
        ];
        for (what, found) in baselines {
            match found {
                None => println!("  baseline: {what}: not on this machine"),
                Some(each) => {
                    report(&format!("baseline: {what}"), each);
                    println!(
                        "  {:<52}{:>12.1} times",
                        "",
                        each.as_secs_f64() / own.as_secs_f64()
                    );
                }
            }
        }
    }
    Ok(())
}
