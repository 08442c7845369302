//! How every operation that changes state runs. Its caller is authorised and its message is parsed. Then, in one
//! transaction, the stored response is looked up, the work is done, the states that it changed are staged and the
//! response is stored. Idempotency, races between equal requests, fail points and the wake-ups after a commit are
//! handled here, not in the operations.

use std::{borrow::Cow, collections::BTreeMap, fmt, future::Future};

use chrono::{DateTime, Utc};
use prima_proto::{access::Protected, audit::v1::AuditDecision};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};
use tonic::Request;

use crate::{
    access,
    audit::{self, Act},
    caller::{self, Caller},
    clock::Clock,
    db::Txn,
    failpoint,
    failure::{Failure, Kind},
    grpc::{Answer, Network, answer},
    outbox::{self, State},
    request_id,
    service::Context,
};

/// The context of a service's commands: that of the platform, and what the service adds to it.
pub trait App: Send + Sync {
    /// Context of the platform.
    fn context(&self) -> &Context;

    /// Digest by which the body of a request is later compared with another one. A service whose requests contain
    /// personal data uses a keyed digest, so that bodies can't be found by trial.
    fn digest(&self, body: &[u8]) -> Vec<u8> {
        Sha256::digest(body).to_vec()
    }

    /// Called after each commit: wakes the relay and the runners.
    fn committed(&self) {
        self.context().outbox.committed();
        self.context().derived.committed();
    }
}

impl App for Context {
    fn context(&self) -> &Context {
        self
    }
}

/// One operation that changes state, as parsed from its message.
pub trait Command: Sized + Send {
    /// The context in which it runs.
    type App: App;
    /// The request message.
    type Message: Protected + Send;
    /// The response message, which is stored for repeated requests.
    type Answer: prost::Message + Default + Clone;

    /// Parses the message, which was received at `now`.
    ///
    /// # Errors
    ///
    /// Every fault of the message at once.
    fn parse(message: Self::Message, now: DateTime<Utc>) -> Result<Self, Failure>;

    /// Key by which a repeated request is recognised; `None` for an operation that has no `request_id`.
    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        None
    }

    /// `Ok` when the caller, whom the rule of the method has admitted, may do this: for a right that depends on more of the
    /// message than its agency. It is also asked for a caller who is refused afterwards because the message names no agency, so a
    /// command that finds faults late reports them here.
    ///
    /// # Errors
    ///
    /// `PERMISSION_DENIED`, or the faults.
    fn allow(&self, _caller: &Caller) -> Result<(), Failure> {
        Ok(())
    }

    /// Work before the transaction that must not prolong it, such as verifying the proof of identity of a caller
    /// without a token. Returns the caller that the proof identifies; `None` for the caller of the request. The stored
    /// response is looked up afterwards.
    ///
    /// # Errors
    ///
    /// The proof is not valid.
    fn prepare(&mut self, _app: &Self::App) -> impl Future<Output = Result<Option<Caller>, Failure>> + Send {
        async { Ok(None) }
    }

    /// Does the work: reads and locks, applies the rules, writes, and stages the new states.
    ///
    /// # Errors
    ///
    /// The reason why it is refused; the transaction is rolled back then.
    fn work(
        self,
        work: &mut Work<'_, Self::App>,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;

    /// The part of a response that is stored: all of it, unless it contains a secret or personal data.
    fn stored(answer: &Self::Answer) -> Cow<'_, Self::Answer> {
        Cow::Borrowed(answer)
    }

    /// Completes a stored response for a repeated request; `body` is that of its [`IdempotencyKey`].
    ///
    /// # Errors
    ///
    /// The part that was not stored can't be read.
    fn replay(
        _app: &Self::App,
        _body: &[u8],
        stored: Self::Answer,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send {
        async { Ok(stored) }
    }
}

/// The transaction in which a command works.
pub struct Work<'a, A> {
    /// The context in which the command runs.
    pub app: &'a A,
    /// The caller.
    pub caller: &'a Caller,
    /// The transaction; the function that began it ends it.
    pub txn: &'a Txn,
    states: BTreeMap<String, State>,
}

impl<A: App> Work<'_, A> {
    /// The time now.
    pub fn now(&self) -> DateTime<Utc> {
        self.app.context().clock.now()
    }

    /// The next version of a locked aggregate whose version is `previous`, 0 for a new one.
    pub fn next_version(&self, previous: i64) -> i64 {
        self.app.context().clock.next_version(previous)
    }

    /// Stages the state of a locked aggregate when the work is done. Of several states of one aggregate the last one is
    /// staged.
    pub fn stage(&mut self, state: State) {
        self.states.insert(state.subject.clone(), state);
    }
}

/// Identifies a request, so that it is executed once: its method, its id, and its body as parsed, of which a digest is
/// stored.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    method: &'static str,
    request_id: String,
    body: Vec<u8>,
}

/// Redacts the body, which may contain personal data.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, id) = (self.method, &self.request_id);
        f.debug_struct("IdempotencyKey")
            .field("method", &method)
            .field("request_id", id)
            .finish_non_exhaustive()
    }
}

impl IdempotencyKey {
    /// Key of a request of `method`. Responses are stored under that name for ever, so it must never change. `body`
    /// contains the parsed fields without the request's id.
    pub fn new(method: &'static str, request_id: &str, body: &impl prost::Message) -> Self {
        Self {
            method,
            request_id: request_id.to_owned(),
            body: body.encode_to_vec(),
        }
    }

    /// The stored response, if `requester` has sent this request before.
    ///
    /// # Errors
    ///
    /// `REQUEST_ID_REUSED`: it was sent with another body.
    pub async fn find<A>(&self, app: &impl App, requester: &Caller) -> Result<Option<A>, Failure>
    where
        A: prost::Message + Default,
    {
        self.of_requester(app, requester)
            .find(app.context().db.reader())
            .await
    }

    fn of_requester<'a>(&'a self, app: &impl App, requester: &'a Caller) -> Requested<'a> {
        Requested {
            key: self,
            requester,
            digest: app.digest(&self.body),
        }
    }
}

/// An idempotency key with its requester and the digest of the body.
struct Requested<'a> {
    key: &'a IdempotencyKey,
    requester: &'a Caller,
    digest: Vec<u8>,
}

impl Requested<'_> {
    async fn find<A>(&self, conn: &impl ConnectionTrait) -> Result<Option<A>, Failure>
    where
        A: prost::Message + Default,
    {
        let (method, id) = (self.key.method, &self.key.request_id);
        request_id::find(conn, method, self.requester, id, &self.digest).await
    }

    async fn keep(&self, txn: &Txn, answer: &impl prost::Message, clock: &Clock) -> Result<(), Failure> {
        let (method, id) = (self.key.method, &self.key.request_id);
        request_id::keep(txn, method, self.requester, id, &self.digest, answer, clock).await
    }
}

/// Runs the command of `request`. A repeated request gets the stored response.
pub async fn run<C: Command>(app: &C::App, request: Request<C::Message>) -> Answer<C::Answer> {
    let caller = caller::of(&request);
    let act = Act::of(&caller, Network::from(&request), request.get_ref());
    answer(of_caller::<C>(app, &caller, act, request.into_inner()).await)
}

async fn of_caller<C: Command>(
    app: &C::App,
    caller: &Caller,
    act: Option<Act>,
    message: C::Message,
) -> Result<C::Answer, Failure> {
    let done = async {
        let admitted = access::admit_unless_faulty(caller, &message)?;
        let command = C::parse(message, app.context().clock.now())?;
        command.allow(caller)?;
        admitted?;
        perform(app, caller, act.clone(), command).await
    };
    match done.await {
        Err(refusal) => Err(audit::refused(app.context(), act.clone(), refusal).await),
        done => done,
    }
}

/// Runs a command that was parsed and authorised elsewhere, as that of a client stream is when all messages were
/// received; `act` is what the audit log says of it. A repeated request gets the stored response.
///
/// # Errors
///
/// Those of its work.
pub async fn perform<C: Command>(
    app: &C::App,
    caller: &Caller,
    act: Option<Act>,
    mut command: C,
) -> Result<C::Answer, Failure> {
    let proved = command.prepare(app).await?;
    let requester = proved.as_ref().unwrap_or(caller);
    let Some(key) = command.idempotency_key() else {
        return match in_transaction(app, caller, act, command, None).await? {
            Outcome::Done(answer) | Outcome::Repeated(answer) => Ok(answer),
        };
    };
    let requested = key.of_requester(app, requester);
    let stored = match in_transaction(app, caller, act, command, Some(&requested)).await {
        Ok(Outcome::Done(answer)) => return Ok(answer),
        Ok(Outcome::Repeated(stored)) => stored,
        Err(refused) if matches!(refused.kind, Kind::Internal | Kind::Unavailable) => return Err(refused),
        // Another transaction may have executed the same request since the look-up, and its effect may be the reason of
        // this refusal: a name is taken, a state has changed. Then the response that it has stored is returned.
        Err(refused) => {
            let stored = requested.find(app.context().db.reader()).await?;
            stored.ok_or(refused)?
        }
    };
    C::replay(app, &key.body, stored).await
}

/// How a transaction ended.
enum Outcome<A> {
    /// The work was done; the response.
    Done(A),
    /// The request is a repeated one; the stored response.
    Repeated(A),
}

async fn in_transaction<C: Command>(
    app: &C::App,
    caller: &Caller,
    act: Option<Act>,
    command: C,
    requested: Option<&Requested<'_>>,
) -> Result<Outcome<C::Answer>, Failure> {
    let context = app.context();
    let txn = context.db.begin().await?;
    if let Some(requested) = requested
        && let Some(stored) = requested.find(&txn).await?
    {
        return Ok(Outcome::Repeated(stored));
    }
    let mut work = Work {
        app,
        caller,
        txn: &txn,
        states: BTreeMap::new(),
    };
    let answer = command.work(&mut work).await?;
    // All at once and in the order of their subjects, so that transactions never deadlock.
    let states: Vec<State> = work.states.into_values().collect();
    outbox::stage(&txn, &states).await?;
    if let Some(requested) = requested {
        requested.keep(&txn, &*C::stored(&answer), &context.clock).await?;
    }
    if let Some(act) = act {
        audit::append(&txn, &act, AuditDecision::Done, &context.clock).await?;
    }
    failpoint::hit(&format!("{}.staged", context.service)).await;
    txn.commit().await?;
    failpoint::hit(&format!("{}.committed", context.service)).await;
    app.committed();
    Ok(Outcome::Done(answer))
}
