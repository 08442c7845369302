//! The two times of a request that reads a past table.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, from_proto, to_proto},
    failure::Failure,
    request::Faults,
};
use prima_proto::ranking::v1;
use prost_types::Timestamp;

use super::App;
use crate::{derived::past::Past, store::Moment};

/// The times that a request names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    as_of: Option<DateTime<Utc>>,
    known_at: Option<DateTime<Utc>>,
}

impl Times {
    /// Parses the times of a request; `path` is that of the message that has the two fields, with its dot.
    pub fn parse(
        faults: &mut Faults,
        path: &str,
        [as_of, known_at]: [Option<&Timestamp>; 2],
        now: DateTime<Utc>,
    ) -> Self {
        let mut time = |field: &str, raw: Option<&Timestamp>| {
            let time = from_proto(raw?).filter(|time| *time <= now);
            if time.is_none() {
                faults.add(
                    format!("{path}{field}"),
                    "must be a time that is not in the future",
                    format!("{path}{field} harus waktu yang tidak di masa depan"),
                );
            }
            time
        };
        Self {
            as_of: time("as_of", as_of),
            known_at: time("known_at", known_at),
        }
    }

    /// The tables that the times ask for; `None` without any, which means the present ones.
    pub async fn past(self, app: &App, metric: &str, period: &str) -> Result<Option<Arc<Past>>, Failure> {
        match self {
            Self {
                as_of: None,
                known_at: None,
            } => Ok(None),
            _ => self.read(app, metric, period).await.map(Some),
        }
    }

    /// The past tables; without any time, the newest that the history has.
    pub async fn read(self, app: &App, metric: &str, period: &str) -> Result<Arc<Past>, Failure> {
        let moment = app.history.moment(self.as_of, self.known_at).await?;
        app.history.tables(metric, period, moment).await
    }
}

/// Says in a table of which moment it is.
pub fn set(table: &mut v1::LeagueTable, moment: Moment) {
    table.as_of = Some(to_proto(from_micros(moment.as_of)));
    table.known_at = Some(to_proto(from_micros(moment.known_at)));
}
