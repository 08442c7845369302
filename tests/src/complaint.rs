//! Complaints, and the clients of the clients who process them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use prima_platform::{caller::Role, testing::eventually};
use prima_proto::complaint::v1::{
    self, complaint_service_client::ComplaintServiceClient, settings_service_client::SettingsServiceClient,
};
use tokio::task::JoinSet;
use tonic::Status;

use crate::{
    Cluster, DEADLINE,
    client::{Authorised, authorised},
};

/// Client of the complaint service.
pub type Complaints = ComplaintServiceClient<Authorised>;

/// The agency to which every complaint is submitted: Kota Bogor.
pub const HOME: &str = "3271";
/// The agency to which a complaint is forwarded: Kota Bandung.
pub const AWAY: &str = "3273";
/// The agency of the counter at which every complaint is submitted: Kota Adm. Jakarta Selatan.
pub const COUNTER: &str = "3174";
/// The id of the unit in both agencies.
pub const UNIT: &str = "dpmptsp";

/// Clients of one complaint service, one for each role, each with its own token.
#[derive(Clone)]
pub struct Clients {
    /// The officer at the counter, who submits complaints.
    pub intake: Complaints,
    /// Admin koordinator of [`HOME`] and of [`AWAY`].
    pub coordinators: [Complaints; 2],
    /// Pejabat penghubung of [`HOME`] and of [`AWAY`].
    pub liaisons: [Complaints; 2],
    /// Admin nasional.
    pub national: Complaints,
    /// The reporter, who has no token.
    pub reporter: Complaints,
    /// The calendar and workflow settings, as the national admin.
    pub settings: SettingsServiceClient<Authorised>,
}

impl Clients {
    /// Clients that call the service at `url`.
    pub fn new(cluster: &Cluster, url: &str) -> Self {
        let client = |token: &str| Complaints::new(authorised(url, token));
        let of = |role, agency| client(&cluster.token(&[role], &[agency]));
        Self {
            intake: of(Role::Intake, COUNTER),
            coordinators: [of(Role::Admin, HOME), of(Role::Admin, AWAY)],
            liaisons: [of(Role::Operator, HOME), of(Role::Operator, AWAY)],
            national: client(&cluster.admin()),
            reporter: client(""),
            settings: SettingsServiceClient::new(authorised(url, &cluster.admin())),
        }
    }

    /// A complaint as the national admin sees it.
    pub async fn get(&self, name: &str) -> v1::Complaint {
        let request = v1::GetComplaintRequest {
            name: name.to_owned(),
        };
        let answer = self.national.clone().get_complaint(request).await.unwrap();
        answer.into_inner().complaint.unwrap()
    }

    /// Stores the current workflow, changed by `change`, as its next version.
    pub async fn change_workflow(&mut self, id: &str, change: impl FnOnce(&mut serde_json::Value)) {
        let request = v1::ListWorkflowsRequest::default();
        let known = self.settings.list_workflows(request).await.unwrap().into_inner();
        let current = known.workflows.into_iter().find(|w| w.current).unwrap();
        let mut json = serde_json::from_str(&current.json).unwrap();
        change(&mut json);
        json["id"] = id.into();
        let request = v1::AddWorkflowRequest {
            request_id: format!("workflow-{id}"),
            json: json.to_string(),
        };
        self.settings.add_workflow(request).await.unwrap();
    }
}

/// Sets the length of a deadline in the data of a workflow.
pub fn set_length(workflow: &mut serde_json::Value, clock: &str, length: serde_json::Value) {
    let clocks = workflow["clocks"].as_array_mut().unwrap();
    let rule = clocks.iter_mut().find(|c| c["key"] == clock).unwrap();
    rule["length"] = length;
}

/// One action on a complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The counter submits it.
    Submit,
    /// The coordinator starts the verification.
    StartVerification,
    /// The coordinator asks the reporter to complete it.
    Hold,
    /// The reporter replies.
    Reply,
    /// The coordinator forwards it to the other agency.
    Forward,
    /// The coordinator verifies it and assigns it to the unit.
    Verify,
    /// The liaison officer starts the follow-up.
    StartFollowUp,
    /// The liaison officer responds, with the attachments of the case.
    Respond,
    /// The reporter accepts the response and closes it.
    Close,
    /// The reporter reopens it.
    Reopen,
    /// The reporter rates it with this number of stars.
    Rate(i32),
    /// The coordinator escalates it by one level.
    Escalate,
    /// The coordinator rejects it.
    Reject,
    /// The coordinator merges it into another complaint.
    Merge,
}

impl Step {
    /// The timeline entry that the step adds: its kind, and the key of the action.
    pub fn line(self) -> (v1::TimelineKind, &'static str) {
        use v1::TimelineKind::{EscalatedByHand, Rated, Received, Transition};
        match self {
            Self::Submit => (Received, ""),
            Self::StartVerification => (Transition, "start_verification"),
            Self::Hold => (Transition, "hold"),
            Self::Reply => (Transition, "reply"),
            Self::Forward => (Transition, "forward"),
            Self::Verify => (Transition, "disposition"),
            Self::StartFollowUp => (Transition, "start_follow_up"),
            Self::Respond => (Transition, "respond"),
            Self::Close => (Transition, "close"),
            Self::Reopen => (Transition, "reopen"),
            Self::Rate(_) => (Rated, ""),
            Self::Escalate => (EscalatedByHand, ""),
            Self::Reject => (Transition, "reject"),
            Self::Merge => (Transition, "merge"),
        }
    }
}

/// The response to a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status of the complaint.
    pub status: v1::ComplaintStatus,
    /// Tracking code and secret, which the first step returns.
    pub access: Option<v1::Access>,
}

/// A complaint with the steps that were acknowledged.
#[derive(Debug, Clone)]
pub struct Case {
    /// A unique id; request ids are derived from it.
    pub id: String,
    /// The complaint to submit.
    pub report: v1::SubmitComplaintRequest,
    /// The resource name, after submission.
    pub name: String,
    /// The tracking code and secret of the reporter, after submission.
    pub access: Option<v1::Access>,
    /// The attachments of the next response.
    pub attachments: Vec<String>,
    /// The complaint that it is merged into.
    pub into: String,
    /// The steps that were acknowledged.
    pub taken: Vec<Step>,
    /// The key of the state after the last acknowledged step.
    pub state: String,
    away: bool,
}

impl Case {
    /// A case that was not submitted yet; `id` must be new to the service.
    pub fn new(id: &str) -> Self {
        let report = v1::SubmitComplaintRequest {
            request_id: format!("{id}-0"),
            parent: format!("agencies/{HOME}"),
            class: "complaint_regular".into(),
            category: "business_licence".into(),
            title: format!("Izin usaha belum terbit ({id})"),
            text: format!("Permohonan izin {id} sudah lengkap sejak sebulan lalu dan belum ada kabar."),
            channel: v1::Channel::Web.into(),
            reporter: Some(v1::Reporter {
                display_name: "Siti Rahayu".into(),
                phone: "0812-3456-7890".into(),
                ..v1::Reporter::default()
            }),
            ..v1::SubmitComplaintRequest::default()
        };
        Self {
            id: id.to_owned(),
            report,
            name: String::new(),
            access: None,
            attachments: Vec::new(),
            into: String::new(),
            taken: Vec::new(),
            state: String::new(),
            away: false,
        }
    }

    /// The id of the agency that handles it.
    pub fn agency(&self) -> &'static str {
        if self.away { AWAY } else { HOME }
    }

    /// Performs the next step. When it is not acknowledged, the same call repeats it.
    pub async fn take(&mut self, clients: &Clients, step: Step) -> Result<Answer, Status> {
        let answer = self.call(clients, step, self.taken.len()).await?;
        if let Some(access) = &answer.access {
            self.access = Some(access.clone());
            self.name.clone_from(&answer.status.name);
        }
        self.away ^= step == Step::Forward;
        self.state.clone_from(&answer.status.state);
        self.taken.push(step);
        Ok(answer)
    }

    /// Sends the request of the last acknowledged step again.
    pub async fn repeat(&self, clients: &Clients) -> Result<Answer, Status> {
        let number = self.taken.len() - 1;
        let step = self.taken[number];
        let mut before = self.clone();
        before.away ^= step == Step::Forward;
        before.call(clients, step, number).await
    }

    /// Performs steps until all are done.
    pub async fn take_all(&mut self, clients: &Clients, steps: &[Step]) {
        for step in steps {
            let taken = self.take(clients, *step).await;
            taken.unwrap_or_else(|status| panic!("{step:?} of {}: {status:?}", self.id));
        }
    }

    /// Kind and action of every entry that its timeline must have so far.
    pub fn lines(&self) -> Vec<(v1::TimelineKind, String)> {
        let lines = self.taken.iter().map(|step| step.line());
        lines.map(|(kind, action)| (kind, action.to_owned())).collect()
    }

    async fn call(&self, clients: &Clients, step: Step, number: usize) -> Result<Answer, Status> {
        let request_id = format!("{}-{number}", self.id);
        let (name, etag, access) = (self.name.clone(), String::new(), self.access.clone());
        let place = usize::from(self.away);
        let (mut coordinator, mut liaison) = (
            clients.coordinators[place].clone(),
            clients.liaisons[place].clone(),
        );
        let mut reporter = clients.reporter.clone();
        let text = format!("Catatan {number} pada laporan ini");
        macro_rules! status {
            ($client:ident.$method:ident($request:expr)) => {
                $client.$method($request).await?.into_inner().status
            };
        }
        let status = match step {
            Step::Submit => {
                let mut intake = clients.intake.clone();
                let answer = intake.submit_complaint(self.report.clone()).await?.into_inner();
                return Ok(Answer {
                    status: answer.status.unwrap(),
                    access: Some(v1::Access {
                        tracking_code: answer.tracking_code,
                        secret: answer.secret,
                    }),
                });
            }
            Step::StartVerification => {
                status!(coordinator.start_verification(v1::StartVerificationRequest {
                    request_id,
                    name,
                    etag
                }))
            }
            Step::Hold => status!(coordinator.request_completion(v1::RequestCompletionRequest {
                request_id,
                name,
                etag,
                text
            })),
            Step::Reply => status!(reporter.reply_to_complaint(v1::ReplyToComplaintRequest {
                request_id,
                access,
                text,
                attachments: Vec::new(),
            })),
            Step::Forward => {
                let to = if self.away { HOME } else { AWAY };
                status!(coordinator.forward_complaint(v1::ForwardComplaintRequest {
                    request_id,
                    name,
                    etag,
                    to: format!("agencies/{to}"),
                    text,
                }))
            }
            Step::Verify => status!(coordinator.verify_complaint(v1::VerifyComplaintRequest {
                request_id,
                name,
                etag,
                unit: format!("agencies/{}/units/{UNIT}", self.agency()),
                note: text,
                ..v1::VerifyComplaintRequest::default()
            })),
            Step::StartFollowUp => {
                status!(liaison.start_follow_up(v1::StartFollowUpRequest {
                    request_id,
                    name,
                    etag
                }))
            }
            Step::Respond => status!(liaison.respond_to_complaint(v1::RespondToComplaintRequest {
                request_id,
                name,
                etag,
                text,
                attachments: self.attachments.clone(),
            })),
            Step::Close => {
                status!(reporter.close_complaint(v1::CloseComplaintRequest { request_id, access }))
            }
            Step::Reopen => {
                status!(reporter.reopen_complaint(v1::ReopenComplaintRequest {
                    request_id,
                    access,
                    text
                }))
            }
            Step::Rate(rating) => status!(reporter.rate_complaint(v1::RateComplaintRequest {
                request_id,
                access,
                rating,
                text,
            })),
            Step::Escalate => status!(coordinator.escalate_complaint(v1::EscalateComplaintRequest {
                request_id,
                name,
                etag,
                text,
            })),
            Step::Reject => status!(coordinator.reject_complaint(v1::RejectComplaintRequest {
                request_id,
                name,
                etag,
                reason: "out_of_scope".into(),
                text,
            })),
            Step::Merge => status!(coordinator.merge_complaint(v1::MergeComplaintRequest {
                request_id,
                name,
                etag,
                into: self.into.clone(),
            })),
        };
        Ok(Answer {
            status: status.unwrap(),
            access: None,
        })
    }
}

/// Reads WatchComplaints in the background. After the stream broke it resumes from its cursor.
pub struct Watcher {
    seen: Arc<Mutex<Vec<v1::WatchComplaintsResponse>>>,
    _reading: JoinSet<()>,
}

impl Watcher {
    /// Watches `parent` from the cursor `after` on.
    pub fn start(client: &Complaints, parent: &str, after: &str) -> Self {
        let seen: Arc<Mutex<Vec<v1::WatchComplaintsResponse>>> = Arc::default();
        let mut reading = JoinSet::new();
        let (mut client, kept) = (client.clone(), seen.clone());
        let (parent, mut after) = (parent.to_owned(), after.to_owned());
        reading.spawn(async move {
            loop {
                let request = v1::WatchComplaintsRequest {
                    parent: parent.clone(),
                    after: after.clone(),
                };
                if let Ok(stream) = client.watch_complaints(request).await {
                    let mut stream = stream.into_inner();
                    while let Ok(Some(event)) = stream.message().await {
                        after.clone_from(&event.cursor);
                        kept.lock().unwrap().push(event);
                    }
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Self {
            seen,
            _reading: reading,
        }
    }

    /// The events received so far.
    pub fn seen(&self) -> Vec<v1::WatchComplaintsResponse> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until every timeline entry of the given complaints was received, then stops. Checks that each entry came
    /// once, and that those of a complaint came in order.
    pub async fn saw_all(self, complaints: &[v1::Complaint]) {
        let expected: BTreeSet<(String, i64)> = complaints
            .iter()
            .flat_map(|c| {
                c.timeline
                    .iter()
                    .map(|line| (c.status.as_ref().unwrap().name.clone(), line.number))
            })
            .collect();
        let whole = eventually(DEADLINE, || async {
            (self.seen().len() >= expected.len()).then_some(())
        });
        let _late = whole.await;
        self::assert_events(&self.seen(), &expected);
    }
}

/// Checks that the events are these entries of complaints, each once, and those of a complaint in order.
pub fn assert_events(events: &[v1::WatchComplaintsResponse], expected: &BTreeSet<(String, i64)>) {
    let lines: Vec<(String, i64)> = events
        .iter()
        .map(|e| (e.complaint.clone(), e.entry.as_ref().unwrap().number))
        .collect();
    let once: BTreeSet<(String, i64)> = lines.iter().cloned().collect();
    assert_eq!(&once, expected, "entries that were sent");
    assert_eq!(lines.len(), once.len(), "an entry was sent twice: {lines:?}");
    for report in once.iter().map(|(name, _)| name).collect::<BTreeSet<_>>() {
        let numbers = lines.iter().filter(|(name, _)| name == report).map(|(_, n)| *n);
        assert!(
            numbers.clone().is_sorted(),
            "{report}: {:?}",
            numbers.collect::<Vec<_>>()
        );
    }
    let cursors: BTreeSet<&str> = events.iter().map(|e| e.cursor.as_str()).collect();
    assert_eq!(cursors.len(), events.len(), "a cursor came twice");
}
