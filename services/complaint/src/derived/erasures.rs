//! Erases personal data of reports and consultations, either when a retention period ends or when the national admin
//! asks for it.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    db::Txn,
    derived::{self, Kind, Settings, Source},
    failure::Failure,
};

use crate::{
    change::{self, Actor, Written},
    context::App,
    domain::case::{EntryKind, erase::Erased},
    store::{
        complaint::{Stored, complaints_lock_by_id_in_txn},
        erasure::{
            Parts, complaint_erase_in_txn, complaint_remaining_in_txn, consultation_end_in_txn,
            consultation_erase_in_txn, erase_at_in_txn,
        },
        sealed::Note,
        timeline::{Line, timeline_of},
    },
};

/// The rows of a table whose retention period has ended.
pub struct Erasures {
    app: App,
    table: Table,
}

/// A table with personal data that is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    Complaint,
    Consultation,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Complaint => "complaint",
            Self::Consultation => "consultation",
        }
    }
}

impl Erasures {
    pub const fn new(app: App, table: Table) -> Self {
        Self { app, table }
    }
}

#[async_trait]
impl Kind for Erasures {
    fn settings(&self) -> Settings {
        Settings {
            name: match self.table {
                Table::Complaint => "complaint-erasure",
                Table::Consultation => "consultation-erasure",
            },
            batch: 1,
            min_interval: Duration::ZERO,
            legacy: None,
        }
    }

    fn source(&self) -> Source {
        Source::Due(derived::Due {
            table: self.table.name(),
            key: "CAST(id AS TEXT)",
            column: "erase_at",
            until: Some(micros(self.app.now())),
            condition: "erase_at IS NOT NULL",
            every: self.app.sweep_every(),
        })
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        for key in keys {
            let id = key.parse().map_err(Failure::internal)?;
            let erased = match self.table {
                Table::Complaint => match complaints_lock_by_id_in_txn(txn, vec![id]).await?.pop() {
                    Some(mut stored) => report_due(&self.app, txn, &mut stored).await?,
                    None => false,
                },
                Table::Consultation => consultation_due(&self.app, txn, id).await?,
            };
            if erased {
                let table = self.table.name();
                tracing::info!(table, id, "erased because the retention period ended");
            }
        }
        Ok(())
    }

    fn committed(&self) {
        self.app.timeline_changed.notify_waiters();
    }
}

/// Erases those of `parts` that are still there from a locked report, with a timeline line for each. Returns the time,
/// or `None` when there was nothing to erase.
pub async fn erase_report(
    app: &App,
    txn: &Txn,
    stored: &mut Stored,
    parts: Parts,
    actor: &Actor,
    reason: Option<Note>,
) -> Result<Option<DateTime<Utc>>, Failure> {
    let mut remaining = complaint_remaining_in_txn(txn, stored.id).await?;
    // The reason for an erasure is kept.
    let written = |line: &Line| line.has_note() && line.entry.kind != EntryKind::Erased;
    let timeline = timeline_of(txn, stored.id).await?;
    let notes: Vec<i64> = timeline.into_iter().filter(written).map(|line| line.id).collect();
    remaining.text |= !notes.is_empty();
    let parts = parts.and(remaining);
    if parts.is_empty() {
        return Ok(None);
    }
    let now = app.now();
    let before = stored.case.clone();
    let (rules, mut lines) = change::load_rules(app, txn, stored).await?;
    if parts.identity {
        lines.push(stored.case.erased(Erased::Identity, actor.role, now));
    }
    if parts.text {
        lines.push(stored.case.erased(Erased::Text, actor.role, now));
    }
    let written = Written {
        note: reason,
        public: false,
    };
    change::save(app, txn, stored, &before, &rules, lines, actor, written).await?;
    complaint_erase_in_txn(txn, stored.id, parts, notes, now).await?;
    Ok(Some(now))
}

/// Erases what the retention periods of a report require, and sets when the next erasure is due.
async fn report_due(app: &App, txn: &Txn, stored: &mut Stored) -> Result<bool, Failure> {
    if !stored.case.is_settled() {
        erase_at_in_txn(txn, Table::Complaint.name(), stored.id, None).await?;
        return Ok(false);
    }
    let steps = app.periods().steps(stored.case.state_since, app.now());
    let parts = Parts {
        identity: steps.identity,
        text: steps.text,
    };
    let done = erase_report(app, txn, stored, parts, &Actor::system(), None).await?;
    erase_at_in_txn(txn, Table::Complaint.name(), stored.id, steps.next).await?;
    Ok(done.is_some())
}

/// Erases what the retention periods of a consultation require, and sets when the next erasure is due.
async fn consultation_due(app: &App, txn: &Txn, id: i64) -> Result<bool, Failure> {
    let Some(ended) = consultation_end_in_txn(txn, None, id).await? else {
        return Ok(false);
    };
    let Some(end) = ended.at else {
        erase_at_in_txn(txn, Table::Consultation.name(), id, None).await?;
        return Ok(false);
    };
    let now = app.now();
    let steps = app.periods().steps(end, now);
    let due = Parts {
        identity: steps.identity,
        text: steps.text,
    };
    let parts = due.and(ended.remaining);
    if !parts.is_empty() {
        consultation_erase_in_txn(txn, ended, parts, now).await?;
    }
    erase_at_in_txn(txn, Table::Consultation.name(), id, steps.next).await?;
    Ok(!parts.is_empty())
}
