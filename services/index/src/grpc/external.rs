//! Scores that other bodies publish.

use std::{collections::BTreeMap, str::FromStr};

use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
    number,
    page::Page,
    request_id,
};
use prima_proto::{index::v1 as pb, name, period::Period};

use super::convert;
use crate::{
    app::{
        App,
        record_external::{self, Record, Subject},
    },
    domain::external::{self, Change},
    store::external::{Filter, Row, external_get, external_page},
};

/// Longest source and reason, characters.
const TEXT_MAX: usize = 500;
/// Shortest reason.
const REASON_MIN: usize = 5;

pub async fn list_external_metrics(
    _app: &App,
    caller: &Caller,
    _r: pb::ListExternalMetricsRequest,
) -> Result<pb::ListExternalMetricsResponse, Failure> {
    caller.known()?;
    Ok(pb::ListExternalMetricsResponse {
        metrics: convert::metrics(),
    })
}

pub async fn record_external_score(
    app: &App,
    caller: &Caller,
    r: pb::RecordExternalScoreRequest,
) -> Result<pb::RecordExternalScoreResponse, Failure> {
    caller.known()?;
    let score = record_external::record(app, caller, parse(r)?).await?;
    Ok(pb::RecordExternalScoreResponse { score: Some(score) })
}

fn text(field: &str, text: &str, minimum: usize, faults: &mut Vec<Violation>) {
    let length = text.chars().count();
    if (length > 0 && length < minimum) || length > TEXT_MAX || text.chars().any(char::is_control) {
        faults.push(Violation::new(
            field,
            format!("must be empty or {minimum} to {TEXT_MAX} characters without control characters"),
            format!("harus kosong atau {minimum} sampai {TEXT_MAX} karakter tanpa karakter kendali"),
        ));
    }
}

/// The record asked for, or every fault.
fn parse(r: pb::RecordExternalScoreRequest) -> Result<Record, Failure> {
    let digest = request_id::digest(&r);
    let mut faults: Vec<Violation> = request_id::check("request_id", &r.request_id)
        .err()
        .into_iter()
        .collect();
    let score = r.score.unwrap_or_default();
    let mut wrong = |field: &str, english: String, indonesian: String| {
        faults.push(Violation::new(field, english, indonesian));
    };
    let metric = external::find(&score.metric);
    if metric.is_none() {
        wrong(
            "score.metric",
            "is no configured metric; see ListExternalMetrics".into(),
            "bukan metrik yang dikenal".into(),
        );
    }
    let subject = Subject::parse(&score.subject);
    match (&subject, metric) {
        (None, _) => wrong(
            "score.subject",
            "must be agencies/{agency} or agencies/{agency}/units/{unit}".into(),
            "harus berbentuk agencies/{agency} atau agencies/{agency}/units/{unit}".into(),
        ),
        (Some(Subject::Unit(_)), Some(m)) if !m.of_units => wrong(
            "score.subject",
            format!("{} is of agencies only", m.key),
            format!("{} hanya untuk instansi", m.key),
        ),
        (Some(Subject::Agency(_)), Some(m)) if !m.of_agencies => wrong(
            "score.subject",
            format!("{} is of units only", m.key),
            format!("{} hanya untuk unit", m.key),
        ),
        _ => {}
    }
    let period = Period::from_str(&score.period);
    if let Err(error) = &period {
        wrong(
            "score.period",
            error.to_string(),
            format!("periode tidak benar: {error}"),
        );
    }
    let period = period.ok();
    let era = metric
        .zip(period.as_ref())
        .and_then(|(m, p)| m.era(external::year(p)));
    if let (Some(metric), Some(period), None) = (metric, &period, era) {
        wrong(
            "score.period",
            format!("{} has no method for {period}", metric.key),
            format!("{} tidak memiliki metode untuk {period}", metric.key),
        );
    }
    let published = era.and_then(|e| e.publish(&score.score));
    if let (Some(era), None) = (era, &published) {
        let [low, high] = [&era.minimum, &era.maximum].map(|n| number::decimal(n, era.decimals));
        wrong(
            "score.score",
            format!(
                "must be a decimal from {low} to {high} with at most {} places",
                era.decimals
            ),
            format!(
                "harus desimal {low} sampai {high} dengan paling banyak {} angka desimal",
                era.decimals
            ),
        );
    }
    if let Some(published) = published
        .as_ref()
        .filter(|p| !score.category.is_empty() && p.category != score.category)
    {
        let category = &published.category;
        wrong(
            "score.category",
            format!("the category of this score is `{category}`"),
            format!("kategori nilai ini `{category}`"),
        );
    }
    if score.no_maladministration && era.is_some_and(|e| !e.may_be_without_maladministration) {
        wrong(
            "score.no_maladministration",
            "is told since the opinions of 2025 only".into(),
            "hanya ada pada opini sejak 2025".into(),
        );
    }
    text("score.source", &score.source, 1, &mut faults);
    text("score.reason", &score.reason, REASON_MIN, &mut faults);
    match (metric, era, subject, period, published) {
        (Some(metric), Some(era), Some(subject), Some(period), Some(published)) if faults.is_empty() => {
            Ok(Record {
                request_id: r.request_id,
                digest,
                metric,
                era,
                subject,
                period,
                published,
                source: score.source,
                no_maladministration: score.no_maladministration,
                reason: score.reason,
            })
        }
        _ => Err(faults.into()),
    }
}

/// Which subjects a filter means.
fn subjects(text: &str, filter: &mut Filter) -> Result<(), Violation> {
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
    let subject = Subject::parse(text).ok_or_else(|| {
        Violation::new(
            "subject",
            "must be agencies/{agency}, agencies/{agency}/units/{unit} or agencies/{agency}/units/-",
            "harus berbentuk agencies/{agency}, agencies/{agency}/units/{unit}, atau agencies/{agency}/units/-",
        )
    })?;
    filter.agency = subject.agency().to_owned();
    filter.unit = Some(subject.unit().to_owned());
    Ok(())
}

pub async fn list_external_scores(
    app: &App,
    caller: &Caller,
    r: pb::ListExternalScoresRequest,
) -> Result<pb::ListExternalScoresResponse, Failure> {
    caller.known()?;
    let mut filter = Filter {
        metric: r.metric.clone(),
        period: r.period.clone(),
        ..Filter::default()
    };
    let mut faults: Vec<Violation> = subjects(&r.subject, &mut filter).err().into_iter().collect();
    let page = Page::parse(r.page_size, &r.page_token, &[&r.metric, &r.subject, &r.period]);
    let page = page.map_err(|f| faults.extend(f)).ok();
    let Some(page) = page.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    filter.limit = page.limit();
    let mut after = page.after.split('/').map(str::to_owned);
    filter.after = [(); 4].map(|()| after.next().unwrap_or_default());
    let reader = app.context.db.reader();
    let mut rows = external_page(reader, &filter).await?;
    let next_page_token = page.cut(&mut rows, |row| {
        [&row.metric, &row.agency, &row.unit, &row.period]
            .map(String::as_str)
            .join("/")
    });
    let mut scores = Vec::with_capacity(rows.len());
    let mut read: BTreeMap<(String, String, String, String), Row> =
        rows.iter().map(|r| (key(r, &r.period), r.clone())).collect();
    for row in &rows {
        let Some(before) = Period::from_str(&row.period).ok().and_then(|p| p.previous()) else {
            scores.push(convert::external(row, None));
            continue;
        };
        let key = key(row, before.as_str());
        let base = match read.get(&key) {
            Some(base) => Some(base.clone()),
            None => external_get(reader, &row.metric, &row.agency, &row.unit, before.as_str()).await?,
        };
        let change = base.as_ref().filter(|base| base.era == row.era).and_then(|base| {
            let change = change(base, row)?;
            Some((base, change))
        });
        scores.push(convert::external(row, change));
        if let Some(base) = base {
            read.insert(key, base);
        }
    }
    Ok(pb::ListExternalScoresResponse {
        scores,
        next_page_token,
    })
}

fn key(row: &Row, period: &str) -> (String, String, String, String) {
    (
        row.metric.clone(),
        row.agency.clone(),
        row.unit.clone(),
        period.to_owned(),
    )
}

fn change(base: &Row, row: &Row) -> Option<Change> {
    let metric = external::find(&row.metric)?;
    let era = metric.eras.iter().find(|e| e.id == row.era)?;
    let [old, new] = [&base.score, &row.score].map(|s| number::parse_decimal(s));
    Some(external::change(&old?, &new?, era.decimals))
}
