//! Lists the reports and consultations of which personal data is stored, by the time of their receipt or by who has read their
//! identity: those whom a breach affects.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, from_proto, micros, to_proto},
    failure::{Failure, Violation},
    page::Page,
    request::{Faults, text},
};
use prima_proto::complaint::v1;

use crate::{
    context::App,
    domain::parent,
    rpc::status,
    store::held::{Filter, Held, held_page},
};

/// A page of what is stored.
pub async fn held(
    app: &App,
    request: v1::ListHeldRecordsRequest,
) -> Result<v1::ListHeldRecordsResponse, Failure> {
    let mut faults = Faults::default();
    let agency = faults.take(parent::agency_or_all("parent", &request.parent));
    let from = faults.take(time("from_time", request.from_time.as_ref()));
    let to = faults.take(time("to_time", request.to_time.as_ref()));
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        faults.add(
            "to_time",
            "must be after `from_time`",
            "Akhir rentang harus sesudah awalnya",
        );
    }
    let actor = faults.take(text::name("actor", &request.actor, 0, 200));
    let times = [from, to].map(|time| time.map_or(0, micros).to_string());
    let [first, last] = times.each_ref().map(String::as_str);
    let narrowed = [request.parent.as_str(), first, last, request.actor.as_str()];
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &narrowed));
    let (filter, page) = faults.build(|| {
        let page = page?;
        let filter = Filter {
            agency: agency?,
            from: micros(from?),
            to: micros(to?),
            actor: actor?,
            after: cursor(&page.after),
            limit: page.limit(),
        };
        Some((filter, page))
    })?;
    let mut held = held_page(app.context.db.reader(), &filter).await?;
    let next_page_token = page.cut(&mut held, |held| format!("{}/{}", held.received_at, held.name));
    Ok(v1::ListHeldRecordsResponse {
        records: held.into_iter().map(record).collect(),
        next_page_token,
    })
}

fn time(field: &str, raw: Option<&prost_types::Timestamp>) -> Result<DateTime<Utc>, Violation> {
    raw.and_then(from_proto).ok_or_else(|| {
        Violation::new(
            field,
            "is required, and must be a time of the calendar",
            "Waktu wajib diisi dan harus ada dalam kalender",
        )
    })
}

/// Time of receipt and name of the last record of the previous page.
fn cursor(token: &str) -> (i64, String) {
    let (at, name) = token.split_once('/').unwrap_or_default();
    (at.parse().unwrap_or(i64::MIN), name.to_owned())
}

fn record(held: Held) -> v1::HeldRecord {
    v1::HeldRecord {
        agency: status::parent(&held.agency, ""),
        receive_time: Some(to_proto(from_micros(held.received_at))),
        identity: held.identity != 0,
        text: held.text != 0,
        name: held.name,
    }
}
