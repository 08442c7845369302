//! Tells a caller of each change of a result.

use std::time::Duration;

use prima_platform::{failure::Failure, grpc::WatchStream, request};
use prima_proto::{name, subject, survey::v1 as pb};

use super::read;
use crate::service::App;

/// How often a watched result is looked at when no event says so: the bus may be down.
const LOOK: Duration = Duration::from_secs(2);

/// The result of a survey, now and after each change.
pub async fn watch(
    app: &App,
    message: pb::WatchResultRequest,
) -> Result<WatchStream<pb::WatchResultResponse>, Failure> {
    let name = request::name::<name::Survey>("survey", &message.survey)?;
    let first = read::of(app, &name).await?;
    let bell = app.results.watch(&subject::survey_result(&name));
    let app = app.clone();
    app.context.watchers.clone().open(move |sender| async move {
        let mut rung = bell.subscribe();
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
                _ = rung.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            // The event only says when to look: this database is the truth.
            match read::of(&app, &name).await {
                Ok(result) if result.version != version => next = Some(result),
                Ok(_) => {}
                Err(failure) => return sender.fail(failure).await,
            }
        }
    })
}
