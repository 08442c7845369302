//! What happens to reports, as a stream.

use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
    grpc::WatchStream,
    request::Faults,
};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{
    context::App,
    domain::parent,
    rpc::{rights::require_reader, status},
    store::feed::{Fed, View, feed_last, feed_page},
};

/// Lines that one look reads at most.
const PAGE: i64 = 200;

/// Follows what happens to reports of an agency, a unit or the country.
pub async fn watch(
    app: &App,
    caller: Caller,
    request: v1::WatchComplaintsRequest,
) -> Result<WatchStream<v1::WatchComplaintsResponse>, Failure> {
    let mut faults = Faults::default();
    let parent = faults.take(parent::one_or_all("parent", &request.parent));
    let after = faults.take(cursor("after", &request.after));
    let ((agency, unit), after) = faults.settle(parent.zip(after))?;
    require_reader(&caller, &agency)?;
    let view = match (agency.as_str(), unit.is_empty()) {
        ("", _) => View::All,
        (_, true) => View::Agency(agency),
        (_, false) => View::Unit(name::Unit { agency, unit }),
    };
    let last = feed_last(app.context.db.reader()).await?;
    let mut place = after.unwrap_or(last);
    if place > last {
        // It was given by another database, or before this one lost data: to wait for it would leave events out.
        return Err(Failure::invalid(vec![Violation::new(
            "after",
            "is past the last event",
            "melampaui peristiwa terakhir",
        )]));
    }
    let mut fed = app.fed.subscribe();
    let db = app.context.db.clone();
    app.context.watchers.open(async move |sender| {
        loop {
            let last = *fed.borrow_and_update();
            while place < last {
                let page = match feed_page(db.reader(), &view, place, last, PAGE).await {
                    Ok(page) => page,
                    Err(error) => return sender.fail(error.into()).await,
                };
                let full = i64::try_from(page.len()).unwrap_or(PAGE) >= PAGE;
                for line in page {
                    place = line.feed;
                    if sender.send(told(&line)).await.is_err() {
                        return;
                    }
                }
                if !full {
                    place = last;
                }
            }
            tokio::select! {
                () = sender.closed() => return,
                changed = fed.changed() => if changed.is_err() { return },
            }
        }
    })
}

/// A cursor; `None` when it is empty.
fn cursor(field: &str, raw: &str) -> Result<Option<i64>, Violation> {
    if raw.is_empty() {
        return Ok(None);
    }
    let digits = raw.bytes().all(|b| b.is_ascii_digit());
    let number = raw.parse::<i64>().ok().filter(|_| digits);
    number.map(Some).ok_or_else(|| {
        Violation::new(
            field,
            "must be a cursor that came with an event, or 0",
            "harus kursor dari suatu peristiwa, atau 0",
        )
    })
}

fn told(line: &Fed) -> v1::WatchComplaintsResponse {
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
