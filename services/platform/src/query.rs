//! How every operation that only reads runs: its caller is authorised, and the reading of personal data is an entry of the audit
//! log before the answer is sent.

use std::future::Future;

use prima_proto::{access::Protected, audit::v1::AuditDecision};
use tonic::{Request, Status};

use crate::{
    access,
    audit::{self, Act, Audited},
    caller::{self, Caller},
    failure::{Failure, Kind},
    grpc::{Answer, Network, answer, status},
};

/// Runs an operation that only reads, for a caller whom the rule of the method admits.
pub async fn read<M, A, F>(
    service: &impl Audited,
    request: Request<M>,
    run: impl FnOnce(Caller, M) -> F,
) -> Answer<A>
where
    M: Protected,
    F: Future<Output = Result<A, Failure>>,
{
    let caller = caller::of(&request);
    let admitted = access::admit_unless_faulty(&caller, request.get_ref());
    // Most readings are no entry of the audit log, whatever becomes of them.
    let is_entry = M::RULE.personal || M::RULE.has_condition() || !matches!(admitted, Ok(Ok(())));
    let act = is_entry.then(|| act_of(&caller, &request)).flatten();
    let read = async {
        let admitted = admitted?;
        let read = run(caller, request.into_inner()).await;
        match (admitted, read) {
            (Ok(()), read) => read,
            (Err(_), Err(faults)) if faults.kind == Kind::Invalid => Err(faults),
            // What was read is dropped.
            (Err(refusal), _) => Err(refusal),
        }
    };
    let read = match read.await {
        Ok(read) => read,
        Err(refusal) => return answer(Err(audit::refused(service, act, refusal).await)),
    };
    if let Some(act) = act.filter(|_| M::RULE.personal) {
        let writer = service.database().writer();
        let appended = audit::append(writer, &act, AuditDecision::Read, service.clock()).await;
        appended.map_err(|error| status(error.into()))?;
    }
    answer(Ok(read))
}

/// Succeeds for a request whose caller is admitted by the rule of the method, or has the role and only names no agency. For what
/// must be looked up before a command is parsed, which reports the faults then.
///
/// # Errors
///
/// The status of the refusal.
pub async fn admit_unless_faulty<M: Protected>(
    service: &impl Audited,
    request: &Request<M>,
) -> Result<(), Status> {
    let caller = caller::of(request);
    match access::admit_unless_faulty(&caller, request.get_ref()) {
        Ok(_) => Ok(()),
        Err(refusal) => {
            let act = act_of(&caller, request);
            Err(status(audit::refused(service, act, refusal).await))
        }
    }
}

/// The caller, whom nothing has admitted yet, and the message or stream of messages, for an operation that admits the caller
/// with each message itself ([`access::admit_unless_faulty`]).
pub fn unadmitted<T>(request: Request<T>) -> (Caller, T) {
    (caller::of(&request), request.into_inner())
}

fn act_of<M: Protected>(caller: &Caller, request: &Request<M>) -> Option<Act> {
    Act::of(caller, Network::from(request), request.get_ref())
}
