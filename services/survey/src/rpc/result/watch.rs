//! Streams each change of a result.

use std::time::Duration;

use prima_platform::{failure::Failure, grpc::WatchStream, request};
use prima_proto::{name, subject, survey::v1 as pb};

use super::read;
use crate::service::App;

/// How often a watched result is read when no event arrives, because the bus may be down.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The result of a survey, now and after each change.
pub async fn watch(
    app: &App,
    message: pb::WatchResultRequest,
) -> Result<WatchStream<pb::WatchResultResponse>, Failure> {
    let name = request::name::<name::Survey>("survey", &message.survey)?;
    let first = read::now_of(app, &name).await?;
    let channel = app.results.watch(&subject::survey_result(&name));
    let app = app.clone();
    app.context.watchers.clone().open(move |sender| async move {
        let mut changes = channel.subscribe();
        let mut version = first.version;
        let mut next = Some(first);
        loop {
            if let Some(result) = next.take() {
                version = result.version;
                if sender
                    .send(pb::WatchResultResponse { result: Some(result) })
                    .await
                    .is_err()
                {
                    return;
                }
            }
            tokio::select! {
                () = sender.closed() => return,
                _ = changes.changed() => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
            // The event only triggers the read; the database is authoritative.
            match read::of(&app, &name).await {
                Ok(result) if result.version != version => next = Some(result),
                Ok(_) => {}
                Err(failure) => return sender.fail(failure).await,
            }
        }
    })
}
