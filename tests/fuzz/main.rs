//! Hostile input for every decoder and parser that reads what comes from outside: no input may panic, hang or take memory
//! without bound, and what is refused has a reason.
//!
//! Each file is one kind of input. `parsers.txt` lists every parser of the house with its target; the house test
//! `every_parser_has_a_fuzz_target` fails when one is missing. Without a setting each target runs a fixed number of cases, always
//! the same ones. With `PRIMA_FUZZ_SECONDS` it runs other ones for so long, all targets or those that are named:
//!
//! ```text
//! PRIMA_FUZZ_SECONDS=600 cargo test -p prima-tests --test fuzz -- --test-threads 1 documents::
//! ```
//!
//! An input that was found is put in `corpus/`, which is run first.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should fail there"
)]

mod attachments;
mod documents;
mod doors;
mod events;
mod hostile;
mod requests;
mod sheets;
mod texts;
mod tlog;

use std::{
    alloc::System,
    fmt::Debug,
    path::PathBuf,
    time::{Duration, Instant},
};

use cap::Cap;
use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

/// Counts what is allocated, and refuses what is beyond all reason, so that a test ends before its machine does.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, 4 << 30);

/// How much more memory one input may take than the inputs before it, bytes.
const MEMORY: usize = 256 << 20;
/// How long one input may take. It is generous, because tests share the processors.
const TIME: Duration = Duration::from_secs(10);

/// For how long to run, when it is set.
fn seconds() -> Option<Duration> {
    let text = std::env::var("PRIMA_FUZZ_SECONDS").ok()?;
    Some(Duration::from_secs(
        text.parse().expect("PRIMA_FUZZ_SECONDS is a number"),
    ))
}

/// Whether to go on after `done` inputs since `start`: for `PRIMA_FUZZ_SECONDS`, else for `cases` inputs.
fn goes_on(start: Instant, done: u32, cases: u32) -> bool {
    seconds().map_or(done < cases, |limit| start.elapsed() < limit)
}

/// The runner of a round. It makes the same inputs every time, unless it runs for a time.
fn runner(cases: u32, round: u32) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    match seconds() {
        Some(_) => TestRunner::new(config),
        None => {
            let mut seed = [0; 32];
            seed[..4].copy_from_slice(&round.to_le_bytes());
            TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
        }
    }
}

/// Checks `cases` inputs that `strategy` makes, each within its bounds of time and memory.
fn fuzz<S: Strategy>(cases: u32, strategy: &S, check: impl Fn(&S::Value) -> Result<(), String>)
where
    S::Value: Debug,
{
    const ROUND: u32 = 64;
    let (start, mut done) = (Instant::now(), 0);
    while goes_on(start, done, cases) {
        // A runner counts the inputs of all its runs, so each round has its own.
        let ran = runner(ROUND, done).run(strategy, |input| {
            bounded(&input, &check).map_err(TestCaseError::fail)
        });
        ran.unwrap_or_else(|failed| panic!("{failed}"));
        done += ROUND;
    }
}

/// Checks one input within its bounds.
fn bounded<T: Debug>(input: &T, check: impl Fn(&T) -> Result<(), String>) -> Result<(), String> {
    let (before, start) = (ALLOCATOR.max_allocated(), Instant::now());
    check(input)?;
    if start.elapsed() > TIME {
        return Err(format!("took {:?}", start.elapsed()));
    }
    let more = ALLOCATOR
        .max_allocated()
        .saturating_sub(before.max(ALLOCATOR.allocated()));
    if more > MEMORY {
        return Err(format!("took {more} bytes more than any input before"));
    }
    Ok(())
}

/// A folder of this package or of another one, from the root of the repository.
fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The files of a folder with one of these ends, in order, with their names.
fn files(folder: &str, ends: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = std::fs::read_dir(root(folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .filter(|(name, _)| ends.iter().any(|end| name.ends_with(end)))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{folder} has no file {ends:?}");
    found
}
