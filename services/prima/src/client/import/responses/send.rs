//! Sends rows in streams of up to 1000. Each stream is acknowledged, and sent again while the service is unavailable.

use std::sync::Arc;
use std::time::Duration;

use backon::Retryable;
use csv::StringRecord;
use futures::{Stream, stream};
use prima_platform::clock::Clock;
use prima_proto::survey::v1 as pb;
use tokio::sync::mpsc;
use tonic::{Code, Status};

use super::check::{Check, Pass};
use crate::client::call::{delays, longer, transient, within};
use crate::client::connect;
use crate::client::import::sheet::Sheet;
use crate::client::print;

/// Rows per stream: the service reports at most this many rejected rows of a stream, and none of a stream that breaks
/// off.
pub(super) const BATCH: usize = 1000;
/// Batches that are read ahead.
const AHEAD: usize = 2;
const DEADLINE: Duration = Duration::from_secs(120);
/// How long the service may be unavailable before the import gives up.
const PATIENCE: chrono::TimeDelta = chrono::TimeDelta::minutes(3);

/// The good rows of a file, up to 1000 at a time.
pub(super) struct Batches<'a> {
    pub sheet: Sheet,
    pub survey: &'a str,
    /// The pass that reads them.
    pub pass: Pass<'a>,
    /// Label of the import.
    pub import_id: &'a str,
}

/// Rows of one stream.
#[derive(Default)]
pub(super) struct Batch {
    /// Line and cells of each row.
    pub rows: Vec<(u64, StringRecord)>,
    /// The messages of the stream.
    pub messages: Vec<pb::SubmitResponsesRequest>,
}

impl Batches<'_> {
    fn read(&mut self) -> anyhow::Result<Batch> {
        let mut batch = Batch::default();
        while batch.rows.len() < BATCH {
            let Some(row) = self.sheet.next()? else { break };
            // Bad rows were reported by the first pass.
            let Ok((id, response)) = self.pass.row(&row) else {
                continue;
            };
            // Only the first message of a stream names the survey and the import.
            let (survey, import_id) = if batch.messages.is_empty() {
                (self.survey.to_owned(), self.import_id.to_owned())
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

/// The batches of a file, read and checked in a thread of its own while others are sent.
pub(super) fn ahead(
    check: Arc<Check>,
    sheet: Sheet,
    import_id: String,
) -> impl Stream<Item = anyhow::Result<Batch>> {
    let (ready, mut batches) = mpsc::channel(AHEAD);
    // It ends with the file, or when no one receives batches any more.
    let _reader = tokio::task::spawn_blocking(move || {
        let batches = Batches {
            sheet,
            survey: &check.form.survey,
            pass: Pass::new(&check),
            import_id: &import_id,
        };
        for batch in batches {
            let failed = batch.is_err();
            if ready.blocking_send(batch).is_err() || failed {
                return;
            }
        }
    });
    stream::poll_fn(move |context| batches.poll_recv(context))
}

/// Sends a batch until it is acknowledged. Rows that a broken stream stored already are answered as repeated.
pub(super) async fn send(
    client: connect::Survey,
    batch: Batch,
) -> anyhow::Result<(Batch, pb::SubmitResponsesResponse)> {
    let clock = Clock::system();
    let began = clock.now();
    let mut tried = 0;
    let submit = || {
        let (mut client, messages) = (client.clone(), batch.messages.clone());
        async move {
            let request = within(stream::iter(messages), DEADLINE);
            client.submit_responses(request).await
        }
    };
    let answer = submit
        .retry(delays(usize::MAX))
        .when(|status| passing(status) && clock.now() - began <= PATIENCE)
        .adjust(longer)
        .notify(|_, _| {
            tried += 1;
            if tried == 5 {
                print::note("Layanan belum menjawab; mencoba lagi …");
            }
        })
        .await?;
    Ok((batch, answer.into_inner()))
}

/// Whether the same stream may be sent again. Every response has an id, so sending it twice changes nothing.
fn passing(status: &Status) -> bool {
    transient(status) || status.code() == Code::DeadlineExceeded
}
