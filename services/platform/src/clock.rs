//! The clock, passed as a value so that tests can set the time.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};

/// A source of the current time, in UTC, truncated to microseconds, the precision of both databases.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the only place that reads the machine's clock"
        )]
        Self(Arc::new(|| Utc::now().trunc_subsecs(6)))
    }

    /// A clock that a test sets.
    pub fn from_fn(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The current time.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }

    /// The next version of an aggregate: the time in milliseconds, or one more than the previous version. So a version
    /// is also higher than those that a restored database has lost.
    pub fn next_version(&self, previous: i64) -> i64 {
        self.now().timestamp_millis().max(previous.saturating_add(1))
    }
}

/// Unix microseconds, the form in which times are stored.
pub fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

/// The time of stored unix microseconds; the epoch when out of range.
pub fn from_micros(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// The time as a protobuf timestamp.
pub fn to_proto(time: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0),
    }
}

/// The time of a protobuf timestamp, truncated to microseconds; `None` when it is out of range.
pub fn from_proto(time: &prost_types::Timestamp) -> Option<DateTime<Utc>> {
    let nanos = u32::try_from(time.nanos).ok()?;
    DateTime::from_timestamp(time.seconds, nanos).map(|t| t.trunc_subsecs(6))
}
