//! The work that is measured: its amount, and scores that are the same in every run.

use prima_proto::name;
use prima_ranking::domain::{Figures, Score, Subject};

const AGENCIES: usize = 500;
/// Updates that are made at once: a pipeline of Redis, a batch from the bus.
pub const BATCH: usize = 256;

/// The amount of work.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub units: usize,
    pub batches: usize,
    /// Ranks that are found by reading all rows.
    pub windows: usize,
    pub pages: usize,
}

impl Sizes {
    /// Those of this run: two boards, or a small one that only shows that everything works.
    pub fn of_run() -> Vec<Self> {
        if std::env::var("PRIMA_BENCH_SMALL").is_ok_and(|value| value == "1") {
            return vec![Self {
                units: 1_000,
                batches: 4,
                windows: 5,
                pages: 10,
            }];
        }
        let of = |units, windows| Self {
            units,
            batches: 1_200,
            windows,
            pages: 1_000,
        };
        vec![of(100_000, 50), of(1_000_000, 5)]
    }

    pub fn updates(self) -> usize {
        self.batches * BATCH
    }
}

/// A fixed sequence of numbers (SplitMix64), so that every run measures the same work.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0) % limit
    }

    /// A realistic index: 65.00 to 99.99, in hundredths.
    pub fn value(&mut self) -> usize {
        6_500 + self.below(3_500)
    }
}

/// The ids of the agencies.
pub fn agencies() -> impl Iterator<Item = name::Agency> {
    (0..AGENCIES).map(|i| name::Agency {
        agency: format!("{}", 1_000 + i),
    })
}

pub fn unit(i: usize) -> name::Unit {
    name::Unit {
        agency: format!("{}", 1_000 + i % AGENCIES),
        unit: format!("puskesmas-{}", i / AGENCIES),
    }
}

pub fn subject_name(i: usize) -> String {
    unit(i).to_string()
}

pub fn score(i: usize, value: usize) -> Score {
    Score {
        metric: "skm".to_owned(),
        period: "2024-q3".to_owned(),
        subject: Subject::Unit(unit(i)),
        figures: Figures {
            category: "B".to_owned(),
            sample_size: 400,
            sample_minimum: 380,
            counted: 10,
            instrument: "permenpanrb-14-2017".to_owned(),
            ..Figures::of(format!("{}.{:02}", value / 100, value % 100))
        },
        withdrawn: false,
    }
}
