//! Closes surveys whose closing time has come.

use std::time::Duration;

use prima_platform::{clock::micros, failure::Failure};
use prima_proto::name;
use tokio_util::sync::CancellationToken;

use super::{App, close_survey::close};
use crate::store::survey::survey_due;

const EVERY: Duration = Duration::from_secs(1);
const PAGE: u64 = 100;

/// Looks for due surveys until `stop`. Intake refuses late responses by the clock, so being late here only delays
/// the final status of scores.
pub async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = round(&app).await {
            tracing::warn!(%error, "closing due surveys: trying again");
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(EVERY) => {} }
    }
}

/// Closes every survey that is due.
pub async fn round(app: &App) -> Result<(), Failure> {
    loop {
        let due = survey_due(app.context.db.reader(), micros(app.context.clock.now()), PAGE).await?;
        for text in &due {
            let name = name::Survey::parse(text).map_err(Failure::internal)?;
            close(app, &name, "", true).await?;
        }
        if due.len() < PAGE as usize {
            return Ok(());
        }
    }
}
