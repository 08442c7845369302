//! Builds the rows of lists of reports.

use std::collections::HashMap;

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use crate::{
    context::App,
    domain::worktime::WorkTime,
    rpc::{channel, status},
    store::complaint::Stored,
};

/// Builds the rows of one list; reads the working time of each agency only once.
#[derive(Default)]
pub struct Summaries(HashMap<String, WorkTime>);

impl Summaries {
    /// The row of a report.
    pub async fn summary(
        &mut self,
        app: &App,
        row: &Stored,
        title: String,
    ) -> Result<v1::ComplaintSummary, Failure> {
        let conn = app.context.db.reader();
        let case = &row.case;
        let workflow = app.settings.workflow(conn, &row.workflow).await?;
        if !self.0.contains_key(&case.agency) {
            let work_time = app.settings.work_time(conn, &case.agency).await?;
            self.0.insert(case.agency.clone(), work_time);
        }
        let work_time = self.0.get(&case.agency);
        let work_time =
            work_time.ok_or_else(|| Failure::internal("the working time of an agency was not loaded"))?;
        Ok(v1::ComplaintSummary {
            status: Some(status::status(row, &workflow, work_time, app.now())),
            title,
            channel: channel::message(case.channel).into(),
            anonymous: case.anonymous,
            confidential: case.confidential,
        })
    }
}
