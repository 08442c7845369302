//! Results of surveys.

use std::time::Duration;

use prima_platform::{caller::Caller, failure::Failure, grpc::WatchStream};
use prima_proto::{subject, survey::v1 as pb};

use super::convert;
use crate::app::{App, result};

/// How often a watched result is looked at when no event says so: the bus may be down.
const LOOK: Duration = Duration::from_secs(2);

pub async fn list_results(
    app: &App,
    caller: &Caller,
    r: pb::ListResultsRequest,
) -> Result<pb::ListResultsResponse, Failure> {
    caller.known()?;
    let (filter, page) = convert::list(&r.parent, r.page_size, &r.page_token, &r.period)?;
    let mut rows = result::page(&app.context.db, &filter, app.context.clock.now()).await?;
    let next_page_token = page.cut(&mut rows, |(s, _)| s.survey.name.to_string());
    let now = app.context.clock.now();
    let results = rows.iter().map(|(s, o)| convert::result(s, o, now)).collect();
    Ok(pb::ListResultsResponse {
        results,
        next_page_token,
    })
}

pub async fn get_result(app: &App, caller: &Caller, survey: &str) -> Result<pb::Result, Failure> {
    caller.known()?;
    let name = convert::survey_name("survey", survey)
        .map_err(|v| vec![v])?
        .to_string();
    let now = app.context.clock.now();
    let found = result::get(&app.context.db, &name, now).await?;
    let (stored, outcome) = found.ok_or_else(|| Failure::not_found(&name))?;
    Ok(convert::result(&stored, &outcome, now))
}

pub async fn watch_result(
    app: &App,
    caller: &Caller,
    survey: &str,
) -> Result<WatchStream<pb::WatchResultResponse>, Failure> {
    let first = get_result(app, caller, survey).await?;
    let name = convert::survey_name("survey", survey).map_err(|v| vec![v])?;
    let bell = app.results.watch(&subject::survey_result(&name));
    let app = app.clone();
    let text = name.to_string();
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
            let now = app.context.clock.now();
            match result::get(&app.context.db, &text, now).await {
                Ok(Some((stored, outcome))) if stored.version != version => {
                    next = Some(convert::result(&stored, &outcome, now));
                }
                Ok(_) => {}
                Err(failure) => return sender.fail(failure).await,
            }
        }
    })
}
