//! The audit log of a service: who did what to which resource, when, from where, and with which decision. An entry is appended
//! in the transaction of the act that it describes, and linked into a chain of hashes within a second ([`chain`]). The
//! database refuses to change or delete linked entries.

pub mod chain;
mod schema;

use std::sync::LazyLock;

use prima_proto::{
    access::{Protected, agency_in},
    audit::v1::{AuditDecision, AuditEntry, ClaimedToken},
};
use prost::Message;
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    caller::Caller,
    clock::Clock,
    db::{Database, sql},
    failure::{Failure, Kind},
    grpc::{InvalidToken, Network},
    rate::Buckets,
    trace,
};

pub(crate) use schema::Tables;

/// Most entries of refusals that a process writes in a minute for one caller; further ones are only logged.
const REFUSALS_PER_MINUTE: u32 = 60;

/// Most digits in a row in a name that is stored of a refused call; telephone numbers have more.
const MOST_DIGITS: usize = 6;

/// Most entries of calls with tokens that no key of a known issuer has signed that a process writes in a minute: anybody can make them.
const FORGED_PER_MINUTE: u32 = 60;

/// Limits the entries of refusals for each caller, because one could fill the database with them.
static REFUSALS: LazyLock<Option<Buckets<String>>> =
    LazyLock::new(|| Buckets::per_minute(REFUSALS_PER_MINUTE));

/// Limits the entries of tokens that are not valid any more, for each subject.
static INVALID: LazyLock<Option<Buckets<String>>> =
    LazyLock::new(|| Buckets::per_minute(REFUSALS_PER_MINUTE));

/// Limits the entries of tokens that were never valid, in all: forged ones don't hide the use of a stolen one.
static FORGED: LazyLock<Option<Buckets<()>>> = LazyLock::new(|| Buckets::per_minute(FORGED_PER_MINUTE));

/// A service that has an audit log.
pub trait Audited: Sync {
    /// Its database, which contains the log.
    fn database(&self) -> &Database;

    /// Its clock.
    fn clock(&self) -> &Clock;
}

/// What a caller does, as its request shows.
#[derive(Debug, Clone)]
pub struct Act(AuditEntry);

impl Act {
    /// The act of a request; `None` without a token, because such a caller is nobody.
    pub fn of<M: Protected>(caller: &Caller, network: Option<Network>, message: &M) -> Option<Self> {
        caller.require_token().ok()?;
        let about = message.about();
        let agency = about.resource.and_then(|(field, value)| agency_in(field, value));
        let named = |text: &&str| text.len() <= 300 && text.bytes().all(is_of_a_name);
        Some(Self(AuditEntry {
            subject: caller.subject().to_owned(),
            identity: caller.identity(),
            roles: caller
                .roles()
                .iter()
                .map(|role| role.as_str().to_owned())
                .collect(),
            method: M::RULE.method.to_owned(),
            agency: agency
                .filter(named)
                .filter(|id| *id != "-")
                .unwrap_or_default()
                .to_owned(),
            resource: about
                .resource
                .map(|(_, value)| value)
                .filter(named)
                .unwrap_or_default()
                .to_owned(),
            request_id: about.request_id.chars().take(crate::request_id::MAX).collect(),
            purpose: about.purpose.chars().take(1000).collect(),
            network: network.map(|network| network.to_string()).unwrap_or_default(),
            traceparent: trace::traceparent(&tracing::Span::current()).unwrap_or_default(),
            ..AuditEntry::default()
        }))
    }

    fn entry(&self, decision: AuditDecision, clock: &Clock) -> AuditEntry {
        let mut entry = self.0.clone();
        entry.decision = decision as i32;
        entry.time = Some(crate::clock::to_proto(clock.now()));
        entry
    }
}

/// Whether a text has more digits in a row than [`MOST_DIGITS`].
fn has_long_number(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit())
        .any(|run| run.len() > MOST_DIGITS)
}

/// Whether a byte may be in a resource name. Texts of other forms may be anything, also what must not be in a log.
fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b':' | b'~')
}

/// Appends an act that was done, in its transaction, or the reading of something protected, before the answer is sent.
pub async fn append(
    conn: &impl ConnectionTrait,
    act: &Act,
    decision: AuditDecision,
    clock: &Clock,
) -> Result<(), DbErr> {
    let entry = act.entry(decision, clock).encode_to_vec();
    let text = "INSERT INTO audit_pending (entry) VALUES ($1)";
    conn.execute_raw(sql(conn, text, [entry.into()])).await.map(drop)
}

/// Appends an act that was refused, if it was for lack of a right; returns the refusal. That an entry can't be written does not
/// change the refusal, and is logged.
pub async fn refused(service: &impl Audited, act: Option<Act>, refusal: Failure) -> Failure {
    let (Some(mut act), Kind::Denied) = (act, refusal.kind) else {
        return refusal;
    };
    let taken = REFUSALS
        .as_ref()
        .map(|buckets| buckets.take(act.0.identity.clone()));
    if taken.is_some_and(|taken| taken.is_err()) {
        tracing::warn!(
            caller = act.0.subject,
            method = act.0.method,
            "a refusal is not in the audit log: too many"
        );
        return refusal;
    }
    refusal.reason.clone_into(&mut act.0.reason);
    // Nothing has that name, perhaps: a telephone or identity number may have been given in its place by mistake.
    for text in [&mut act.0.resource, &mut act.0.agency] {
        if has_long_number(text) {
            text.clear();
        }
    }
    let appended = append(
        service.database().writer(),
        &act,
        AuditDecision::Refused,
        service.clock(),
    )
    .await;
    if let Err(error) = appended {
        tracing::error!(%error, method = act.0.method, "a refusal is not in the audit log");
    }
    refusal
}

/// Appends a call that was refused because its token is not valid. Nobody is the caller, and what the token claims is marked as
/// that. That an entry can't be written, or that there are too many, is logged and changes nothing.
pub async fn token_refused(service: &impl Audited, call: InvalidToken) {
    let method = call.method;
    let network = call
        .network
        .map(|network| network.to_string())
        .unwrap_or_default();
    let mut claimed = call.claimed;
    let taken = match claimed.subject.is_empty() {
        true => FORGED.as_ref().is_none_or(|all| all.take(()).is_ok()),
        false => INVALID
            .as_ref()
            .is_none_or(|one| one.take(claimed.subject.clone()).is_ok()),
    };
    if !taken {
        // The log line of the call remains, with its address and the fault.
        return;
    }
    // That of a citizen, which was sent here by mistake, may be an identity number.
    if has_long_number(&claimed.subject) {
        claimed.subject.clear();
    }
    let act = Act(AuditEntry {
        method: method.to_string(),
        reason: "TOKEN_INVALID".to_owned(),
        network,
        traceparent: trace::traceparent(&tracing::Span::current()).unwrap_or_default(),
        claimed: Some(ClaimedToken {
            subject: claimed.subject,
            key_id: claimed.key_id,
            fault: call.fault,
        }),
        ..AuditEntry::default()
    });
    let writer = service.database().writer();
    let appended = append(writer, &act, AuditDecision::Refused, service.clock()).await;
    if let Err(error) = appended {
        tracing::error!(%error, %method, "a token that is not valid is not in the audit log");
    }
}
