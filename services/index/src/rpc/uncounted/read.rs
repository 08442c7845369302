//! Lists what is not counted.

use prima_platform::{
    caller::{Caller, Role},
    clock::{from_micros, to_proto},
    failure::Failure,
    page::Page,
    request::{self, Faults},
    sections,
    service::Context,
};
use prima_proto::{event::v1::UnitState, index::v1 as pb, name, scope::Scope};
use prost::Message;
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    domain::uncounted::Kind,
    store::{Uncounted as Found, fact_list, uncounted},
};

/// A page of what is not counted within an agency, a unit or the country.
pub async fn list(
    ctx: &Context,
    caller: Caller,
    message: pb::ListUncountedFiguresRequest,
) -> Result<pb::ListUncountedFiguresResponse, Failure> {
    let mut faults = Faults::default();
    let filters = [message.parent.as_str()];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let scope = faults.take(request::name::<Scope>("parent", &message.parent));
    let (scope, page) = faults.build(|| scope.zip(page))?;
    let reader = ctx.db.reader();
    let read = |kind, after, most| rows(reader, &scope, kind, after, most);
    // As in ListExternalScores, only those who may record scores learn of scores that are not confirmed.
    let records = caller
        .require(&[Role::Operator, Role::Admin], scope.needs())
        .is_ok();
    let listed = |kind: &Kind| records || *kind != Kind::ScoreUnconfirmed;
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(listed).collect();
    let (figures, next_page_token) = sections::page(&page, &kinds, Kind::key, read).await?;
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
        for found in found {
            if kind != Kind::AssessmentUnitClosed || is_closed(conn, &found).await? {
                rows.push((found.key.clone(), figure(kind, found)));
            }
        }
        if read < most || rows.len() >= most {
            rows.truncate(most);
            return Ok(rows);
        }
    }
}

/// Whether the directory has published that a unit was closed.
async fn is_closed(conn: &impl ConnectionTrait, found: &Found) -> Result<bool, DbErr> {
    let unit = name::Unit {
        agency: found.agency.clone(),
        unit: found.unit.clone(),
    };
    let facts = fact_list(conn, &unit).await?;
    let mut states = facts.iter().filter(|fact| fact.service == "directory");
    let state = states.find_map(|fact| UnitState::decode(fact.payload.as_slice()).ok());
    Ok(state.is_some_and(|state| !state.close_date.is_empty()))
}
