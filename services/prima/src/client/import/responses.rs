//! Survey responses: two passes over the file, in memory that hardly grows with it.
//!
//! The first pass checks every row with the rules of the service itself. It keeps 24 bytes a row: a hash of the id,
//! to find an id that comes twice, and a hash of what it said, to tell a repeat from a contradiction.

mod layout;

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, Utc};
use futures::{TryStreamExt, stream};
use prima_platform::clock::{self, Clock};
use prima_proto::{name, survey::v1 as pb};
use prima_survey::domain::{
    index::WeightVariant,
    instrument::{self, Instrument},
    period::Period,
    response::{self, Raw},
    survey::{Asked, OWN_PREFIX, OwnElement, State, Survey},
};
use uuid::Uuid;

use self::layout::Layout;
use super::progress::Progress;
use super::sheet::Sheet;
use super::{Options, Outcome, What, bad_row, refuse_bad};
use crate::client::call::{request, retry, within};
use crate::client::connect::{self, Connection};

/// Rows per call: the service lists at most this many refusals of one call.
const BATCH: usize = 1000;
/// Calls under way at once, so that the service is never idle while rows are read.
const CALLS: usize = 4;
const DEADLINE: Duration = Duration::from_secs(120);
/// Rows between two updates of the progress bar.
const TICK: u64 = 1024;

/// Loads `response_id,submitted_at`, the element keys and the profile columns into a survey.
///
/// # Errors
///
/// When the file or one of its rows is bad, the survey is not open, or the service is away; nothing was loaded then,
/// but for a service that goes away midway: the same import then goes on where it stopped.
pub async fn responses(connection: &Connection, survey: &str, options: &Options) -> anyhow::Result<Outcome> {
    let client = connection.survey().await?;
    let answer = retry(|| {
        let (mut client, name) = (client.clone(), survey.to_owned());
        async move { client.get_survey(request(pb::GetSurveyRequest { name })).await }
    });
    let check = Check::new(&answer.await?.survey.unwrap_or_default(), Clock::system().now())?;

    let mut outcome = Outcome::new(What::Responses);
    let first = check.all(options)?;
    refuse_bad(first.bad, options)?;
    outcome.skipped = first.bad;

    let progress = Progress::rows("Mengimpor", first.good, options.quiet);
    let batches = Batches {
        sheet: check.open(options)?,
        check: &check,
        seen: first.seen,
        survey,
    };
    let mut calls = stream::iter(batches)
        .map_ok(|batch| send(client.clone(), batch))
        .try_buffered(CALLS);
    loop {
        let (lines, answer) = match calls.try_next().await {
            Ok(Some(answer)) => answer,
            Ok(None) => break,
            Err(error) => {
                let stored = outcome.created + outcome.unchanged;
                return Err(error.context(format!(
                    "impor terhenti setelah {stored} jawaban tersimpan; jalankan lagi perintah yang sama untuk meneruskan"
                )));
            }
        };
        progress.advance(lines.len() as u64);
        outcome.created += u64::try_from(answer.accepted)?;
        outcome.unchanged += u64::try_from(answer.repeated_count)?;
        outcome.refused += u64::try_from(answer.rejected)?;
        for rejection in &answer.rejections {
            let line = usize::try_from(rejection.index)
                .ok()
                .and_then(|index| lines.get(index).copied());
            progress.note(&rejected(line, rejection));
        }
    }
    Ok(outcome)
}

fn rejected(line: Option<u64>, rejection: &pb::Rejection) -> String {
    let line = line.map_or_else(
        || format!("jawaban `{}`", rejection.response_id),
        |line| format!("baris {line}"),
    );
    let faults: Vec<String> = rejection
        .violations
        .iter()
        .map(|fault| format!("; {}: {}", fault.field, fault.description))
        .collect();
    format!(
        "{line}: ditolak: {} [{}]{}",
        rejection.message,
        rejection.reason,
        faults.concat()
    )
}

/// What every row is held against.
struct Check {
    survey: Survey,
    instrument: &'static Instrument,
    layout: Layout,
    now: DateTime<Utc>,
}

/// What the first pass found.
struct FirstPass {
    good: u64,
    bad: u64,
    seen: HashMap<u128, u64>,
}

impl Check {
    fn new(survey: &pb::Survey, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let survey = to_domain(survey).with_context(|| format!("survei `{}` tidak dipahami", survey.name))?;
        let instrument = instrument::find(&survey.instrument)
            .ok_or_else(|| anyhow!("instrumen `{}` belum dikenal versi ini", survey.instrument))?;
        match survey.state(now) {
            State::Open => {}
            State::Closed => bail!("survei `{}` sudah ditutup; tidak ada yang diimpor", survey.name),
            State::Scheduled => bail!("survei `{}` belum dibuka; tidak ada yang diimpor", survey.name),
        }
        let layout = Layout::new(&survey, instrument);
        Ok(Self {
            survey,
            instrument,
            layout,
            now,
        })
    }

    fn open(&self, options: &Options) -> anyhow::Result<Sheet> {
        Sheet::open(&options.file, &self.layout.columns)
    }

    /// Checks every row, prints each bad one.
    fn all(&self, options: &Options) -> anyhow::Result<FirstPass> {
        let mut sheet = self.open(options)?;
        let progress = Progress::bytes("Memeriksa", sheet.bytes(), options.quiet);
        let mut found = FirstPass {
            good: 0,
            bad: 0,
            seen: HashMap::new(),
        };
        while let Some(row) = sheet.next()? {
            let checked = self.row(&row).and_then(|raw| {
                let (id, content) = fingerprint(&raw);
                match found.seen.entry(id) {
                    Entry::Vacant(entry) => {
                        entry.insert(content);
                        Ok(())
                    }
                    Entry::Occupied(entry) if *entry.get() == content => Ok(()),
                    Entry::Occupied(_) => Err(vec![contradiction(&raw.id)]),
                }
            });
            match checked {
                Ok(()) => found.good += 1,
                Err(reasons) => {
                    found.bad += 1;
                    progress.note(&bad_row(row.line, &reasons));
                }
            }
            if (found.good + found.bad).is_multiple_of(TICK) {
                progress.set(row.byte);
            }
        }
        Ok(found)
    }

    /// A row as the service would take it, or everything that is wrong with it.
    fn row(&self, row: &super::sheet::Row<'_>) -> Result<Raw, Vec<String>> {
        if let Some(fault) = row.fault() {
            return Err(vec![fault.to_owned()]);
        }
        let (raw, mut reasons) = self.layout.read(row);
        match response::check(&raw, &self.survey, self.instrument, self.now, "response_id") {
            Err(violations) => reasons.extend(violations.into_iter().map(|violation| violation.localized)),
            Ok(response) if raw.submitted_at.is_some() => {
                if let Err(refusal) = self.survey.accepts(response.submitted_at, self.now) {
                    reasons.push(refusal.localized());
                }
            }
            Ok(_) => {}
        }
        if reasons.is_empty() { Ok(raw) } else { Err(reasons) }
    }
}

fn contradiction(id: &str) -> String {
    format!("response_id `{id}` sudah ada di baris sebelumnya dengan isi lain")
}

/// Hashes of the id and of everything else, equal for rows that the service takes for equal.
fn fingerprint(raw: &Raw) -> (u128, u64) {
    let hash = |text: &str| Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes());
    let time = raw.submitted_at.map(|time| time.timestamp_micros());
    let content = format!("{:?}", (time, &raw.answers, &raw.profile));
    (hash(&raw.id).as_u128(), hash(&content).as_u64_pair().1)
}

/// The good rows of the second pass, up to 1000 at a time.
struct Batches<'a> {
    sheet: Sheet,
    check: &'a Check,
    seen: HashMap<u128, u64>,
    survey: &'a str,
}

/// Rows of one call.
#[derive(Default)]
struct Batch {
    lines: Vec<u64>,
    messages: Vec<pb::SubmitResponsesRequest>,
}

impl Batches<'_> {
    fn read(&mut self) -> anyhow::Result<Batch> {
        let mut batch = Batch::default();
        while batch.lines.len() < BATCH {
            let Some(row) = self.sheet.next()? else { break };
            // Bad rows were printed by the first pass.
            let Ok(raw) = self.check.row(&row) else { continue };
            let (id, content) = fingerprint(&raw);
            match self.seen.get(&id) {
                Some(first) if *first == content => {}
                Some(_) => continue,
                None => bail!("berkas berubah selama impor (baris {})", row.line),
            }
            batch.lines.push(row.line);
            // Later messages answer the same survey.
            let survey = if batch.messages.is_empty() {
                self.survey.to_owned()
            } else {
                String::new()
            };
            batch.messages.push(to_message(survey, raw));
        }
        Ok(batch)
    }
}

impl Iterator for Batches<'_> {
    type Item = anyhow::Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.read() {
            Ok(batch) if batch.lines.is_empty() => None,
            other => Some(other),
        }
    }
}

async fn send(
    client: connect::Survey,
    batch: Batch,
) -> anyhow::Result<(Vec<u64>, pb::SubmitResponsesResponse)> {
    let Batch { lines, messages } = batch;
    let answer = retry(|| {
        let (mut client, messages) = (client.clone(), messages.clone());
        async move {
            client
                .submit_responses(within(stream::iter(messages), DEADLINE))
                .await
        }
    });
    Ok((lines, answer.await?))
}

fn to_message(survey: String, raw: Raw) -> pb::SubmitResponsesRequest {
    let profile = pb::RespondentProfile {
        sex: raw.profile.sex.unwrap_or_default(),
        age: raw.profile.age.unwrap_or_default(),
        education: raw.profile.education.unwrap_or_default(),
        occupation: raw.profile.occupation.unwrap_or_default(),
        service: raw.profile.service.unwrap_or_default(),
        ..Default::default()
    };
    pb::SubmitResponsesRequest {
        survey,
        response_id: raw.id,
        response: Some(pb::Response {
            submit_time: raw.submitted_at.map(clock::to_proto),
            answers: raw.answers.into_iter().collect(),
            profile: (profile != pb::RespondentProfile::default()).then_some(profile),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn to_domain(survey: &pb::Survey) -> anyhow::Result<Survey> {
    let time = |time: &Option<prost_types::Timestamp>| time.as_ref().and_then(clock::from_proto);
    let closed = survey.state() == pb::SurveyState::Closed;
    Ok(Survey {
        name: name::Survey::parse(&survey.name)?,
        display_name: survey.display_name.clone(),
        period: survey.period.parse::<Period>()?,
        instrument: survey.instrument.clone(),
        weights: match survey.weight_variant() {
            pb::WeightVariant::Unspecified | pb::WeightVariant::Exact => WeightVariant::Exact,
            pb::WeightVariant::WeightVariant0111 => WeightVariant::W0111,
            pb::WeightVariant::WeightVariant011 => WeightVariant::W011,
            pb::WeightVariant::MeanOfAspectMeans => WeightVariant::MeanOfAspectMeans,
            pb::WeightVariant::MeanOfAllAnswers => WeightVariant::MeanOfAllAnswers,
        },
        asked: survey
            .elements
            .iter()
            .map(|element| Asked {
                key: element.key.clone(),
                code: element.code.clone(),
                optional: element.optional,
                own: element.key.starts_with(OWN_PREFIX).then(|| OwnElement {
                    name: element.display_name.clone(),
                    question: element.question.clone(),
                    answers: element.answers.clone(),
                }),
            })
            .collect(),
        open_at: time(&survey.open_time),
        close_at: time(&survey.close_time),
        // The message has the state only; when it was closed decides nothing here.
        closed_at: if closed {
            time(&survey.update_time).or(Some(DateTime::UNIX_EPOCH))
        } else {
            None
        },
        population: survey.population,
        // How many use a service, and who may hand in, is for the service.
        service_populations: Vec::new(),
        access: BTreeSet::new(),
    })
}

#[cfg(test)]
#[path = "responses_tests.rs"]
mod tests;
