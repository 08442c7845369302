//! Use cases: one file for each that changes state.

pub mod access;
pub mod aftermath;
pub mod agency_scores;
pub mod analysis;
pub mod close_due;
pub mod close_survey;
pub mod complete_follow_up;
pub mod create_follow_up;
pub mod create_survey;
pub mod intake;
pub mod periods;
pub mod publish_result;
pub mod record_result;
pub mod recorded_scores;
pub mod result;
pub mod unit_scores;
pub mod update_survey;
pub mod void_responses;

use std::sync::Arc;

use prima_platform::{outbox::State, service::Context};
use tokio::sync::Notify;

use crate::{
    events::results::Results,
    store::{survey::Stored, tally::tallies_get},
};
use intake::Intake;

/// What the use cases stand on; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The platform.
    pub context: Context,
    /// Where responses go.
    pub intake: Intake,
    /// Bells of watched results.
    pub results: Arc<Results>,
    agencies: Arc<Notify>,
}

impl App {
    /// The use cases of one process.
    pub fn new(context: Context, intake: Intake, results: Arc<Results>) -> Self {
        let agencies = intake.agencies();
        Self {
            context,
            intake,
            results,
            agencies,
        }
    }

    /// Tells that marks of agency scores were committed.
    pub fn agencies_changed(&self) {
        self.agencies.notify_one();
    }

    /// After a commit that changed surveys or scores.
    pub fn committed(&self) {
        self.context.outbox.committed();
        self.agencies_changed();
    }

    fn now_millis(&self) -> i64 {
        self.context.clock.now().timestamp_millis()
    }
}

/// The state of a survey whose tallies are read in this transaction.
async fn survey_state(
    txn: &prima_platform::db::Txn,
    stored: &Stored,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Vec<State>, sea_orm::DbErr> {
    let tallies = tallies_get(txn, &[stored.id]).await?;
    result::states(txn, [stored], &tallies, now).await
}
