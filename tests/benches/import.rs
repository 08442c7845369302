//! How much memory an import of a million responses takes, in the importer and in the service, and how long it takes;
//! then whether every figure is exact.
//!
//! Run it with `cargo build --release --bin prima && cargo bench -p prima-tests --bench import`; a number after `--`
//! sets the number of rows. It fails when a process has used more than 300 MB or when a figure is wrong.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark fails")]

use std::{
    collections::BTreeMap,
    io::{BufWriter, Write},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use prima_platform::testing::postgres::Postgres;
use prima_proto::survey::v1 as survey;
use prima_tests::{Suite, bench::size, process::binary, sample};
use tempfile::NamedTempFile;

const ROWS: usize = 1_000_000;
const SMALL_ROWS: usize = 5_000;
/// Most memory that a process may use, in kB.
const MOST: u64 = 300_000;
const POSTGRES: &[&str] = &["shared_buffers=512MB", "max_wal_size=4GB"];

/// The peak memory of a running process, in kB.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Imports the file. Returns the output, the seconds and the importer's peak memory.
async fn import(suite: &Suite, file: &NamedTempFile, survey: &str) -> (String, f64, u64) {
    let start = Instant::now();
    let mut importer = Command::new(binary())
        .args([
            "import",
            "responses",
            file.path().to_str().unwrap(),
            "--survey",
            survey,
        ])
        .args(["--endpoint", &suite.survey.url()])
        .env("PRIMA_TOKEN", suite.cluster.admin())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut most = 0;
    while importer.try_wait().unwrap().is_none() {
        most = peak(importer.id()).unwrap_or(0).max(most);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let seconds = start.elapsed().as_secs_f64();
    let output = importer.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    (told.trim().to_owned(), seconds, most)
}

async fn measure(rows: usize) {
    let _postgres = Postgres::start_with(POSTGRES);
    let mut suite = Suite::in_steps().await;
    let unit = suite.client.unit("32", "3271").await;
    let name = suite.client.create_survey(&unit, "skm").await;
    let file = NamedTempFile::new().unwrap();
    let mut writer = BufWriter::new(file.reopen().unwrap());
    sample::csv(&mut writer, rows).unwrap();
    writer.flush().unwrap();
    let service = u32::try_from(suite.survey.pid().as_raw()).unwrap();
    let bytes = file.as_file().metadata().unwrap().len();
    println!(
        "{rows} rows, {} MB; service before: {} MB",
        bytes / 1_000_000,
        peak(service).unwrap() / 1000
    );

    let mut over = Vec::new();
    for what in ["first import", "the same again"] {
        let (told, seconds, importer) = import(&suite, &file, &name).await;
        let service = peak(service).unwrap();
        println!(
            "{what}: {told}; {seconds:.1} s, {:.0} rows/s; peak RSS: importer {} MB, service {} MB",
            rows as f64 / seconds,
            importer / 1000,
            service / 1000
        );
        over.extend([importer, service].into_iter().filter(|used| *used > MOST));
    }

    let close = survey::CloseSurveyRequest {
        name: name.clone(),
        etag: String::new(),
    };
    suite.client.survey.close_survey(close).await.unwrap();
    let result = suite.client.result(&name).await;
    assert_eq!(result.respondents, i64::try_from(rows).unwrap());
    let totals: BTreeMap<String, i64> = result.elements.into_iter().map(|e| (e.key, e.total)).collect();
    assert_eq!(totals, sample::totals(0..rows));
    println!("{rows} respondents, index {}, every sum exact", result.index);
    if !over.is_empty() {
        panic!("more than {MOST} kB: {over:?}")
    }
}

fn main() {
    let rows = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or_else(|| size(ROWS, SMALL_ROWS));
    tokio::runtime::Runtime::new().unwrap().block_on(measure(rows));
}
