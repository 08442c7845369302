//! Calls every method that changes a report in the same way.

use prima_platform::caller::{Caller, Role};
use prima_proto::complaint::v1;
use tonic::{Request, Status};

use crate::fixture::*;

/// A method that changes a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    StartVerification,
    Verify,
    RequestCompletion,
    Reject,
    Merge,
    Forward,
    StartFollowUp,
    Respond,
    Reply,
    Close,
    Reopen,
    Rate,
    Escalate,
}

pub use Method::*;

impl Method {
    pub const ALL: [Self; 13] = [
        StartVerification,
        Verify,
        RequestCompletion,
        Reject,
        Merge,
        Forward,
        StartFollowUp,
        Respond,
        Reply,
        Close,
        Reopen,
        Rate,
        Escalate,
    ];

    /// Whether the reporter calls it, with tracking code and secret.
    pub fn is_reporters(self) -> bool {
        matches!(self, Reply | Close | Reopen | Rate)
    }

    /// The action of the workflow; `None` for methods that do not change the state.
    pub fn action(self) -> Option<&'static str> {
        Some(match self {
            StartVerification => "start_verification",
            Verify => "disposition",
            RequestCompletion => "hold",
            Reject => "reject",
            Merge => "merge",
            Forward => "forward",
            StartFollowUp => "start_follow_up",
            Respond => "respond",
            Reply => "reply",
            Close => "close",
            Reopen => "reopen",
            Rate | Escalate => return None,
        })
    }
}

/// The content of a call; the same call again is a repeat.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    pub request_id: String,
    /// Resource name of the report.
    pub name: String,
    pub etag: String,
    pub access: Option<v1::Access>,
    /// Receiver of a forwarded report.
    pub to: String,
    /// The report that it is merged into.
    pub into: String,
    /// The unit that it is assigned to.
    pub unit: String,
    pub class: String,
    pub category: String,
    /// Reason for archiving.
    pub reason: String,
    pub text: String,
    pub rating: i32,
    pub attachments: Vec<String>,
}

/// A valid call about `report`; only a merger still needs another report.
pub fn call(method: Method, report: &Submitted) -> Call {
    Call {
        method,
        request_id: request_id(),
        name: report.name.clone(),
        etag: String::new(),
        access: report.access(),
        to: ELSEWHERE.into(),
        into: String::new(),
        unit: UNIT.into(),
        class: String::new(),
        category: "business_licence".into(),
        reason: "out_of_scope".into(),
        text: "Berkas sudah kami terima".into(),
        rating: 4,
        attachments: Vec::new(),
    }
}

/// Another agency, Kota Bandung.
pub const ELSEWHERE: &str = "agencies/3273";

pub fn caller(subject: &str, role: Role, agency: &str) -> Caller {
    Caller::new(subject.to_owned(), vec![role], vec![agency.to_owned()])
}

/// A caller who may use the method: the liaison officer where that is enough, otherwise the coordinator, or the
/// reporter.
pub fn usual_caller(method: Method) -> Caller {
    match method {
        Reply | Close | Reopen | Rate => Caller::anonymous(),
        StartFollowUp | Respond => caller("penghubung", Role::Operator, "3271"),
        _ => caller("koordinator", Role::Admin, "3271"),
    }
}

macro_rules! answered {
    ($client:expr, $method:ident, $request:expr) => {
        $client
            .$method($request)
            .await
            .map(|answer| answer.into_inner().status.unwrap())
    };
}

impl World {
    /// Calls a method as `caller`.
    pub async fn call_as(&self, caller: Caller, call: Call) -> Result<v1::ComplaintStatus, Status> {
        let mut client = self.complaints.clone();
        let Call {
            method,
            request_id,
            name,
            etag,
            access,
            to,
            into,
            unit,
            class,
            category,
            reason,
            text,
            rating,
            attachments,
        } = call;
        fn by<T>(caller: Caller, message: T) -> Request<T> {
            prima_platform::testing::served::by(caller, message)
        }
        match method {
            StartVerification => {
                let message = v1::StartVerificationRequest {
                    request_id,
                    name,
                    etag,
                };
                answered!(client, start_verification, by(caller, message))
            }
            Verify => {
                let message = v1::VerifyComplaintRequest {
                    request_id,
                    name,
                    etag,
                    unit,
                    class,
                    category,
                    note: text,
                };
                answered!(client, verify_complaint, by(caller, message))
            }
            RequestCompletion => {
                let message = v1::RequestCompletionRequest {
                    request_id,
                    name,
                    etag,
                    text,
                };
                answered!(client, request_completion, by(caller, message))
            }
            Reject => {
                let message = v1::RejectComplaintRequest {
                    request_id,
                    name,
                    etag,
                    reason,
                    text,
                };
                answered!(client, reject_complaint, by(caller, message))
            }
            Merge => {
                let message = v1::MergeComplaintRequest {
                    request_id,
                    name,
                    etag,
                    into,
                };
                answered!(client, merge_complaint, by(caller, message))
            }
            Forward => {
                let message = v1::ForwardComplaintRequest {
                    request_id,
                    name,
                    etag,
                    to,
                    text,
                };
                answered!(client, forward_complaint, by(caller, message))
            }
            StartFollowUp => {
                let message = v1::StartFollowUpRequest {
                    request_id,
                    name,
                    etag,
                };
                answered!(client, start_follow_up, by(caller, message))
            }
            Respond => {
                let message = v1::RespondToComplaintRequest {
                    request_id,
                    name,
                    etag,
                    text,
                    attachments,
                };
                answered!(client, respond_to_complaint, by(caller, message))
            }
            Reply => {
                let message = v1::ReplyToComplaintRequest {
                    request_id,
                    access,
                    text,
                    attachments,
                };
                answered!(client, reply_to_complaint, by(caller, message))
            }
            Close => {
                let message = v1::CloseComplaintRequest { request_id, access };
                answered!(client, close_complaint, by(caller, message))
            }
            Reopen => {
                let message = v1::ReopenComplaintRequest {
                    request_id,
                    access,
                    text,
                };
                answered!(client, reopen_complaint, by(caller, message))
            }
            Rate => {
                let message = v1::RateComplaintRequest {
                    request_id,
                    access,
                    rating,
                    text,
                };
                answered!(client, rate_complaint, by(caller, message))
            }
            Escalate => {
                let message = v1::EscalateComplaintRequest {
                    request_id,
                    name,
                    etag,
                    text,
                };
                answered!(client, escalate_complaint, by(caller, message))
            }
        }
    }

    /// Calls a method as its usual caller.
    pub async fn call(&self, call: Call) -> Result<v1::ComplaintStatus, Status> {
        self.call_as(usual_caller(call.method), call).await
    }

    /// Performs an action on a case.
    #[track_caller]
    pub fn done(
        &self,
        method: Method,
        report: &Submitted,
    ) -> impl Future<Output = v1::ComplaintStatus> + use<'_> {
        let call = call(method, report);
        async move { self.call(call).await.unwrap() }
    }

    /// Submits a report and brings it into a state by the shortest path.
    pub async fn submit_in_state(&mut self, id: &str, state: &str) -> Submitted {
        let report = self.submit(id).await;
        let steps: &[Method] = match state {
            "received" => &[],
            "verifying" => &[StartVerification],
            "on_hold" => &[RequestCompletion],
            "forwarded" => &[Forward],
            "archived" => &[Reject],
            "dispositioned" => &[Verify],
            "in_progress" => &[Verify, StartFollowUp],
            "on_hold_follow_up" => &[Verify, StartFollowUp, RequestCompletion],
            "responded" => &[Verify, Respond],
            "closed" => &[Verify, Respond, Close],
            "reopened" => &[Verify, Respond, Close, Reopen],
            _ => panic!("no way to {state}"),
        };
        let mut now = report.status.state.clone();
        for step in steps {
            let mut call = call(*step, &report);
            // It stays within the agency, so that the same officers can act on it.
            call.to = format!("{AGENCY}/units/dukcapil");
            now = self.call(call).await.unwrap().state;
        }
        assert_eq!(now, state);
        report
    }
}
