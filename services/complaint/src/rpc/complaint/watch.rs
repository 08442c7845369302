//! Streams what happens to reports.

use prima_platform::{
    failure::{Failure, Violation},
    grpc::WatchStream,
    request::Faults,
};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{
    context::App,
    domain::parent,
    rpc::status,
    store::feed::{FeedLine, Scope, feed_last, feed_page},
};

/// How many lines are read at once.
const PAGE: i64 = 200;

/// Streams what happens to the reports of an agency, of a unit or of the whole country.
pub async fn watch(
    app: &App,
    request: v1::WatchComplaintsRequest,
) -> Result<WatchStream<v1::WatchComplaintsResponse>, Failure> {
    let mut faults = Faults::default();
    let parent = faults.take(parent::one_or_all("parent", &request.parent));
    let after = faults.take(cursor("after", &request.after));
    let ((agency, unit), after) = faults.settle(parent.zip(after))?;
    let scope = match (agency.as_str(), unit.is_empty()) {
        ("", _) => Scope::All,
        (_, true) => Scope::Agency(agency),
        (_, false) => Scope::Unit(name::Unit { agency, unit }),
    };
    let last = feed_last(app.context.db.reader()).await?;
    let mut position = after.unwrap_or(last);
    if position > last {
        // The cursor comes from another database, or from before this one lost data. Waiting for it to be reached would
        // skip events.
        return Err(Failure::invalid(vec![Violation::new(
            "after",
            "is past the last event",
            "melampaui peristiwa terakhir",
        )]));
    }
    let mut feed_position = app.feed_position.subscribe();
    let db = app.context.db.clone();
    app.context.watchers.open(async move |sender| {
        loop {
            let last = *feed_position.borrow_and_update();
            while position < last {
                let page = match feed_page(db.reader(), &scope, position, last, PAGE).await {
                    Ok(page) => page,
                    Err(error) => return sender.fail(error.into()).await,
                };
                let full = i64::try_from(page.len()).unwrap_or(PAGE) >= PAGE;
                for line in page {
                    position = line.feed;
                    if sender.send(event(&line)).await.is_err() {
                        return;
                    }
                }
                if !full {
                    position = last;
                }
            }
            tokio::select! {
                () = sender.closed() => return,
                changed = feed_position.changed() => if changed.is_err() { return },
            }
        }
    })
}

/// Parses a cursor; `None` when it is empty.
fn cursor(field: &str, raw: &str) -> Result<Option<i64>, Violation> {
    if raw.is_empty() {
        return Ok(None);
    }
    let digits = raw.bytes().all(|b| b.is_ascii_digit());
    let number = raw.parse::<i64>().ok().filter(|_| digits);
    number.map(Some).ok_or_else(|| {
        Violation::new(
            field,
            "must be the cursor of an event, or 0",
            "harus kursor sebuah peristiwa, atau 0",
        )
    })
}

fn event(line: &FeedLine) -> v1::WatchComplaintsResponse {
    v1::WatchComplaintsResponse {
        cursor: line.feed.to_string(),
        complaint: line.complaint.to_string(),
        agency: status::parent(&line.agency, ""),
        unit: status::unit(&line.agency, &line.unit),
        entry: Some(v1::TimelineEntry {
            other: message::other(&line.entry),
            ..message::entry(&line.entry, line.number, &line.role)
        }),
    }
}
