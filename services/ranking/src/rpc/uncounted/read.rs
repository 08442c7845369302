//! Lists what is not counted.

use std::{convert::Infallible, future::ready};

use prima_platform::{
    clock::{from_micros, to_proto},
    failure::Failure,
    page::Page,
    request::{self, Faults},
    sections,
};
use prima_proto::{ranking::v1 as pb, scope::Scope};

use crate::{
    domain::uncounted::{Kind, Uncounted},
    rpc::App,
};

/// A page of what is in no table, or listed without a rank, within an agency, a unit or the country.
pub async fn list(
    app: &App,
    message: pb::ListUncountedFiguresRequest,
) -> Result<pb::ListUncountedFiguresResponse, Failure> {
    let mut faults = Faults::default();
    let filters = [message.parent.as_str()];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let scope = faults.take(request::name::<Scope>("parent", &message.parent));
    let (scope, page) = faults.build(|| scope.zip(page))?;
    app.check_ready()?;
    let read = |kind, after: String, most| ready(Ok::<_, Infallible>(rows(app, kind, &scope, &after, most)));
    let (figures, next_page_token) = match sections::page(&page, &Kind::ALL, Kind::key, read).await {
        Ok(page) => page,
        Err(never) => match never {},
    };
    Ok(pb::ListUncountedFiguresResponse {
        figures,
        next_page_token,
    })
}

/// The rows of a kind, each with its key.
fn rows(
    app: &App,
    kind: Kind,
    scope: &Scope,
    after: &str,
    most: usize,
) -> Vec<(String, pb::UncountedFigure)> {
    let found = match kind {
        Kind::StateUnreadable => app.tables.unreadable_states(scope, after, most),
        _ => app.tables.read().uncounted(kind, scope, after, most),
    };
    found
        .into_iter()
        .map(|(key, found)| (key, figure(kind, found)))
        .collect()
}

/// One thing of a kind as a message. A version is at least the time of the change, in milliseconds.
fn figure(kind: Kind, found: Uncounted) -> pb::UncountedFigure {
    let subject = found.subject.map(|subject| subject.to_string());
    pb::UncountedFigure {
        kind: kind.key().to_owned(),
        kind_display_name: kind.display_name().to_owned(),
        name: found.name,
        subject: subject.unwrap_or_default(),
        period: found.period,
        since_time: Some(to_proto(from_micros(found.version.saturating_mul(1000)))),
        reason: kind.reason(found.unranked).to_owned(),
        action: kind.action().to_owned(),
    }
}
