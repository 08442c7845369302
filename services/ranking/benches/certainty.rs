//! How long it takes to say how sure the ranks of 98, 514 and 5,000 subjects are, beside the least that any simulation needs: to
//! sort as many tables of as many scores. `PRIMA_BENCH_SMALL=1` runs 98 subjects only, which shows that it works.

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use prima_ranking::domain::certainty::{self, Confidence, DRAWS, Estimate};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A fixed sequence of numbers from 0 to 1 (SplitMix64), so that every run measures the same work.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal, with a standard deviation of 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// Scores with this standard deviation, the best first, each with the error of some 400 respondents.
fn table(subjects: usize, spread: f64) -> Vec<Estimate> {
    let mut numbers = Numbers(subjects as u64);
    let estimate = |_| Estimate::new(80.0 + spread * numbers.normal(), 0.3 + 0.4 * numbers.next());
    let mut estimates: Vec<Estimate> = (0..subjects).filter_map(estimate).collect();
    estimates.sort_by(|one, other| other.value().total_cmp(&one.value()));
    estimates
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let done = black_box(work());
    (began.elapsed(), done)
}

fn sorting(subjects: usize) -> Duration {
    let mut numbers = Numbers(1);
    let mut took = Duration::ZERO;
    let mut scores = vec![0.0; subjects];
    for _ in 0..DRAWS {
        scores.iter_mut().for_each(|score| *score = numbers.next());
        took += timed(|| scores.sort_unstable_by(f64::total_cmp)).0;
    }
    took
}

fn main() -> Result<(), Box<dyn Error>> {
    let is_small = std::env::var("PRIMA_BENCH_SMALL").is_ok_and(|value| value == "1");
    let sizes: &[usize] = if is_small { &[98] } else { &[98, 514, 5_000] };
    println!("{DRAWS} simulated tables");
    for subjects in sizes.iter().copied() {
        let bare = sorting(subjects);
        println!("  {subjects} subjects: sorting alone {:.3} s", bare.as_secs_f64());
        for (name, spread) in [("close", 1.0), ("spread", 4.0)] {
            let estimates = table(subjects, spread);
            let confidence = Confidence::of(95).ok_or("95 percent is known")?;
            let seed = certainty::seed(&certainty::hash(&estimates));
            let (took, found) = timed(|| certainty::assess(&estimates, confidence, DRAWS, seed));
            let groups = found.last().map_or(0, |last| last.group);
            let (seconds, ratio) = (took.as_secs_f64(), took.as_secs_f64() / bare.as_secs_f64());
            println!("    {name:<7}{seconds:>8.3} s, {ratio:>5.1} times sorting; {groups} groups");
        }
    }
    Ok(())
}
