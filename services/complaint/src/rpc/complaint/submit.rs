//! Receives a report. It is stored with its first timeline line and its clocks before the response is sent.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, Datelike, Utc};
use prima_platform::{
    clock::from_proto,
    command::{Command, IdempotencyKey, Work},
    db::Txn,
    failure::{Failure, Kind, Violation},
    request::{self, Faults, optional, text},
};
use prima_proto::{complaint::v1, name, zone::day_of_agency};

use crate::{
    change,
    context::App,
    domain::{
        case::{Case, Intake},
        code, parent,
        workflow::Workflow,
    },
    rpc::{access::tracking_digest, category, channel, class, files, once, person, refusal, status},
    store::{
        Lock,
        attachment::Owner,
        complaint::{Counted, New, complaint_get, complaint_insert_in_txn},
        contact::contact_add_in_txn,
        figures::{Moved, figures_change_in_txn},
        sealed::{Content, Identity, Secrets},
        sp4n::{complaint_by_sp4n_number, sp4n_number_add_in_txn, sp4n_number_lock_in_txn},
        timeline::{self, timeline_add_in_txn},
    },
};

/// Role of the first timeline line: the system or desk that submitted the report.
const INTAKE: &str = "intake";
/// First year in which a report can have been received.
const FIRST_YEAR: i32 = 2000;

/// A new report, parsed.
pub struct Submit {
    once: IdempotencyKey,
    /// The current workflow, which the report will follow.
    workflow: Arc<Workflow>,
    intake: Intake,
    /// When it was received.
    received_at: DateTime<Utc>,
    content: Content,
    region: String,
    incident_date: String,
    identity: Option<Identity>,
    attachments: Vec<name::Attachment>,
    /// Whether the report is only checked, and nothing is stored.
    validate_only: bool,
}

impl Command for Submit {
    type App = App;
    type Message = (Arc<Workflow>, v1::SubmitComplaintRequest);
    type Answer = v1::SubmitComplaintResponse;

    fn parse((workflow, mut raw): Self::Message, now: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        // A check and the request that stores the report must have the same digest.
        let validate_only = std::mem::take(&mut raw.validate_only);
        let once = faults.take(once::parse("complaint.SubmitComplaint", &raw.request_id, &raw));
        let parent = faults.take(parent::one("parent", &raw.parent));
        faults.take(class::check("class", &raw.class, &workflow));
        faults.take(category::check("category", &raw.category));
        let mut content = Content {
            title: faults.or_default(text::line("title", &raw.title, 5, 200)),
            text: faults.or_default(text::lines("text", &raw.text, 20, 10_000)),
            location: faults.or_default(text::line("location", &raw.location, 0, 500)),
            sp4n_number: String::new(),
        };
        let region = faults.take(region(&raw.region));
        let received_at = faults.take(received(raw.receive_time.as_ref(), now));
        let agency = parent.as_ref().map_or("", |(agency, _)| agency.as_str());
        let today = day_of_agency(agency, received_at.unwrap_or(now));
        let incident = optional(&raw.incident_date, |raw| request::day("incident_date", raw));
        // The date is compared with the day of receipt in the agency's time zone, which may be ahead of Jakarta.
        if faults.or_default(incident).is_some_and(|day| day > today) {
            faults.add(
                "incident_date",
                "is after the day of receipt",
                "tanggal kejadian sesudah laporan diterima",
            );
        }
        let channel = faults.take(channel::parse("channel", raw.channel));
        content.sp4n_number = faults.or_default(sp4n_number(&raw.sp4n_number));
        if raw.reporter.is_none() && !raw.anonymous {
            faults.add(
                "reporter",
                "is required unless the report is anonymous",
                "Pelapor wajib diisi kecuali laporan anonim",
            );
        }
        // An anonymous reporter need not give a name.
        let least = usize::from(!raw.anonymous);
        let identity = raw
            .reporter
            .map(|reporter| person::identity("reporter", reporter, least, &mut faults));
        let attachments = files::names(&raw.attachments, &mut faults);
        faults.build(|| {
            let (agency, unit) = parent?;
            Some(Self {
                once: once?,
                workflow,
                intake: Intake {
                    class: raw.class,
                    category: raw.category,
                    channel: channel?,
                    sp4n: !content.sp4n_number.is_empty(),
                    anonymous: raw.anonymous,
                    confidential: raw.confidential,
                    agency,
                    unit,
                },
                received_at: received_at?,
                content,
                region: region?,
                incident_date: raw.incident_date,
                identity,
                attachments,
                validate_only,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        (!self.validate_only).then(|| self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, now) = (work.app, work.txn, work.now());
        if self.validate_only
            && let Some(kept) = self.once.find::<Self::Answer>(app, work.caller).await?
        {
            return Ok(kept);
        }
        let number = self.content.sp4n_number.clone();
        if !self.validate_only && !number.is_empty() {
            sp4n_number_lock_in_txn(txn, &number).await?;
        }
        refuse_known_sp4n_number(app, txn, &number).await?;
        let (workflow, intake) = (self.workflow, self.intake);
        let work_time = app.settings.work_time(txn, &intake.agency).await?;
        let settings = &app.settings;
        let promised = settings.promised_deadline(txn, &intake.agency, &intake.unit, &intake.class);
        let promised = promised.await?;
        let received = Case::receive(&workflow, &work_time, promised, intake, self.received_at);
        let (case, entry) = received.map_err(|refusal| refusal::refused(&refusal))?;
        if self.validate_only {
            return Ok(v1::SubmitComplaintResponse::default());
        }
        let rules = change::Rules { workflow, work_time };
        let times = change::times(app, &case, &rules);
        let counted = Counted::of(&case, &rules.workflow);
        let secrets = app.new_secrets()?;
        let new = New {
            name: name::Complaint {
                complaint: app.context.ids.next().to_string(),
            },
            tracking: tracking_digest(&secrets.tracking_code),
            case,
            workflow: rules.workflow.id.clone(),
            calendar: rules.work_time.calendar().version(),
            region: self.region,
            incident_date: self.incident_date,
            secrets: secrets.clone(),
            identity: self.identity.clone(),
            content: self.content,
            counted,
        };
        let stored = complaint_insert_in_txn(txn, &app.vault, new, times, now).await?;
        if let Some(identity) = &self.identity {
            contact_add_in_txn(txn, &app.vault, stored.id, identity).await?;
        }
        sp4n_number_add_in_txn(txn, &app.vault, stored.id, &number).await?;
        let line = timeline::New {
            agency: entry.to_agency.clone(),
            unit: entry.to_unit.clone(),
            actor: work.caller.subject().to_owned(),
            role: INTAKE.to_owned(),
            note: None,
            public: true,
            entry,
        };
        timeline_add_in_txn(txn, &app.vault, stored.id, &line).await?;
        let mut moved = Moved::default();
        moved.add(None, (&stored.case, &stored.counted), &rules.workflow);
        figures_change_in_txn(txn, moved).await?;
        let owner = Owner::Complaint(stored.id);
        files::attach(app, txn, work.caller, &self.attachments, owner).await?;
        let status = status::status(&stored, &rules.workflow, &rules.work_time, now);
        Ok(answer(Some(status), &secrets))
    }

    /// The stored response leaves out code and secret, which are stored encrypted with the report.
    fn stored(answer: &Self::Answer) -> Cow<'_, Self::Answer> {
        Cow::Owned(v1::SubmitComplaintResponse {
            status: answer.status.clone(),
            ..Default::default()
        })
    }

    async fn replay(app: &App, _: &[u8], kept: Self::Answer) -> Result<Self::Answer, Failure> {
        let name = kept.status.as_ref().map_or("", |status| &status.name);
        let name = name::Complaint::parse(name).map_err(Failure::internal)?;
        let stored = complaint_get(app.context.db.reader(), &name, Lock::None).await?;
        let stored =
            stored.ok_or_else(|| Failure::internal("the stored response names no existing report"))?;
        Ok(answer(kept.status, &stored.secrets(&app.vault)?))
    }
}

fn answer(status: Option<v1::ComplaintStatus>, secrets: &Secrets) -> v1::SubmitComplaintResponse {
    v1::SubmitComplaintResponse {
        status,
        tracking_code: code::grouped(&secrets.tracking_code),
        secret: code::grouped(&secrets.secret),
    }
}

/// The code of a region without its usual dot, as in `32.71`.
fn region(raw: &str) -> Result<String, Violation> {
    let code: String = raw.chars().filter(|c| *c != '.' && !c.is_whitespace()).collect();
    if matches!(code.len(), 0 | 2 | 4) && code.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(code);
    }
    Err(Violation::new(
        "region",
        "must be 2 or 4 digits; a dot between them may be left in",
        "harus 2 atau 4 angka, boleh bertitik seperti 32.71",
    ))
}

/// A number of SP4N-LAPOR! as it is stored: without spaces, and without the `#` that its pages show before it.
fn sp4n_number(raw: &str) -> Result<String, Violation> {
    let number: String = raw.chars().filter(|c| !c.is_whitespace()).collect();
    let number = number.trim_start_matches('#');
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'/');
    if number.len() <= 64 && number.bytes().all(known) && number.is_empty() == raw.trim().is_empty() {
        return Ok(number.to_owned());
    }
    Err(Violation::new(
        "sp4n_number",
        "must be at most 64 letters, digits, `-`, `.` and `/`; a `#` before them is left out",
        "paling banyak 64 huruf, angka, `-`, `.`, dan `/`; `#` di depannya diabaikan",
    ))
}

/// When the report was received: one on paper or from SP4N-LAPOR! was received before it is entered here.
fn received(raw: Option<&prost_types::Timestamp>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Violation> {
    let Some(raw) = raw else { return Ok(now) };
    let earliest = FIRST_YEAR;
    from_proto(raw)
        .filter(|at| *at <= now && at.year() >= earliest)
        .ok_or_else(|| {
            Violation::new(
                "receive_time",
                format!("must be a time from the year {earliest} on that has passed"),
                format!("Waktu diterima harus sudah lewat, paling awal tahun {earliest}"),
            )
        })
}

/// Refuses a number that another report has, and names that report, so that no report of SP4N-LAPOR! is handled twice.
async fn refuse_known_sp4n_number(app: &App, txn: &Txn, number: &str) -> Result<(), Failure> {
    if number.is_empty() {
        return Ok(());
    }
    let Some(first) = complaint_by_sp4n_number(txn, &app.vault, number).await? else {
        return Ok(());
    };
    let mut failure = Failure::new(
        Kind::AlreadyExists,
        "SP4N_NUMBER_EXISTS",
        format!(
            "{first} has the SP4N number {number} already; if another report is meant, add to its number, as {number}/2"
        ),
        format!(
            "Laporan SP4N nomor {number} sudah dicatat sebagai {first}; bila memang laporan lain, tambahi nomornya, \
             misalnya {number}/2"
        ),
    );
    failure.metadata.push(("name", first.to_string()));
    Err(failure)
}
