//! Converts a row to a response and checks it against the rules of the contract before anything is sent. The service
//! checks again.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher as _};

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use prima_platform::clock;
use prima_proto::survey::v1 as pb;
use prost::Message;
use uuid::Uuid;

use super::columns::Mapping;
use super::form::Form;
use super::headers::Field;
use super::learn::Learned;
use super::recognise::known;
use super::time::{FIRST_YEAR, Reading};
use super::values::{self, Age, Replacements};
use crate::client::import::sheet::{Row, Sheet, Source};

const ID_MAX: usize = 64;
const TEXT_MAX: usize = 2000;
/// How far the clock of a client may be ahead.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// What a row is checked with.
pub(super) struct Check {
    /// The file and the place of the table in it.
    pub source: Source,
    /// Columns that `--map` names.
    pub named: Vec<String>,
    /// The survey's form.
    pub form: Form,
    /// What the columns mean.
    pub mapping: Mapping,
    /// Label that gives every row a new id.
    pub again: Option<String>,
    /// Whether ids are derived from the line number of a row, as in release 0.1.
    pub by_line: bool,
    /// Meaning of texts in cells.
    pub values: Replacements,
    /// How times are read.
    pub reading: Reading,
    /// The time of every row, when the file has no column for it.
    pub dated: Option<DateTime<Utc>>,
    /// What was learned from the whole file.
    pub learned: Learned,
    /// The time of the check.
    pub now: DateTime<Utc>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reasons {
    pub all: Vec<String>,
    /// Whether every reason was printed already, once for all rows with the same text.
    pub printed: bool,
}

impl From<String> for Reasons {
    fn from(reason: String) -> Self {
        Self {
            all: vec![reason],
            printed: false,
        }
    }
}

/// A pass over the rows. Each pass over the same file gives the same rows the same ids.
pub(super) struct Pass<'a> {
    check: &'a Check,
    /// Number of earlier rows with the same content, by the hash of the content.
    equal: HashMap<u64, u32>,
    /// Hash of the content that each id of the file had first.
    own: HashMap<u64, u64>,
    codes: Codes,
}

/// What the cells of the profile said that were read before, by column and text. To understand a word takes far longer
/// than to find it here.
#[derive(Default)]
struct Codes(Vec<HashMap<String, pb::RespondentProfile>>);

/// Most different texts of a column that are remembered.
const REMEMBERED: usize = 2000;

impl Codes {
    /// Adds to `profile` what a cell says.
    fn read(
        &mut self,
        check: &Check,
        (place, field): (usize, &Field),
        cell: &str,
        into: &mut pb::RespondentProfile,
    ) {
        if self.0.len() <= place {
            self.0.resize_with(place + 1, HashMap::new);
        }
        let Some(known) = self.0.get_mut(place) else {
            return;
        };
        if let Some(said) = known.get(cell) {
            return add(said, into);
        }
        let mut said = pb::RespondentProfile::default();
        check.profile(field, cell, &mut said);
        add(&said, into);
        if known.len() < REMEMBERED {
            known.insert(cell.to_owned(), said);
        }
    }
}

/// Adds the fields that are given.
fn add(said: &pb::RespondentProfile, into: &mut pb::RespondentProfile) {
    for (from, to) in [
        (&said.sex, &mut into.sex),
        (&said.age_group, &mut into.age_group),
        (&said.education, &mut into.education),
        (&said.occupation, &mut into.occupation),
        (&said.service, &mut into.service),
        (&said.channel, &mut into.channel),
        (&said.hour_band, &mut into.hour_band),
    ] {
        if !from.is_empty() {
            to.clone_from(from);
        }
    }
    if said.age != 0 {
        into.age = said.age;
    }
}

impl<'a> Pass<'a> {
    pub(super) fn new(check: &'a Check) -> Self {
        Self {
            check,
            equal: HashMap::new(),
            own: HashMap::new(),
            codes: Codes::default(),
        }
    }

    /// The next row with its id.
    ///
    /// # Errors
    ///
    /// Every fault of the row.
    pub(super) fn row(&mut self, row: &Row<'_>) -> Result<(String, pb::Response), Reasons> {
        let response = self.check.row(row, &mut self.codes)?;
        let id = match self.check.own_id(row)? {
            Some(own) => {
                let content = hash(&response.encode_to_vec());
                if *self.own.entry(hash(own.as_bytes())).or_insert(content) != content {
                    return Err(
                        format!("response_id `{own}` sudah ada di baris sebelumnya dengan isi lain").into(),
                    );
                }
                own
            }
            None => {
                let meaning = meaning(&response);
                let before = self.equal.entry(hash(meaning.as_bytes())).or_default();
                let id = hashed(format!("{meaning}\n{before}").as_bytes());
                *before += 1;
                id
            }
        };
        let id = match &self.check.again {
            Some(label) => hashed(format!("{label}\n{id}").as_bytes()),
            None => id,
        };
        Ok((id, response))
    }
}

impl Check {
    /// Opens the file, before its first row.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub(super) fn sheet(&self) -> anyhow::Result<Sheet> {
        let mut sheet = Sheet::raw(&self.source, &|cells| known(cells, &self.named, &self.form))?;
        self.mapping.prepare(&mut sheet);
        Ok(sheet)
    }

    /// Returns the id that the file gives a row; `None` when the id is derived from the content of the row.
    fn own_id(&self, row: &Row<'_>) -> Result<Option<String>, Reasons> {
        if let Some(place) = self.mapping.place(&Field::Id) {
            let id = row.raw(place);
            if id.is_empty() {
                return Err("response_id wajib diisi".to_owned().into());
            }
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
            let plain = id.len() <= ID_MAX && id.bytes().all(allowed);
            return Ok(Some(if plain {
                id.to_owned()
            } else {
                hashed(format!("id\n{id}").as_bytes())
            }));
        }
        if !self.by_line {
            return Ok(None);
        }
        let mut content = row.line.to_string().into_bytes();
        for cell in row.record() {
            let cell = cell.as_bytes().trim_ascii();
            content.extend(cell.len().to_be_bytes());
            content.extend(cell);
        }
        Ok(Some(hashed(&content)))
    }

    /// Converts a row to a response.
    ///
    /// # Errors
    ///
    /// Every fault of the row.
    fn row(&self, row: &Row<'_>, codes: &mut Codes) -> Result<pb::Response, Reasons> {
        if let Some(fault) = row.fault() {
            return Err(fault.to_owned().into());
        }
        let mut faults = Reasons {
            printed: true,
            ..Reasons::default()
        };
        let mut response = pb::Response::default();
        let mut profile = pb::RespondentProfile::default();
        let mut answered = Vec::new();
        for (place, (_, field)) in self.mapping.columns.iter().enumerate() {
            let cell = self.values.apply(field, row.raw(place));
            if cell.is_empty() {
                if *field == Field::SubmittedAt {
                    faults.add("submitted_at wajib diisi".to_owned());
                }
                continue;
            }
            match field {
                Field::Id | Field::Skip | Field::Clock => {}
                Field::SubmittedAt => {
                    let clock = self.mapping.place(&Field::Clock).map(|place| row.raw(place));
                    match self.reading.time(cell, clock).and_then(|time| self.within(time)) {
                        Ok(time) => response.submit_time = Some(clock::to_proto(time)),
                        Err(fault) => faults.add(fault),
                    }
                }
                Field::Element(key) => {
                    answered.push(key);
                    match self.learned.answers.get(key).map(|judged| judged.score(cell)) {
                        Some(Ok(score)) => {
                            if response.answers.insert(key.clone(), score).is_some() {
                                faults.add(format!("unsur `{key}` dijawab di beberapa kolom"));
                            }
                        }
                        Some(Err(fault)) => faults.all.push(fault),
                        None => faults.add(format!("unsur `{key}` tidak ditanyakan dalam survei ini")),
                    }
                }
                Field::Choice(_) | Field::Age | Field::Service => {
                    codes.read(self, (place, field), cell, &mut profile);
                }
                Field::Suggestion => faults.take(text(cell, "saran"), &mut response.suggestion),
                Field::Criticism => faults.take(text(cell, "kritik"), &mut response.criticism),
            }
        }
        if let Some(time) = self.dated {
            response.submit_time = Some(clock::to_proto(time));
        }
        for question in self.form.questions.iter().filter(|question| !question.optional) {
            if !answered.contains(&&question.key) {
                faults.add(format!("unsur {} {} wajib dijawab", question.code, question.name));
            }
        }
        response.profile = (profile != pb::RespondentProfile::default()).then_some(profile);
        if faults.all.is_empty() {
            Ok(response)
        } else {
            Err(faults)
        }
    }

    /// Reads a cell of the profile. A text without a code leaves its field empty; it was reported once for the whole
    /// file.
    fn profile(&self, field: &Field, cell: &str, profile: &mut pb::RespondentProfile) {
        match field {
            Field::Choice(key) => {
                let Ok(code) = values::choice(cell, key, &self.form) else {
                    return;
                };
                match *key {
                    "sex" => profile.sex = code,
                    "age_group" => profile.age_group = code,
                    "education" => profile.education = code,
                    "occupation" => profile.occupation = code,
                    "channel" => profile.channel = code,
                    _ => profile.hour_band = code,
                }
            }
            Field::Age => match values::age(cell, &self.form) {
                Ok(Age::Years(years)) => profile.age = years,
                Ok(Age::Group(code)) => profile.age_group = code,
                Err(_) => {}
            },
            Field::Service => profile.service = values::service(cell).unwrap_or_default(),
            _ => {}
        }
    }

    /// Whether the survey takes a response of this time.
    ///
    /// # Errors
    ///
    /// The reason in Indonesian, when it does not.
    pub(super) fn within(&self, time: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
        if time.signed_duration_since(self.now) > CLOCK_SKEW {
            return Err("waktu pengisian ada di masa depan".to_owned());
        }
        if time.year() < FIRST_YEAR {
            return Err(format!("waktu pengisian sebelum tahun {FIRST_YEAR}"));
        }
        if self.form.opens.is_some_and(|opens| time < opens) {
            return Err("waktu pengisian sebelum survei dibuka".to_owned());
        }
        if self.form.closes.is_some_and(|closes| time >= closes) {
            return Err("waktu pengisian sesudah survei ditutup".to_owned());
        }
        Ok(time)
    }

    /// Whether the day of a response is outside the survey's period.
    pub(super) fn outside(&self, response: &pb::Response) -> bool {
        let time = response.submit_time.as_ref().and_then(clock::from_proto);
        match (time, self.form.period) {
            (Some(time), Some((first, last))) => {
                !(first..=last).contains(&time.with_timezone(&self.reading.zone).date_naive())
            }
            _ => false,
        }
    }
}

impl Reasons {
    fn add(&mut self, reason: String) {
        self.all.push(reason);
        self.printed = false;
    }

    fn take(&mut self, read: Result<String, String>, into: &mut String) {
        match read {
            Ok(text) => *into = text,
            Err(reason) => self.add(reason),
        }
    }
}

/// The content of a response in a form that does not depend on the format of its file.
fn meaning(response: &pb::Response) -> String {
    let mut text = String::new();
    let time = response.submit_time.as_ref();
    let _infallible = write!(text, "{:?}", time.map(|time| (time.seconds, time.nanos)));
    for (key, score) in &response.answers {
        let _infallible = write!(text, "\n{key}={score}");
    }
    let profile = response.profile.clone().unwrap_or_default();
    let said = (
        (profile.sex, profile.age, profile.age_group, profile.education),
        (
            profile.occupation,
            profile.service,
            profile.channel,
            profile.hour_band,
        ),
        (&response.suggestion, &response.criticism),
    );
    let _infallible = write!(text, "\n{said:?}");
    text
}

fn hashed(content: &[u8]) -> String {
    format!("csv-{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, content).simple())
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Checks a text of several lines, and removes what spreadsheets write in place of a carriage return.
fn text(cell: &str, what: &str) -> Result<String, String> {
    let cell = cell
        .replace("_x000D_", "")
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let lines: Vec<&str> = cell.lines().map(str::trim_end).collect();
    let text = lines.join("\n").trim().to_owned();
    let length = text.chars().count();
    if length > TEXT_MAX {
        return Err(format!("{what} paling panjang {TEXT_MAX} karakter, ini {length}"));
    }
    Ok(text)
}
