//! Reads metrics and scores of other bodies.

use std::{collections::BTreeMap, str::FromStr};

use prima_platform::{
    caller::{Caller, Role},
    failure::{Failure, Violation},
    number,
    page::Page,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{
    index::v1 as pb,
    name::{self, Subject},
    period::Period,
};
use sea_orm::{ConnectionTrait, DbErr};

use super::message;
use crate::{
    domain::{
        external,
        number::change::{self, Change},
        own_metric::Known,
    },
    store::{
        ExternalFilter, ExternalScore, RecordStatus, external_get, external_of_units, external_page,
        own_metric_get, own_metric_list,
    },
};

/// All metrics: those of the release, then those of an operator's own.
pub async fn list_metrics(ctx: &Context) -> Result<pb::ListExternalMetricsResponse, Failure> {
    let documents = own_metric_list(ctx.db.reader()).await?;
    let own: Vec<Known> = documents
        .iter()
        .filter_map(|json| Known::of_definition(json))
        .collect();
    let all = external::metrics().iter().chain(own.iter().map(|own| &**own));
    Ok(pb::ListExternalMetricsResponse {
        metrics: message::metrics(all),
    })
}

/// The metric of an operator's own with this key; `None` when there is none, or when the release has it.
pub async fn own_metric(ctx: &Context, key: &str) -> Result<Option<Known>, Failure> {
    if external::find(key).is_some() || name::id(key).is_err() {
        return Ok(None);
    }
    let document = own_metric_get(ctx.db.reader(), key).await?;
    Ok(document.and_then(|json| Known::of_definition(&json)))
}

/// A page of scores in the order of metrics, agencies, units and periods: the confirmed ones, or those that wait to
/// be confirmed.
pub async fn list(
    ctx: &Context,
    caller: Caller,
    message: pb::ListExternalScoresRequest,
) -> Result<pb::ListExternalScoresResponse, Failure> {
    let (filter, page) = parse(&message)?;
    if message.unconfirmed {
        let whose = match filter.agency.as_str() {
            "" => "*",
            agency => agency,
        };
        caller.require(&[Role::Operator, Role::Admin], whose)?;
    }
    let reader = ctx.db.reader();
    let mut rows = external_page(reader, &filter).await?;
    let next_page_token = page.cut(&mut rows, |row| row.key().join("/"));
    Ok(pb::ListExternalScoresResponse {
        scores: changes(reader, &rows, filter.status).await?,
        next_page_token,
    })
}

fn parse(message: &pb::ListExternalScoresRequest) -> Result<(ExternalFilter, Page), Failure> {
    let mut faults = Faults::default();
    let mut filter = ExternalFilter {
        metric: message.metric.clone(),
        period: message.period.clone(),
        ..ExternalFilter::default()
    };
    let metric = |raw: &str| request::parsed("metric", raw, name::id).map(drop);
    faults.take(request::optional(&message.metric, metric));
    faults.take(subjects(&message.subject, &mut filter));
    let period = |raw: &str| message::period("period", raw);
    faults.take(request::optional(&message.period, period));
    let mut fields = vec![message.metric.as_str(), &message.subject, &message.period];
    if message.unconfirmed {
        filter.status = RecordStatus::Unconfirmed;
        fields.push("unconfirmed");
    }
    let page = Page::parse(message.page_size, &message.page_token, &fields);
    let page = faults.take_all(page);
    let page = faults.settle(page)?;
    filter.limit = page.limit();
    let mut after = page.after.split('/').map(str::to_owned);
    filter.after = [(); 4].map(|()| after.next().unwrap_or_default());
    Ok((filter, page))
}

/// Parses the subjects of a filter.
fn subjects(text: &str, filter: &mut ExternalFilter) -> Result<(), Violation> {
    if text.is_empty() {
        return Ok(());
    }
    if let Some(agency) = text
        .strip_suffix("/units/-")
        .and_then(|a| name::Agency::parse(a).ok())
    {
        filter.agency = agency.agency;
        filter.units = true;
        return Ok(());
    }
    let subject = Subject::parse(text).map_err(|_| {
        Violation::new(
            "subject",
            "must be agencies/{agency}, agencies/{agency}/units/{unit} or agencies/{agency}/units/-",
            "harus berbentuk agencies/{agency}, agencies/{agency}/units/{unit}, atau agencies/{agency}/units/-",
        )
    })?;
    filter.agency = subject.agency_id().to_owned();
    filter.unit = Some(subject.unit_id().unwrap_or_default().to_owned());
    Ok(())
}

/// Scores as messages, each with its change against the confirmed score of the period before.
async fn changes(
    conn: &impl ConnectionTrait,
    rows: &[ExternalScore],
    status: RecordStatus,
) -> Result<Vec<pb::ExternalScore>, DbErr> {
    let mut scores = Vec::with_capacity(rows.len());
    let known = rows.iter().filter(|_| status == RecordStatus::Confirmed);
    let mut read: BTreeMap<(String, String, String, String), ExternalScore> =
        known.map(|r| (key(r, &r.period), r.clone())).collect();
    for row in rows {
        let Some(before) = Period::from_str(&row.period).ok().and_then(|p| p.previous()) else {
            scores.push(message::score(row, status, None, units_mean(conn, row).await?));
            continue;
        };
        let key = key(row, before.as_str());
        let base = match read.get(&key) {
            Some(base) => Some(base.clone()),
            None => {
                let key = [row.metric.as_str(), &row.agency, &row.unit, before.as_str()];
                external_get(conn, RecordStatus::Confirmed, key).await?
            }
        };
        let change = base.as_ref().filter(|base| base.era == row.era).and_then(|base| {
            let change = change(base, row)?;
            Some((base, change))
        });
        scores.push(message::score(row, status, change, units_mean(conn, row).await?));
        if let Some(base) = base {
            read.insert(key, base);
        }
    }
    Ok(scores)
}

/// The mean of the confirmed scores of an agency's units in the era and period of this record; `None` for a unit, and
/// where the score of an agency is no such mean.
pub async fn units_mean(
    conn: &impl ConnectionTrait,
    row: &ExternalScore,
) -> Result<Option<pb::UnitsMean>, DbErr> {
    let metric = external::find(&row.metric);
    let era = metric.and_then(|metric| metric.eras.iter().find(|e| e.id == row.era));
    let Some(era) = era.filter(|era| row.unit.is_empty() && era.agency_is_mean_of_units) else {
        return Ok(None);
    };
    let units = external_of_units(conn, &row.metric, &row.agency, &row.period).await?;
    let units = units.iter().filter(|(of, _)| *of == era.id);
    let exact: Vec<_> = units
        .filter_map(|(_, score)| number::parse_decimal(score))
        .collect();
    Ok(era
        .of_units(&exact)
        .map(|mean| message::units_mean(mean, exact.len())))
}

fn key(row: &ExternalScore, period: &str) -> (String, String, String, String) {
    (
        row.metric.clone(),
        row.agency.clone(),
        row.unit.clone(),
        period.to_owned(),
    )
}

fn change(base: &ExternalScore, row: &ExternalScore) -> Option<Change> {
    let metric = external::find(&row.metric)?;
    let era = metric.eras.iter().find(|e| e.id == row.era)?;
    let [old, new] = [&base.score, &row.score].map(|s| number::parse_decimal(s));
    Some(change::between(&old?, &new?, era.decimals))
}
