//! Synthetic responses from a fixed seed: they are the same on every machine, and computed in integers.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Weekday};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const SEED: u64 = 0x5052_494d_4120_3032;
const SEED_EARLIER: u64 = SEED ^ 0x0002_0000;
const HEADER: &str = "response_id,submitted_at,requirements,procedure,time,cost,product,competence,conduct,\
                      complaint_handling,facilities,sex,age,education,occupation";
const ELEMENTS: usize = 9;
const EDUCATION: [&str; 6] = ["SD", "SMP", "SMA", "S1", "S2", "S3"];
const OCCUPATION: [&str; 6] = ["PNS", "TNI", "POLRI", "SWASTA", "WIRAUSAHA", "LAINNYA"];

/// A quarter that has responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quarter {
    /// The period, such as `2024-q3`.
    pub period: &'static str,
    /// When its surveys open, western Indonesian time.
    pub open: &'static str,
    month: u32,
    /// What the ids of its responses begin with.
    prefix: &'static str,
}

/// The quarters, the one that is shown last. The first demo had only that one, so its ids do not name it.
pub(super) const QUARTERS: [Quarter; 2] = [
    Quarter {
        period: "2024-q2",
        open: "2024-04-01T00:00:00+07:00",
        month: 4,
        prefix: "sintetis-2024-q2",
    },
    Quarter {
        period: "2024-q3",
        open: "2024-07-01T00:00:00+07:00",
        month: 7,
        prefix: "sintetis",
    },
];

/// A city and its generator of responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct City {
    /// The regional code without dots.
    pub code: String,
    /// The official name.
    pub name: String,
}

/// The cities in a file of regions.
pub(super) fn cities(regions: &str) -> Vec<City> {
    regions
        .lines()
        .filter_map(
            |line| match line.trim().split(',').collect::<Vec<_>>().as_slice() {
                [code, name, "kota", _] => Some(City {
                    code: (*code).to_owned(),
                    name: (*name).to_owned(),
                }),
                _ => None,
            },
        )
        .collect()
}

impl City {
    /// The resource name of the city's unit.
    pub(super) fn unit(&self) -> String {
        format!("agencies/{}/units/dpmptsp", self.code)
    }

    /// The display name of the city's unit.
    pub(super) fn unit_label(&self) -> String {
        format!("DPMPTSP {}", self.name)
    }

    /// The number of respondents, 40 to 80.
    pub(super) fn respondents(&self) -> i64 {
        i64::from(40 + below(&mut self.random(), 41))
    }

    /// Each city has a random sequence of its own, so that adding a city changes no other.
    fn random(&self) -> ChaCha8Rng {
        self.seeded(SEED)
    }

    fn seeded(&self, seed: u64) -> ChaCha8Rng {
        let code = self.code.bytes().fold(0_u64, |sum, digit| {
            sum.wrapping_mul(31).wrapping_add(digit.into())
        });
        ChaCha8Rng::seed_from_u64(seed ^ code)
    }

    /// The responses as CSV.
    ///
    /// A city has a level from 2.40 to 3.85, which an element and a respondent change a little; the score is one of the
    /// two whole numbers around it. So the indices of the cities are spread over all four categories. Level and elements of
    /// the earlier quarter are a little different, so that ranks change.
    pub(super) fn responses(&self, quarter: Quarter) -> String {
        let mut random = self.random();
        let respondents = 40 + below(&mut random, 41);
        let mut level = 240 + below(&mut random, 146);
        let mut elements: [u32; ELEMENTS] = std::array::from_fn(|_| below(&mut random, 41));
        let [earlier, _] = QUARTERS;
        if quarter == earlier {
            random = self.seeded(SEED_EARLIER);
            level = (level + below(&mut random, 41)).saturating_sub(25);
            elements = elements.map(|element| (element + below(&mut random, 21)).saturating_sub(10));
        }
        let mut text = format!("{HEADER}\n");
        for number in 1..=respondents {
            let mood = below(&mut random, 61);
            let scores = elements.map(|element| {
                // The offsets are 0 to 40 and 0 to 60; their middles, 20 and 30, change nothing.
                let aim = (level + element + mood).saturating_sub(50).clamp(100, 400);
                let score = aim / 100 + u32::from(below(&mut random, 100) < aim % 100);
                score.to_string()
            });
            let time = submitted_at(&mut random, quarter.month);
            let sex = if below(&mut random, 2) == 0 { "L" } else { "P" };
            let age = 17 + below(&mut random, 54);
            let education = pick(&EDUCATION, &mut random);
            let occupation = pick(&OCCUPATION, &mut random);
            text += &format!(
                "{}-{}-{number:02},{time},{},{sex},{age},{education},{occupation}\n",
                quarter.prefix,
                self.code,
                scores.join(",")
            );
        }
        text
    }
}

/// A moment in office hours in the quarter of 2024 that begins with a month, western Indonesian time.
fn submitted_at(random: &mut ChaCha8Rng, month: u32) -> String {
    let start = NaiveDate::from_ymd_opt(2024, month, 1).unwrap_or_default();
    let end = NaiveDate::from_ymd_opt(2024, month + 3, 1).unwrap_or_default();
    let days = u32::try_from((end - start).num_days()).unwrap_or_default();
    let mut day = start + Days::new(below(random, days).into());
    while matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
        // The quarter begins on a Monday, so the Friday before a weekend is always in it.
        day = day - Days::new(1);
    }
    let minute = TimeDelta::minutes((8 * 60 + below(random, 8 * 60)).into());
    let time = DateTime::from_timestamp(0, 0).unwrap_or_default().time() + minute;
    format!("{day}T{}+07:00", time.format("%H:%M:%S"))
}

fn pick<'a>(list: &[&'a str], random: &mut ChaCha8Rng) -> &'a str {
    let length = u32::try_from(list.len()).unwrap_or(u32::MAX);
    list.get(below(random, length) as usize)
        .copied()
        .unwrap_or_default()
}

/// A number below `limit`. It is computed here, because the ranges of `rand` may give other numbers in another version.
fn below(random: &mut ChaCha8Rng, limit: u32) -> u32 {
    random.next_u32() % limit.max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const SHOWN: Quarter = QUARTERS[1];

    fn all() -> Vec<City> {
        cities(include_str!("../../../directory/data/regions.csv"))
    }

    /// Mean score of a city times 25.
    fn index(city: &City) -> f64 {
        let text = city.responses(SHOWN);
        let scores: Vec<f64> = text
            .lines()
            .skip(1)
            .flat_map(|line| {
                line.split(',')
                    .skip(2)
                    .take(ELEMENTS)
                    .map(|score| score.parse().unwrap())
                    .collect::<Vec<f64>>()
            })
            .collect();
        scores.iter().sum::<f64>() / scores.len() as f64 * 25.0
    }

    #[test]
    fn there_are_98_cities_with_40_to_80_respondents_each() {
        assert_eq!(all().len(), 98);
        for city in all() {
            let rows = city.responses(SHOWN).lines().count() - 1;
            assert_eq!(i64::try_from(rows).unwrap(), city.respondents());
            assert!((40..=80).contains(&rows));
        }
    }

    #[test]
    fn the_indices_spread_over_all_categories() {
        let mut categories: BTreeMap<char, usize> = BTreeMap::new();
        for city in all() {
            let grade = match index(&city) {
                index if index >= 88.31 => 'A',
                index if index >= 76.61 => 'B',
                index if index >= 65.0 => 'C',
                _ => 'D',
            };
            *categories.entry(grade).or_default() += 1;
        }
        assert_eq!(categories.len(), 4, "{categories:?}");
        assert!(categories.values().all(|count| *count >= 5), "{categories:?}");
    }

    #[test]
    fn a_second_start_makes_the_same_responses() {
        let first = &all()[0];
        assert_eq!(first.responses(SHOWN), first.responses(SHOWN));
        // This is pinned. Where the demo was loaded before, other ids or scores would be refused as contradictions.
        let row = "sintetis-1171-01,2024-07-05T15:35:00+07:00,4,4,4,3,4,4,4,4,3,L,23,SMA,PNS";
        assert_eq!(first.responses(SHOWN).lines().nth(1).unwrap(), row);
    }

    #[test]
    fn every_response_falls_on_a_working_day_of_the_quarter() {
        let mut months = BTreeSet::new();
        for line in all().iter().flat_map(|city| {
            city.responses(SHOWN)
                .lines()
                .skip(1)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        }) {
            let time = DateTime::parse_from_rfc3339(line.split(',').nth(1).unwrap()).unwrap();
            assert!(!matches!(time.weekday(), Weekday::Sat | Weekday::Sun), "{line}");
            months.insert((time.year(), time.month()));
        }
        assert_eq!(months, BTreeSet::from([(2024, 7), (2024, 8), (2024, 9)]));
    }

    #[test]
    fn the_earlier_quarter_has_other_responses_in_its_own_months() {
        let [earlier, shown] = QUARTERS;
        let city = &all()[0];
        let of = |quarter| {
            city.responses(quarter)
                .lines()
                .skip(1)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (before, after) = (of(earlier), of(shown));
        assert_eq!(before.len(), after.len());
        for line in &before {
            let mut cells = line.split(',');
            assert!(
                cells.next().unwrap().starts_with("sintetis-2024-q2-1171-"),
                "{line}"
            );
            let month: u32 = cells.next().unwrap()[5..7].parse().unwrap();
            assert!((4..=6).contains(&month), "{line}");
        }
        let answers = |lines: &[String]| {
            lines
                .iter()
                .map(|line| line.split(',').skip(2).collect::<String>())
                .collect::<Vec<_>>()
        };
        assert_ne!(answers(&before), answers(&after));
    }
}
