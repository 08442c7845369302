//! Takes a report in. It is stored, with its first line and its clocks, before it is answered.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::{complaint::v1, name};

use super::{App, Once, act, attachments, performance, require_intake, tracking_digest};
use crate::{
    domain::{
        case::{Case, Channel, Intake},
        code,
    },
    grpc::render,
    store::{
        Lock,
        attachment::Owner,
        complaint::{New, complaint_get, complaint_insert},
        contact::contact_add,
        sealed::{Content, Identity, Secrets},
        timeline::{self, timeline_add},
    },
};

const METHOD: &str = "complaint.SubmitComplaint";
/// Role of the first line: who took the report in.
const INTAKE: &str = "intake";

/// A report that comes in.
#[derive(Clone)]
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit; empty when not known.
    pub unit: String,
    /// Key of the class.
    pub class: String,
    /// Key of the category; may be empty.
    pub category: String,
    /// How it came.
    pub channel: Channel,
    /// Number in SP4N-LAPOR!; empty for another origin.
    pub sp4n_number: String,
    /// Anonim.
    pub anonymous: bool,
    /// Rahasia.
    pub confidential: bool,
    /// What it says.
    pub content: Content,
    /// Region code; may be empty.
    pub region: String,
    /// Day of the incident; may be empty.
    pub incident_date: String,
    /// Who reports.
    pub identity: Option<Identity>,
    /// Files.
    pub attachments: Vec<name::Attachment>,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, new: Request) -> Result<v1::SubmitComplaintResponse, Failure> {
    require_intake(caller)?;
    match take_in(app, caller, new.clone()).await {
        // The same request was answered since this one looked; that answer stands now.
        Err(failure) if failure.reason == "REQUEST_IN_PROGRESS" => take_in(app, caller, new).await,
        done => done,
    }
}

async fn take_in(app: &App, caller: &Caller, new: Request) -> Result<v1::SubmitComplaintResponse, Failure> {
    let txn = app.context.db.begin().await?;
    if let Some(first) = new
        .once
        .find::<v1::SubmitComplaintResponse>(&txn, METHOD, caller)
        .await?
    {
        return again(app, &txn, first).await;
    }
    let now = app.now();
    let workflow = app.ground.current_workflow(&txn).await?;
    let work_time = app.ground.work_time(&txn, &new.agency).await?;
    let promised = app
        .ground
        .own_deadline(&txn, &new.agency, &new.unit, &new.class)
        .await?;
    let intake = Intake {
        class: new.class,
        category: new.category,
        channel: new.channel,
        sp4n: !new.sp4n_number.is_empty(),
        anonymous: new.anonymous,
        confidential: new.confidential,
        agency: new.agency,
        unit: new.unit,
    };
    let received = Case::receive(&workflow, &work_time, promised, intake, now);
    let (case, entry) = received.map_err(|refusal| act::refused(&refusal))?;
    let lead = act::Lead { workflow, work_time };
    let times = act::times(app, &case, &lead);
    let secrets = app.new_secrets()?;
    let stored = complaint_insert(
        &txn,
        &app.vault,
        New {
            name: name::Complaint {
                complaint: app.context.ids.next().to_string(),
            },
            tracking: tracking_digest(&secrets.tracking_code),
            case,
            workflow: lead.workflow.id.clone(),
            calendar: lead.work_time.calendar().version(),
            region: new.region,
            incident_date: new.incident_date,
            sp4n_number: new.sp4n_number,
            secrets: secrets.clone(),
            identity: new.identity.clone(),
            content: new.content,
        },
        times,
        now,
    )
    .await?;
    if let Some(identity) = &new.identity {
        contact_add(&txn, &app.vault, stored.id, identity).await?;
    }
    let line = timeline::New {
        agency: entry.to_agency.clone(),
        unit: entry.to_unit.clone(),
        actor: caller.subject().to_owned(),
        role: INTAKE.to_owned(),
        note: None,
        public: true,
        entry,
    };
    timeline_add(&txn, &app.vault, stored.id, &line).await?;
    performance::changed(&txn, None, &stored.case, &lead.workflow).await?;
    let answer = v1::SubmitComplaintResponse {
        status: Some(render::status(&stored, &lead.workflow, &lead.work_time, now)),
        ..Default::default()
    };
    // Kept without the code and the secret, which stand sealed beside the report.
    new.once.keep(&txn, METHOD, caller, &answer, app).await?;
    // After the request, by which equal ones tell each other, or the second would find its files taken.
    attachments::claim(app, &txn, caller, &new.attachments, Owner::Complaint(stored.id)).await?;
    app.commit(txn).await?;
    Ok(with_secrets(answer, &secrets))
}

async fn again(
    app: &App,
    txn: &prima_platform::db::Txn,
    first: v1::SubmitComplaintResponse,
) -> Result<v1::SubmitComplaintResponse, Failure> {
    let name = first.status.as_ref().map(|s| s.name.clone()).unwrap_or_default();
    let name = name::Complaint::parse(&name).map_err(Failure::internal)?;
    let stored = complaint_get(txn, &name, Lock::None).await?;
    let stored = stored.ok_or_else(|| Failure::internal("the answer names no report"))?;
    let secrets = stored.secrets(&app.vault)?;
    Ok(with_secrets(first, &secrets))
}

fn with_secrets(mut answer: v1::SubmitComplaintResponse, secrets: &Secrets) -> v1::SubmitComplaintResponse {
    answer.tracking_code = code::grouped(&secrets.tracking_code);
    answer.secret = code::grouped(&secrets.secret);
    answer
}
