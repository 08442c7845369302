//! Receives a report. It is stored with its first timeline line and its clocks before the response is sent.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Violation},
    request::{self, Faults, optional, text},
};
use prima_proto::{complaint::v1, name};

use crate::{
    context::App,
    domain::{
        case::{Case, Intake},
        code, parent,
        workflow::Workflow,
        worktime::zone_of_agency,
    },
    rpc::{
        access::tracking_digest, category, change, channel, class, files, once, person,
        rights::require_intake, status,
    },
    store::{
        Lock,
        attachment::Owner,
        complaint::{New, complaint_get, complaint_insert_in_txn},
        contact::contact_add_in_txn,
        figures::figures_change_in_txn,
        sealed::{Content, Identity, Secrets},
        timeline::{self, timeline_add_in_txn},
    },
};

/// Role of the first timeline line: the system or desk that submitted the report.
const INTAKE: &str = "intake";

/// A new report, parsed.
pub struct Submit {
    once: IdempotencyKey,
    /// The current workflow, which the report will follow.
    workflow: Arc<Workflow>,
    intake: Intake,
    /// Number in SP4N-LAPOR!; empty for reports from elsewhere.
    sp4n_number: String,
    content: Content,
    region: String,
    incident_date: String,
    identity: Option<Identity>,
    attachments: Vec<name::Attachment>,
}

impl Command for Submit {
    type App = App;
    type Message = (Arc<Workflow>, v1::SubmitComplaintRequest);
    type Answer = v1::SubmitComplaintResponse;

    fn parse((workflow, raw): Self::Message, now: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse("complaint.SubmitComplaint", &raw.request_id, &raw));
        let parent = faults.take(parent::one("parent", &raw.parent));
        faults.take(class::check("class", &raw.class, &workflow));
        faults.take(category::check("category", &raw.category));
        let content = Content {
            title: faults.or_default(text::line("title", &raw.title, 5, 200)),
            text: faults.or_default(text::lines("text", &raw.text, 20, 10_000)),
            location: faults.or_default(text::line("location", &raw.location, 0, 500)),
        };
        faults.take(region(&raw.region));
        let agency = parent.as_ref().map_or("", |(agency, _)| agency.as_str());
        let today = (now + zone_of_agency(agency).offset()).date_naive();
        let incident = optional(&raw.incident_date, |raw| request::day("incident_date", raw));
        // The date is compared with today in the agency's time zone, which may be ahead of Jakarta.
        if faults.or_default(incident).is_some_and(|day| day > today) {
            faults.add(
                "incident_date",
                "is in the future",
                "tanggal kejadian tidak boleh setelah hari ini",
            );
        }
        let channel = faults.take(channel::parse("channel", raw.channel));
        faults.take(sp4n_number(&raw.sp4n_number));
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
                    sp4n: !raw.sp4n_number.is_empty(),
                    anonymous: raw.anonymous,
                    confidential: raw.confidential,
                    agency,
                    unit,
                },
                sp4n_number: raw.sp4n_number,
                content,
                region: raw.region,
                incident_date: raw.incident_date,
                identity,
                attachments,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    fn allow(&self, caller: &Caller) -> Result<(), Failure> {
        require_intake(caller)
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, now) = (work.app, work.txn, work.now());
        let (workflow, intake) = (self.workflow, self.intake);
        let work_time = app.settings.work_time(txn, &intake.agency).await?;
        let settings = &app.settings;
        let promised = settings.promised_deadline(txn, &intake.agency, &intake.unit, &intake.class);
        let promised = promised.await?;
        let received = Case::receive(&workflow, &work_time, promised, intake, now);
        let (case, entry) = received.map_err(|refusal| change::refused(&refusal))?;
        let rules = change::Rules { workflow, work_time };
        let times = change::times(app, &case, &rules);
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
            sp4n_number: self.sp4n_number,
            secrets: secrets.clone(),
            identity: self.identity.clone(),
            content: self.content,
        };
        let stored = complaint_insert_in_txn(txn, &app.vault, new, times, now).await?;
        if let Some(identity) = &self.identity {
            contact_add_in_txn(txn, &app.vault, stored.id, identity).await?;
        }
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
        figures_change_in_txn(txn, None, &stored.case, &rules.workflow).await?;
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

fn region(raw: &str) -> Result<(), Violation> {
    if matches!(raw.len(), 0 | 2 | 4) && raw.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(Violation::new(
        "region",
        "must be 2 or 4 digits",
        "harus 2 atau 4 angka",
    ))
}

fn sp4n_number(raw: &str) -> Result<(), Violation> {
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'/');
    if raw.len() <= 64 && raw.bytes().all(known) {
        return Ok(());
    }
    Err(Violation::new(
        "sp4n_number",
        "must be at most 64 letters, digits, `-`, `.` and `/`",
        "paling banyak 64 huruf, angka, `-`, `.`, dan `/`",
    ))
}
