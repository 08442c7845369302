//! Lists what is not counted.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, to_proto},
    failure::Failure,
    page::Page,
    request::{self, Faults},
    sections,
};
use prima_proto::{period::Period, scope::Scope, survey::v1 as pb};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    domain::uncounted::Kind,
    service::App,
    store::uncounted::{Found, uncounted},
};

/// A page of what is not counted within an agency, a unit or the country.
pub async fn list(
    app: &App,
    message: pb::ListUncountedFiguresRequest,
) -> Result<pb::ListUncountedFiguresResponse, Failure> {
    let mut faults = Faults::default();
    let filters = [message.parent.as_str()];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let scope = faults.take(request::name::<Scope>("parent", &message.parent));
    let (scope, page) = faults.build(|| scope.zip(page))?;
    let reader = app.context.db.reader();
    let now = app.context.clock.now();
    let read = |kind, after, most| rows(reader, &scope, now, kind, after, most);
    let (figures, next_page_token) = sections::page(&page, &Kind::ALL, Kind::key, read).await?;
    Ok(pb::ListUncountedFiguresResponse {
        figures,
        next_page_token,
    })
}

/// One thing of a kind as a message.
fn figure(kind: Kind, found: Found) -> pb::UncountedFigure {
    pb::UncountedFigure {
        kind: kind.key().to_owned(),
        kind_display_name: kind.display_name().to_owned(),
        subject: found.subject(),
        name: found.name,
        period: found.period,
        since_time: Some(to_proto(from_micros(found.since))),
        reason: kind.reason().to_owned(),
        action: kind.action().to_owned(),
    }
}

/// The rows of a kind, each with its key.
async fn rows(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    now: DateTime<Utc>,
    kind: Kind,
    mut after: String,
    most: usize,
) -> Result<Vec<(String, pb::UncountedFigure)>, DbErr> {
    let mut rows = Vec::new();
    loop {
        let found = uncounted(conn, kind, scope, &after, most).await?;
        let read = found.len();
        if let Some(last) = found.last() {
            after.clone_from(&last.key);
        }
        // Whether a period has ended follows from its text, which the database can't read.
        let listed = found
            .into_iter()
            .filter(|found| kind != Kind::SurveyNeverClosed || has_ended(&found.period, now));
        rows.extend(listed.map(|found| (found.key.clone(), figure(kind, found))));
        if read < most || rows.len() >= most {
            rows.truncate(most);
            return Ok(rows);
        }
    }
}

fn has_ended(period: &str, now: DateTime<Utc>) -> bool {
    period.parse::<Period>().is_ok_and(|period| period.ended(now))
}
