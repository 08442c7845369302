//! Loading tables from files. Every row is checked before the first one is sent; sending the same file again changes
//! nothing.

mod assessments;
mod bad;
mod cells;
mod change;
mod complaints;
mod holidays;
mod innovations;
mod levels;
mod loose;
mod progress;
mod regions;
mod responses;
mod results;
mod scores;
mod sheet;
mod unit_types;
mod units;
mod when;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use futures::StreamExt;
use prima_proto::directory::v1 as directory;
use tonic::Status;
use uuid::Uuid;

use super::call::{request, retry};
use super::connect::Directory;
use super::fault;
use super::print::clean;
use crate::cli::FileArgs;
use bad::BadRows;
use progress::Progress;

pub use assessments::{assessments, write_form as assessment_form};
pub use complaints::{channel, complaints};
pub use holidays::holidays;
pub use innovations::innovations;
pub use levels::levels;
pub use regions::regions;
pub use responses::{ColumnMap, ResponseOptions, ValueMap, label, responses, zone};
pub use results::results;
pub use scores::{list as list_scores, scores};
pub use sheet::Source;
pub use unit_types::unit_types;
pub use units::units;

const PAGE: i32 = 1000;
/// Calls under way at once.
const CONCURRENCY: usize = 16;
const DISPLAY_NAME_MAX: usize = 200;

/// What to load and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The file.
    pub file: PathBuf,
    /// Sheet of a workbook.
    pub sheet: Option<String>,
    /// Line of the header.
    pub header_row: Option<u64>,
    /// Load the good rows although some are bad.
    pub skip_bad_rows: bool,
    /// Where every bad row is written to.
    pub errors: Option<PathBuf>,
    /// Check and show only.
    pub dry_run: bool,
    /// Show no progress.
    pub quiet: bool,
}

impl Options {
    /// As the command line says.
    pub fn of(args: &FileArgs) -> Self {
        Self {
            sheet: args.sheet.clone(),
            header_row: args.header_row,
            skip_bad_rows: args.skip_bad_rows,
            errors: args.errors.clone(),
            dry_run: args.dry_run,
            quiet: false,
            ..Self::plain(&args.file)
        }
    }

    /// A file, told nothing more; without a word on progress.
    pub fn plain(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            sheet: None,
            header_row: None,
            skip_bad_rows: false,
            errors: None,
            dry_run: false,
            quiet: true,
        }
    }

    /// Where the table is.
    fn source(&self) -> Source {
        Source {
            path: self.file.clone(),
            sheet: self.sheet.clone(),
            header_row: self.header_row,
        }
    }
}

/// What an import did, in rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was loaded.
    pub what: What,
    /// Rows that made something new.
    pub created: u64,
    /// Rows that changed what was there.
    pub changed: u64,
    /// Rows that said what was there already.
    pub unchanged: u64,
    /// Rows that the service refused; each was printed.
    pub refused: u64,
    /// Bad rows that were left out as asked; each was printed.
    pub skipped: u64,
    /// Whether rows were only checked; the counts then say what would be done, the good responses as unchanged.
    pub dry_run: bool,
    /// Why what was loaded does not count as expected; printed at the end.
    pub remarks: Vec<String>,
}

/// What an import loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Provinces, regencies, cities.
    Regions,
    /// Service units.
    Units,
    /// Unit types that agencies define.
    UnitTypes,
    /// Survey responses.
    Responses,
    /// Results published earlier.
    Results,
    /// Scores that other bodies have published.
    Scores,
    /// Reports of the public.
    Complaints,
    /// Innovations.
    Innovations,
    /// Levels of indicators (F-01, F-02).
    Levels,
}

impl Outcome {
    fn new(what: What) -> Self {
        Self {
            what,
            created: 0,
            changed: 0,
            unchanged: 0,
            refused: 0,
            skipped: 0,
            dry_run: false,
            remarks: Vec::new(),
        }
    }
}

impl Outcome {
    /// Adds a remark that was not made before.
    fn remark(&mut self, text: String) {
        if !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    /// Whether a row was left out.
    pub fn partial(&self) -> bool {
        self.refused > 0 || self.skipped > 0
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            created,
            changed,
            unchanged,
            refused,
            skipped,
            dry_run,
            remarks,
        } = self;
        match what {
            What::Regions => f.write_str("Wilayah: ")?,
            What::Units => f.write_str("Unit: ")?,
            What::UnitTypes => f.write_str("Jenis unit: ")?,
            What::Responses => f.write_str("Jawaban: ")?,
            What::Results => f.write_str("Hasil terbitan: ")?,
            What::Scores => f.write_str("Nilai: ")?,
            What::Complaints => f.write_str("Laporan: ")?,
            What::Innovations => f.write_str("Inovasi: ")?,
            What::Levels => f.write_str("Tingkat: ")?,
        }
        match what {
            What::Responses if *dry_run => {
                write!(
                    f,
                    "{unchanged} baris benar, {skipped} baris salah; tidak ada yang dikirim"
                )?;
            }
            _ if *dry_run => {
                write!(
                    f,
                    "{created} akan dibuat, {changed} akan diubah, {unchanged} tetap, {skipped} baris salah; tidak ada yang \
                     dikirim"
                )?;
            }
            What::Results | What::Scores | What::Levels => write!(
                f,
                "{created} dicatat, {changed} diganti, {unchanged} sudah ada, {refused} ditolak"
            )?,
            What::Regions | What::Units | What::UnitTypes | What::Innovations => {
                write!(
                    f,
                    "{created} dibuat, {changed} diubah, {unchanged} tetap, {refused} ditolak"
                )?;
            }
            What::Responses | What::Complaints => {
                write!(f, "{created} diterima, {unchanged} sudah ada, {refused} ditolak")?
            }
        }
        if *skipped > 0 && !dry_run {
            write!(f, ", {skipped} baris salah dilewati")?;
        }
        for remark in remarks {
            write!(f, ". Perhatian: {}", clean(remark))?;
        }
        Ok(())
    }
}

/// What a row does to what the directory holds.
#[derive(Debug, Clone, PartialEq)]
enum Step<T> {
    Create(T),
    Update(T),
}

impl Outcome {
    /// Counts what would be done.
    fn foresee<T>(mut self, steps: &[(u64, Step<T>)]) -> Self {
        self.dry_run = true;
        for (_, step) in steps {
            match step {
                Step::Create(_) => self.created += 1,
                Step::Update(_) => self.changed += 1,
            }
        }
        self
    }
}

/// Makes the calls of all steps, 16 at a time; prints each refusal with its line and counts.
async fn apply<T, F>(
    steps: Vec<(u64, Step<T>)>,
    progress: &Progress,
    outcome: &mut Outcome,
    call: impl Fn(Step<T>) -> F,
) where
    F: Future<Output = Result<(), Status>>,
{
    let calls = steps.into_iter().map(|(line, step)| {
        let creates = matches!(step, Step::Create(_));
        let calling = call(step);
        async move { (line, creates, calling.await) }
    });
    let mut done = futures::stream::iter(calls).buffer_unordered(CONCURRENCY);
    while let Some((line, creates, answer)) = done.next().await {
        progress.advance(1);
        match answer {
            Ok(()) if creates => outcome.created += 1,
            Ok(()) => outcome.changed += 1,
            Err(status) => {
                outcome.refused += 1;
                progress.note(&format!("baris {line}: ditolak: {}", fault::status_line(&status)));
            }
        }
    }
}

/// Remembers the ids of a file small enough to be held.
struct Seen<C>(BTreeMap<String, (u64, C)>);

impl<C: PartialEq> Seen<C> {
    fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// `Ok(true)` when the id is new, `Ok(false)` when it said the same before, else the line that said otherwise.
    fn check(&mut self, id: &str, line: u64, content: C) -> Result<bool, u64> {
        match self.0.get(id) {
            None => {
                self.0.insert(id.to_owned(), (line, content));
                Ok(true)
            }
            Some((_, before)) if *before == content => Ok(false),
            Some((before, _)) => Err(*before),
        }
    }
}

/// An id of a request that follows from what is asked: the same row sent again is the same request.
fn request_id(method: &str, name: &str, content: &[&str]) -> String {
    let text = format!("{:?}", (method, name, content));
    Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes()).to_string()
}

fn check_display_name(line: u64, name: &str, bad: &mut BadRows) {
    let length = name.chars().count();
    if length == 0 {
        bad.add(line, "name wajib diisi");
    } else if length > DISPLAY_NAME_MAX {
        bad.add(line, format!("name paling panjang {DISPLAY_NAME_MAX} karakter"));
    }
    if name.chars().any(char::is_control) {
        bad.add(line, "name tidak boleh berisi ganti baris atau karakter kendali");
    }
}

/// Every agency by name.
async fn agencies(client: &Directory) -> anyhow::Result<BTreeMap<String, directory::Agency>> {
    let mut all = BTreeMap::new();
    let mut page_token = String::new();
    loop {
        let message = directory::ListAgenciesRequest {
            page_size: PAGE,
            page_token,
            ..Default::default()
        };
        let page = retry(|| {
            let (mut client, message) = (client.clone(), message.clone());
            async move { client.list_agencies(request(message)).await }
        });
        let page = page.await?;
        all.extend(
            page.agencies
                .into_iter()
                .map(|agency| (agency.name.clone(), agency)),
        );
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::bad::bad_row;
    use super::*;

    #[test]
    fn an_id_may_repeat_what_it_said_but_not_say_something_else() {
        let mut seen = Seen::new();
        assert_eq!(seen.check("11", 2, "Aceh"), Ok(true));
        assert_eq!(seen.check("11", 3, "Aceh"), Ok(false));
        assert_eq!(seen.check("11", 4, "Bali"), Err(2));
    }

    #[test]
    fn a_request_id_follows_from_every_part_of_the_request() {
        let id = request_id("CreateAgency", "agencies/11", &["a", "b"]);
        assert_eq!(id, request_id("CreateAgency", "agencies/11", &["a", "b"]));
        assert_ne!(id, request_id("CreateUnit", "agencies/11", &["a", "b"]));
        assert_ne!(id, request_id("CreateAgency", "agencies/12", &["a", "b"]));
        assert_ne!(id, request_id("CreateAgency", "agencies/11", &["a\", \"b"]));
        assert!(id.len() <= 64);
    }

    #[test]
    fn bad_rows_stop_an_import_unless_they_may_be_skipped() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a,b\n1,2\n3,4\n").unwrap();
        let columns = [sheet::Column::required("a"), sheet::Column::required("b")];
        let mut sheet = sheet::Sheet::open(&file.path().into(), &columns).unwrap();
        let mut bad = BadRows::default();
        let options = |skip_bad_rows| Options {
            skip_bad_rows,
            ..Options::plain(file.path())
        };
        assert_eq!(bad.settle(&options(false), &mut sheet).unwrap(), 0);
        bad.add(3, "satu");
        bad.add(3, "dua");
        assert!(bad.settle(&options(false), &mut sheet).is_err());
        let errors = tempfile::NamedTempFile::new().unwrap();
        let skipping = Options {
            errors: Some(errors.path().to_owned()),
            ..options(true)
        };
        assert_eq!(bad.settle(&skipping, &mut sheet).unwrap(), 1);
        assert_eq!(bad_row(3, &bad.0[&3]), "baris 3: satu; dua");
        assert_eq!(
            std::fs::read_to_string(errors.path()).unwrap(),
            "a,b,baris_asal,alasan\n3,4,3,satu; dua\n"
        );
    }
}
