//! Does what is due on reports: reminders, escalations, closing and expiry; and recomputes the deadlines of open reports
//! after a change of the calendar or of working hours. The longest overdue come first.

use std::time::Duration;

use async_trait::async_trait;
use prima_platform::{
    clock::micros,
    db::Txn,
    derived::{Kind, Settings, Source},
    failure::Failure,
};

use crate::{
    change,
    context::App,
    store::{complaint::complaints_lock_by_id_in_txn, due},
};

/// The reports that something makes due.
pub struct DueReports {
    app: App,
    cause: Cause,
}

/// What makes a report due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The system has to act on it by now.
    Time,
    /// Its deadlines follow an older version of the calendar.
    Calendar,
}

impl DueReports {
    pub const fn new(app: App, cause: Cause) -> Self {
        Self { app, cause }
    }
}

#[async_trait]
impl Kind for DueReports {
    fn settings(&self) -> Settings {
        Settings {
            name: match self.cause {
                Cause::Time => "complaint-due",
                Cause::Calendar => "complaint-calendar",
            },
            batch: self.app.context.config.complaint.sweep_batch,
            min_interval: Duration::ZERO,
            legacy: None,
        }
    }

    fn source(&self) -> Source {
        let every = self.app.sweep_every();
        Source::Due(match self.cause {
            Cause::Time => due::at(micros(self.app.now()), every),
            Cause::Calendar => due::outdated(every),
        })
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        let ids = keys.iter().map(|key| key.parse());
        let ids: Vec<i64> = ids.collect::<Result<_, _>>().map_err(Failure::internal)?;
        let reports = complaints_lock_by_id_in_txn(txn, ids).await?;
        change::perform_due(&self.app, txn, reports).await
    }

    fn committed(&self) {
        self.app.timeline_changed.notify_waiters();
    }
}
