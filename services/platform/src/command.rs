//! The one way in which an operation that changes state runs. Its message is parsed and its caller allowed; then, in one
//! transaction, the first answer is looked for, the work is done, the states that it changed are staged and the answer is
//! kept. Idempotency, races between equal requests, fail points and what a commit wakes stand here and in no operation.

use std::{borrow::Cow, collections::BTreeMap, fmt, future::Future};

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};
use tonic::Request;

use crate::{
    caller::{self, Caller},
    clock::Clock,
    db::Txn,
    failpoint,
    failure::{Failure, Kind},
    grpc::{Answer, answer},
    outbox::{self, State},
    request_id,
    service::Context,
};

/// What the commands of a service stand on: the platform, and what the service adds to it.
pub trait App: Send + Sync {
    /// The platform.
    fn context(&self) -> &Context;

    /// What tells the body of a request from another one later. A service whose requests hold what is personal makes it
    /// with a key, so that nobody can try bodies out.
    fn digest(&self, body: &[u8]) -> Vec<u8> {
        Sha256::digest(body).to_vec()
    }

    /// Called after each commit: wakes whoever waits for one.
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
    /// Whether a caller needs a token before the message is even looked at.
    const NEEDS_TOKEN: bool = true;
    /// What it stands on.
    type App: App;
    /// What a caller sends.
    type Message: Send;
    /// What is answered, and kept for repeats.
    type Answer: prost::Message + Default + Clone;

    /// Parses the message, which came at `now`.
    ///
    /// # Errors
    ///
    /// Every fault of the message at once.
    fn parse(message: Self::Message, now: DateTime<Utc>) -> Result<Self, Failure>;

    /// What tells a repeat; `None` for an operation that has no `request_id`.
    fn once(&self) -> Option<Once> {
        None
    }

    /// `Ok` when the caller may do this, as far as the message alone tells.
    ///
    /// # Errors
    ///
    /// `UNAUTHENTICATED` or `PERMISSION_DENIED`.
    fn allow(&self, caller: &Caller) -> Result<(), Failure>;

    /// What comes before the transaction and must not hold it up, such as a look at a proof of somebody without a token.
    /// Returns whose request it is then; `None` when it is the caller's. The first answer is looked for after it.
    ///
    /// # Errors
    ///
    /// The proof does not hold.
    fn prepare(&mut self, _app: &Self::App) -> impl Future<Output = Result<Option<Caller>, Failure>> + Send {
        async { Ok(None) }
    }

    /// Does the work: reads and locks, asks the rules, writes, and names what is to be staged.
    ///
    /// # Errors
    ///
    /// Whatever refuses it; nothing of it stands then.
    fn work(
        self,
        work: &mut Work<'_, Self::App>,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;

    /// What of an answer is kept: all of it, unless it holds a secret or what is personal.
    fn kept(answer: &Self::Answer) -> Cow<'_, Self::Answer> {
        Cow::Borrowed(answer)
    }

    /// The whole answer to a repeat, of which `kept` was kept; `body` is that of its [`Once`].
    ///
    /// # Errors
    ///
    /// What was left out can't be read.
    fn again(
        _app: &Self::App,
        _body: &[u8],
        kept: Self::Answer,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send {
        async { Ok(kept) }
    }
}

/// The transaction in which a command works.
pub struct Work<'a, A> {
    /// What the command stands on.
    pub app: &'a A,
    /// Who calls.
    pub caller: &'a Caller,
    /// The transaction; whoever began it ends it.
    pub txn: &'a Txn,
    states: BTreeMap<String, State>,
}

impl<A: App> Work<'_, A> {
    /// The time now.
    pub fn now(&self) -> DateTime<Utc> {
        self.app.context().clock.now()
    }

    /// The version of an aggregate, locked, that had the version `previous`; 0 for a new one.
    pub fn next_version(&self, previous: i64) -> i64 {
        self.app.context().clock.next_version(previous)
    }

    /// Has the state of a locked aggregate staged once the work is done. Of one aggregate the last state counts.
    pub fn stage(&mut self, state: State) {
        self.states.insert(state.subject.clone(), state);
    }
}

/// A request that is answered once: its method, its id, and its body as parsed, of which the digest is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Once {
    method: &'static str,
    request_id: String,
    body: Vec<u8>,
}

/// What is personal may stand in the body, so it is not shown.
impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, id) = (self.method, &self.request_id);
        f.debug_struct("Once")
            .field("method", &method)
            .field("request_id", id)
            .finish_non_exhaustive()
    }
}

impl Once {
    /// Of a request of `method`. Answers are kept under that name for ever, so it never changes. `body` holds what was
    /// parsed, without the request's id.
    pub fn new(method: &'static str, request_id: &str, body: &impl prost::Message) -> Self {
        Self {
            method,
            request_id: request_id.to_owned(),
            body: body.encode_to_vec(),
        }
    }

    /// The first answer, as it was kept, if `asker` has sent the request before.
    ///
    /// # Errors
    ///
    /// `REQUEST_ID_REUSED`: it came with another body.
    pub async fn find<A>(&self, app: &impl App, asker: &Caller) -> Result<Option<A>, Failure>
    where
        A: prost::Message + Default,
    {
        self.asked(app, asker).find(app.context().db.reader()).await
    }

    fn asked<'a>(&'a self, app: &impl App, asker: &'a Caller) -> Asked<'a> {
        Asked {
            once: self,
            asker,
            digest: app.digest(&self.body),
        }
    }
}

/// A request with whose it is and the digest of its body.
struct Asked<'a> {
    once: &'a Once,
    asker: &'a Caller,
    digest: Vec<u8>,
}

impl Asked<'_> {
    async fn find<A>(&self, conn: &impl ConnectionTrait) -> Result<Option<A>, Failure>
    where
        A: prost::Message + Default,
    {
        let (method, id) = (self.once.method, &self.once.request_id);
        request_id::find(conn, method, self.asker, id, &self.digest).await
    }

    async fn keep(&self, txn: &Txn, answer: &impl prost::Message, clock: &Clock) -> Result<(), Failure> {
        let (method, id) = (self.once.method, &self.once.request_id);
        request_id::keep(txn, method, self.asker, id, &self.digest, answer, clock).await
    }
}

/// Runs the command that `request` asks for. A repeat gets the first answer.
pub async fn run<C: Command>(app: &C::App, request: Request<C::Message>) -> Answer<C::Answer> {
    let caller = caller::of(&request);
    answer(of_caller::<C>(app, &caller, request.into_inner()).await)
}

async fn of_caller<C: Command>(
    app: &C::App,
    caller: &Caller,
    message: C::Message,
) -> Result<C::Answer, Failure> {
    if C::NEEDS_TOKEN {
        caller.known()?;
    }
    let command = C::parse(message, app.context().clock.now())?;
    command.allow(caller)?;
    perform(app, caller, command).await
}

/// Runs a command that was parsed and allowed elsewhere, as that of a client stream is once all has come. A repeat gets the
/// first answer.
///
/// # Errors
///
/// Those of its work.
pub async fn perform<C: Command>(
    app: &C::App,
    caller: &Caller,
    mut command: C,
) -> Result<C::Answer, Failure> {
    let proved = command.prepare(app).await?;
    let asker = proved.as_ref().unwrap_or(caller);
    let Some(once) = command.once() else {
        return match in_transaction(app, caller, command, None).await? {
            Ended::Done(answer) | Ended::Before(answer) => Ok(answer),
        };
    };
    let asked = once.asked(app, asker);
    let kept = match in_transaction(app, caller, command, Some(&asked)).await {
        Ok(Ended::Done(answer)) => return Ok(answer),
        Ok(Ended::Before(kept)) => kept,
        Err(refused) if matches!(refused.kind, Kind::Internal | Kind::Unavailable) => return Err(refused),
        // Another transaction may have answered the same request since this one looked, and so have brought about what
        // refused it: a name that is taken, a state that has changed. Then its answer is the first one.
        Err(refused) => {
            let first = asked.find(app.context().db.reader()).await?;
            first.ok_or(refused)?
        }
    };
    C::again(app, &once.body, kept).await
}

/// How a transaction ended: with the answer, or with what was kept of the first one.
enum Ended<A> {
    Done(A),
    Before(A),
}

async fn in_transaction<C: Command>(
    app: &C::App,
    caller: &Caller,
    command: C,
    asked: Option<&Asked<'_>>,
) -> Result<Ended<C::Answer>, Failure> {
    let context = app.context();
    let txn = context.db.begin().await?;
    if let Some(asked) = asked
        && let Some(kept) = asked.find(&txn).await?
    {
        return Ok(Ended::Before(kept));
    }
    let mut work = Work {
        app,
        caller,
        txn: &txn,
        states: BTreeMap::new(),
    };
    let answer = command.work(&mut work).await?;
    // All at once and in the order of their subjects, so that transactions never wait for each other in a circle.
    let states: Vec<State> = work.states.into_values().collect();
    outbox::stage(&txn, &states).await?;
    if let Some(asked) = asked {
        asked.keep(&txn, &*C::kept(&answer), &context.clock).await?;
    }
    failpoint::hit(&format!("{}.staged", context.service)).await;
    txn.commit().await?;
    failpoint::hit(&format!("{}.committed", context.service)).await;
    app.committed();
    Ok(Ended::Done(answer))
}
