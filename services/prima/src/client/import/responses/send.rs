//! Sending rows: streams of up to 1000, each acknowledged, tried again while the service is away.

use std::time::Duration;

use csv::ByteRecord;
use futures::stream;
use prima_platform::clock::Clock;
use prima_proto::survey::v1 as pb;
use tonic::{Code, Status};

use super::Seen;
use super::check::Check;
use crate::client::call::{delay, transient, within};
use crate::client::connect;
use crate::client::import::sheet::Sheet;
use crate::client::print;

/// Rows per stream: the service lists at most this many refusals of one, and nothing of a broken stream.
pub(super) const BATCH: usize = 1000;
const DEADLINE: Duration = Duration::from_secs(120);
/// How long a service may be away before the import gives up.
const PATIENCE: chrono::TimeDelta = chrono::TimeDelta::minutes(3);

/// The good rows of a file, up to 1000 at a time.
pub(super) struct Batches<'a> {
    /// The file.
    pub sheet: Sheet,
    /// What rows are held against.
    pub check: &'a Check,
    /// What the first pass read of each id.
    pub seen: Seen,
    /// Label of the import.
    pub import_id: &'a str,
}

/// Rows of one stream.
#[derive(Default)]
pub(super) struct Batch {
    /// Line and content of each.
    pub rows: Vec<(u64, ByteRecord)>,
    /// What is sent.
    pub messages: Vec<pb::SubmitResponsesRequest>,
}

impl Batches<'_> {
    fn read(&mut self) -> anyhow::Result<Batch> {
        let mut batch = Batch::default();
        while batch.rows.len() < BATCH {
            let Some(row) = self.sheet.next()? else { break };
            let id = self.check.id(&row);
            // Bad rows were told by the first pass.
            let Ok(response) = self.check.row(&row, &id) else {
                continue;
            };
            if self.seen.otherwise(&id, &response) {
                continue;
            }
            // Later messages are of the same survey and import.
            let (survey, import_id) = if batch.messages.is_empty() {
                (self.check.form.survey.clone(), self.import_id.to_owned())
            } else {
                Default::default()
            };
            batch.rows.push((row.line, row.record().clone()));
            batch.messages.push(pb::SubmitResponsesRequest {
                survey,
                response_id: id,
                response: Some(response),
                import_id,
                ..Default::default()
            });
        }
        Ok(batch)
    }
}

impl Iterator for Batches<'_> {
    type Item = anyhow::Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.read() {
            Ok(batch) if batch.rows.is_empty() => None,
            other => Some(other),
        }
    }
}

/// Sends a batch until it is acknowledged. What a broken stream stored already is answered as repeated.
pub(super) async fn send(
    client: connect::Survey,
    batch: Batch,
) -> anyhow::Result<(Batch, pb::SubmitResponsesResponse)> {
    let clock = Clock::system();
    let began = clock.now();
    let mut tried = 0;
    loop {
        let mut client = client.clone();
        let messages = batch.messages.clone();
        let status = match client
            .submit_responses(within(stream::iter(messages), DEADLINE))
            .await
        {
            Ok(answer) => return Ok((batch, answer.into_inner())),
            Err(status) => status,
        };
        tried += 1;
        if !passing(&status) || clock.now() - began > PATIENCE {
            return Err(status.into());
        }
        if tried == 5 {
            print::note("Layanan belum menjawab; mencoba lagi …");
        }
        tokio::time::sleep(delay(&status, tried)).await;
    }
}

/// Whether the same stream may be sent again: every response has an id, so a second time changes nothing.
fn passing(status: &Status) -> bool {
    transient(status) || status.code() == Code::DeadlineExceeded
}
