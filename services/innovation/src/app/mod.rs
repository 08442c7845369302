//! One file per use case that changes state: begin, look for the first answer, lock, domain, save, stage, commit.
//! Rows are locked in this order: innovation, round, entry, replication, portfolios, marks of agencies, outbox.

pub mod advance_round;
pub mod agency_scores;
pub mod announce_results;
pub mod enter_round;
pub mod follow_up;
pub mod open_round;
pub mod portfolios;
pub mod record_replication;
pub mod record_transfer;
pub mod recuse_evaluator;
pub mod register_innovation;
pub mod review_entry;
pub mod score_entry;
pub mod update_entry;
pub mod update_innovation;

use std::{collections::BTreeSet, fmt::Display, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc};
use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    db::Txn,
    failpoint,
    failure::{Failure, Kind},
    request_id,
    service::Context,
};
use prima_proto::name;
use sea_orm::ConnectionTrait;
use tokio::sync::Notify;

use crate::{
    domain::{
        calendar,
        eligibility::{self, Facts, Failed},
        round::Round,
    },
    store::{
        Lock,
        entry::{self, entry_same_titles},
        innovation::{awards_of, innovations_by_id},
        portfolio,
        round::{self, round_get},
    },
};

/// What the use cases stand on; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The platform.
    pub context: Context,
    agencies: Arc<Notify>,
}

impl App {
    /// The use cases of one process.
    pub fn new(context: Context) -> Self {
        Self {
            context,
            agencies: Arc::default(),
        }
    }

    /// The time now.
    pub fn now(&self) -> DateTime<Utc> {
        self.context.clock.now()
    }

    /// The day in Jakarta.
    pub fn today(&self) -> NaiveDate {
        calendar::day(self.now())
    }

    fn now_millis(&self) -> i64 {
        self.now().timestamp_millis()
    }

    fn now_micros(&self) -> i64 {
        micros(self.now())
    }

    /// Tells that marks of agency scores were committed.
    pub fn agencies_changed(&self) {
        self.agencies.notify_one();
    }

    /// Commits what was staged and wakes the relay and the scores of agencies.
    async fn commit(&self, txn: Txn) -> Result<(), Failure> {
        failpoint::hit("innovation.staged").await;
        txn.commit().await?;
        failpoint::hit("innovation.committed").await;
        self.context.outbox.committed();
        self.agencies_changed();
        Ok(())
    }
}

/// The id of a request, and the digest of its body as parsed. A repeat gets the first answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Client-made id.
    pub request_id: String,
    /// Digest of the body.
    pub digest: Vec<u8>,
}

impl Once {
    async fn find<A>(&self, txn: &Txn, method: &str, caller: &Caller) -> Result<Option<A>, Failure>
    where
        A: prost::Message + Default,
    {
        request_id::find(txn, method, caller, &self.request_id, &self.digest).await
    }

    /// What to answer when what is new exists: the first answer, when another transaction gave it since this one
    /// looked, else that it exists.
    async fn find_or_exists<A>(
        &self,
        txn: &Txn,
        method: &str,
        caller: &Caller,
        name: impl Display,
    ) -> Result<A, Failure>
    where
        A: prost::Message + Default,
    {
        let first = self.find(txn, method, caller).await?;
        first.ok_or_else(|| Failure::already_exists(&name.to_string()))
    }

    async fn keep(
        &self,
        txn: &Txn,
        method: &str,
        caller: &Caller,
        answer: &impl prost::Message,
        app: &App,
    ) -> Result<(), Failure> {
        let (id, digest) = (&self.request_id, &self.digest);
        request_id::keep(txn, method, caller, id, digest, answer, &app.context.clock).await
    }
}

/// `Ok` for the unit or its agency admin.
pub fn require_unit(caller: &Caller, agency: &str) -> Result<(), Failure> {
    caller.require(&[Role::Operator], agency)
}

/// `Ok` for the agency admin.
pub fn require_agency_admin(caller: &Caller, agency: &str) -> Result<(), Failure> {
    caller.require(&[Role::Admin], agency)
}

/// `Ok` for the ministry.
pub fn require_ministry(caller: &Caller) -> Result<(), Failure> {
    caller.require(&[Role::Admin], "*")
}

/// `Ok` for an evaluator or the ministry.
pub fn require_evaluator(caller: &Caller) -> Result<(), Failure> {
    caller.require(&[Role::Evaluator], "*")
}

/// `Ok` for the unit, the agency admin, an evaluator or the ministry.
pub fn require_reader(caller: &Caller, agency: &str) -> Result<(), Failure> {
    require_unit(caller, agency).or_else(|denied| require_evaluator(caller).map_err(|_| denied))
}

fn not_found(name: impl Display) -> Failure {
    Failure::not_found(&name.to_string())
}

fn check_etag(etag: &str, version: i64, name: impl Display) -> Result<(), Failure> {
    let plain = etag.trim_matches('"');
    if etag.is_empty() || plain == version.to_string() {
        Ok(())
    } else {
        Err(Failure::stale_etag(&name.to_string()))
    }
}

fn precondition(reason: &'static str, english: impl Into<String>, indonesian: impl Into<String>) -> Failure {
    Failure::new(Kind::Precondition, reason, english, indonesian)
}

/// The round of a request, locked.
async fn round_locked(txn: &Txn, name: &name::Round, lock: Lock) -> Result<round::Stored, Failure> {
    round_get(txn, name, lock).await?.ok_or_else(|| not_found(name))
}

/// The window of submission must be open.
fn check_submission(stored: &round::Stored, now: DateTime<Utc>) -> Result<(), Failure> {
    let first = stored.round.rules.stages.first();
    let window = first.and_then(|s| stored.round.window(&s.key));
    let open = first.is_some_and(|s| s.key == stored.stage)
        && window.is_some_and(|w| {
            w.open.is_none_or(|open| now >= open) && w.close.is_some_and(|close| now < close)
        });
    if open {
        return Ok(());
    }
    Err(precondition(
        "SUBMISSION_NOT_OPEN",
        format!("{} takes no submissions now", stored.name),
        "Pengajuan untuk kompetisi ini belum dibuka atau sudah ditutup",
    ))
}

/// The rules of eligibility that an entry fails now.
pub async fn failed_rules(
    conn: &impl ConnectionTrait,
    round: &Round,
    entry: &entry::Stored,
) -> Result<Vec<Failed>, Failure> {
    let found = innovations_by_id(conn, &[entry.innovation_id]).await?;
    let stored = found.first().ok_or_else(|| not_found(&entry.innovation))?;
    let awards = awards_of(conn, stored).await?;
    let facts = Facts {
        innovation: &stored.innovation,
        proposal: &entry.proposal,
        closing: round
            .submission_closes()
            .map(calendar::closing_day)
            .unwrap_or_default(),
        awards: &awards,
        same_titles: entry_same_titles(conn, entry).await?,
    };
    Ok(eligibility::failed(&round.rules, &facts))
}

/// Portfolios of a unit in years; years without portfolios are left out.
fn portfolio_keys(unit: &name::Unit, years: impl IntoIterator<Item = i32>) -> BTreeSet<portfolio::Key> {
    years
        .into_iter()
        .filter(|year| calendar::YEARS.contains(year))
        .map(|year| (unit.agency.clone(), unit.unit.clone(), i64::from(year)))
        .collect()
}
