//! Records a score that another body published.

use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    failure::{Failure, Kind, Violation},
    outbox, request_id,
};
use prima_proto::{index::v1 as pb, name, period::Period};

use super::App;
use crate::{
    domain::{
        cycle::Scheme,
        external::{Era, Metric},
    },
    events::render,
    grpc::convert,
    store::{
        assessment::{assessment_of_year, unit_mark_in_txn},
        external::{Row, external_get, external_insert_in_txn},
    },
};

const METHOD: &str = "index.RecordExternalScore";

/// A unit or an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An agency.
    Agency(name::Agency),
    /// A unit.
    Unit(name::Unit),
}

impl Subject {
    /// Id of the agency.
    pub fn agency(&self) -> &str {
        match self {
            Self::Agency(agency) => &agency.agency,
            Self::Unit(unit) => &unit.agency,
        }
    }

    /// Id of the unit; empty for an agency.
    pub fn unit(&self) -> &str {
        match self {
            Self::Agency(_) => "",
            Self::Unit(unit) => &unit.unit,
        }
    }

    /// Parses `agencies/{agency}` or `agencies/{agency}/units/{unit}`.
    pub fn parse(text: &str) -> Option<Self> {
        let agency = name::Agency::parse(text).map(Self::Agency);
        agency.or_else(|_| name::Unit::parse(text).map(Self::Unit)).ok()
    }
}

/// A score to record, its fields parsed.
#[derive(Debug, Clone)]
pub struct Record {
    /// Client-made id of the request.
    pub request_id: String,
    /// Digest of the body.
    pub digest: Vec<u8>,
    /// The metric.
    pub metric: &'static Metric,
    /// The era of its year.
    pub era: &'static Era,
    /// Whose score.
    pub subject: Subject,
    /// Period.
    pub period: Period,
    /// As published, and its category.
    pub published: crate::domain::band::Published,
    /// Where it was published.
    pub source: String,
    /// Without maladministration.
    pub no_maladministration: bool,
    /// Why it replaces the record before; empty on the first.
    pub reason: String,
}

/// Stores the record, which from now on is the score of its metric, subject and period.
pub async fn record(app: &App, caller: &Caller, record: Record) -> Result<pb::ExternalScore, Failure> {
    caller.require(&[Role::Operator], record.subject.agency())?;
    let txn = app.context.db.begin().await?;
    let (id, digest) = (&record.request_id, &record.digest);
    if let Some(first) = request_id::find::<pb::ExternalScore>(&txn, METHOD, caller, id, digest).await? {
        return Ok(first);
    }
    let (agency, unit) = (record.subject.agency(), record.subject.unit());
    let period = record.period.as_str();
    if let Some(scheme) = Scheme::ALL.into_iter().find(|s| s.metric() == record.metric.key) {
        if let Subject::Unit(unit) = &record.subject {
            // The lock that enrolling takes, too.
            unit_mark_in_txn(&txn, unit).await?;
        }
        if assessment_of_year(&txn, scheme.as_str(), period, agency, unit).await? {
            return Err(computed(&convert::subject_name(agency, unit), period));
        }
    }
    let before = external_get(&txn, &record.metric.key, agency, unit, period).await?;
    let name = format!(
        "{} {} {period}",
        record.metric.key,
        convert::subject_name(agency, unit)
    );
    match (&before, record.reason.is_empty()) {
        (Some(_), true) => return Err(Failure::already_exists(&name)),
        (None, false) => {
            return Err(Failure::invalid(vec![Violation::new(
                "score.reason",
                "nothing is recorded yet that it could replace",
                "belum ada catatan yang dapat diganti",
            )]));
        }
        _ => {}
    }
    let now = app.context.clock.now();
    let row = Row {
        metric: record.metric.key.clone(),
        agency: agency.to_owned(),
        unit: unit.to_owned(),
        period: period.to_owned(),
        number: before.as_ref().map_or(0, |b| b.number) + 1,
        era: record.era.id.clone(),
        score: record.published.value.clone(),
        category: record.published.category.clone(),
        source: record.source.clone(),
        no_maladministration: i64::from(record.no_maladministration),
        reason: record.reason.clone(),
        actor: caller.subject().to_owned(),
        recorded_at: micros(now),
        version: app
            .context
            .clock
            .next_version(before.as_ref().map_or(0, |b| b.version)),
    };
    if !external_insert_in_txn(&txn, &row).await? {
        drop(txn);
        return match lost_race(app, caller, id, digest).await? {
            Some(first) => Ok(first),
            None => Err(changed(&name)),
        };
    }
    outbox::stage(&txn, &[render::external(&record, row.version)]).await?;
    let answer = convert::external(&row, None);
    request_id::keep(&txn, METHOD, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    app.context.outbox.committed();
    Ok(answer)
}

fn computed(subject: &str, period: &str) -> Failure {
    Failure::new(
        Kind::Precondition,
        "COMPUTED_INDEX_EXISTS",
        format!("{subject} is evaluated in a cycle of {period}; its index is computed, not recorded"),
        format!("{subject} dinilai dalam siklus {period}; indeksnya dihitung, bukan dicatat"),
    )
}

/// Perhaps the same request won: then its answer is there now.
async fn lost_race(
    app: &App,
    caller: &Caller,
    id: &str,
    digest: &[u8],
) -> Result<Option<pb::ExternalScore>, Failure> {
    let txn = app.context.db.begin().await?;
    request_id::find(&txn, METHOD, caller, id, digest).await
}

fn changed(name: &str) -> Failure {
    Failure::new(
        Kind::Aborted,
        "CHANGED_MEANWHILE",
        format!("{name} was recorded by somebody else at the same time"),
        format!("{name} baru saja dicatat pihak lain"),
    )
}
