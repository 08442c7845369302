//! Shared by the benchmarks: their size, their processes, and the table of figures.

use std::{
    fs::File,
    future::Future,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, Command, ExitCode, Stdio},
    time::Duration,
};

use serde_json::json;

/// Whether a benchmark only has to show that it runs, within seconds and with a debug binary: `PRIMA_BENCH_SMALL=1`.
pub fn small() -> bool {
    std::env::var("PRIMA_BENCH_SMALL").is_ok_and(|value| value == "1")
}

/// Returns `full`, or `little` for a small run.
pub fn size<T>(full: T, little: T) -> T {
    if small() { little } else { full }
}

/// Runs a benchmark for at most `limit`. When it ends, everything that it started is dropped, which ends every process.
pub fn run(limit: Duration, measure: impl Future<Output = ExitCode>) -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(async {
        tokio::time::timeout(limit, async {
            tokio::select! {
                code = measure => code,
                _ = tokio::signal::ctrl_c() => ExitCode::FAILURE,
            }
        })
        .await
        .unwrap_or_else(|_| panic!("not done after {limit:?}"))
    })
}

/// This benchmark's program in a second process, which is killed on drop.
pub struct ChildProcess(Child);

impl ChildProcess {
    /// Starts the process with these arguments and returns the first line that it prints. A `polite` process has a low
    /// priority, as if it ran on another machine.
    pub fn start(arguments: &[&str], polite: bool) -> (Self, String) {
        let program = std::env::current_exe().expect("the program of this benchmark");
        let mut command = if polite {
            let mut nice = Command::new("nice");
            nice.args(["-n", "19"]).arg(program);
            nice
        } else {
            Command::new(program)
        };
        let command = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut second = Self(command.spawn().expect("the program starts"));
        let mut line = String::new();
        let said = second.0.stdout.as_mut().expect("a pipe");
        BufReader::new(said).read_line(&mut line).expect("a line");
        (second, line.trim().to_owned())
    }

    /// Called in the second process: returns when the process that started it has ended.
    pub async fn parent_ended() {
        let _ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// The value below which `share` of the values are.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * share) as usize;
    let last = values.len().saturating_sub(1);
    values.get(place.min(last)).copied().unwrap_or_default()
}

/// The unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A rate per second.
    PerSecond,
    /// A duration in milliseconds.
    Millis,
    /// A number.
    Count,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::PerSecond => "/s",
            Self::Millis => "ms",
            Self::Count => "",
        }
    }

    fn text(self, value: f64) -> String {
        match self {
            Self::PerSecond | Self::Count => format!("{value:.0}"),
            Self::Millis => format!("{value:.2}"),
        }
    }
}

struct Figure {
    name: String,
    unit: Unit,
    rounds: Vec<f64>,
    /// Names of the figures of the same run that this one is compared with.
    against: &'static [&'static str],
}

impl Figure {
    fn median(&self) -> f64 {
        percentile(&mut self.rounds.clone(), 0.5)
    }
}

/// The figures of a benchmark on one kind of database, in the order of first use, with one value per round.
pub struct Figures {
    benchmark: &'static str,
    store: &'static str,
    all: Vec<Figure>,
}

impl Figures {
    /// An empty set of figures.
    pub fn new(benchmark: &'static str, store: &'static str) -> Self {
        Self {
            benchmark,
            store,
            all: Vec::new(),
        }
    }

    /// Records a value of one round, and the figures of the same run that it is compared with.
    pub fn note(&mut self, name: &str, unit: Unit, value: f64, against: &'static [&'static str]) {
        match self.all.iter_mut().find(|f| f.name == name) {
            Some(figure) => figure.rounds.push(value),
            None => self.all.push(Figure {
                name: name.to_owned(),
                unit,
                rounds: vec![value],
                against,
            }),
        }
    }

    /// The median of a figure over its rounds.
    pub fn median(&self, name: &str) -> f64 {
        let known = self.all.iter().find(|f| f.name == name);
        known
            .unwrap_or_else(|| panic!("{name} was not measured"))
            .median()
    }

    fn ratios(&self, figure: &Figure) -> Vec<(&'static str, f64)> {
        // A run of one part has not measured what another part is held against.
        let measured = |name: &&&str| self.all.iter().any(|f| f.name == **name);
        let ratio = |name: &&'static str| (*name, figure.median() / self.median(name));
        figure.against.iter().filter(measured).map(ratio).collect()
    }

    /// Prints the median of each figure with its ratios, and appends them to the file that `PRIMA_BENCH_JSON` names, as
    /// one JSON object per line.
    pub fn report(&self) {
        let mut file = std::env::var_os("PRIMA_BENCH_JSON")
            .map(|path| File::options().create(true).append(true).open(path).unwrap());
        let title = format!("{}, {}", self.benchmark, self.store);
        println!("{title:<56}{:>10}      ratio of medians [rounds]", "median");
        for figure in &self.all {
            let ratios = self.ratios(figure);
            let shown: Vec<String> = ratios
                .iter()
                .map(|(name, ratio)| format!("{ratio:.2} of {name}"))
                .collect();
            let rounds: Vec<String> = figure.rounds.iter().map(|v| figure.unit.text(*v)).collect();
            println!(
                "{:<56}{:>10} {:<3}  {} [{}]",
                figure.name,
                figure.unit.text(figure.median()),
                figure.unit.name(),
                shown.join(", "),
                rounds.join(" ")
            );
            if let Some(file) = &mut file {
                let ratios: serde_json::Map<_, _> = ratios
                    .into_iter()
                    .map(|(name, ratio)| (name.to_owned(), ratio.into()))
                    .collect();
                let line = json!({
                    "benchmark": self.benchmark, "small": small(), "store": self.store, "name": figure.name,
                    "unit": figure.unit.name(), "median": figure.median(), "rounds": figure.rounds, "ratios": ratios,
                });
                writeln!(file, "{line}").unwrap();
            }
        }
    }
}
