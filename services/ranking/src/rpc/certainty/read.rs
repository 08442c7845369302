//! Reads how sure the ranks of a table are.

use std::sync::Arc;

use prima_platform::{
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::ranking::v1 as pb;

use crate::{
    domain::{
        Row, TableKey,
        certainty::{self, Certainty, Confidence, DRAWS, Estimate, Interval, MOST},
        rows_hash::Hash,
    },
    rpc::{App, message},
};

const CONFIDENCE: i32 = 95;
const BEST: i32 = 10;
const BEST_MOST: i32 = 1000;

/// Decimals of a standard error as it is shown, those with which services publish it.
const ERROR_PLACES: usize = 4;

struct Request {
    key: TableKey,
    confidence: Confidence,
    best: i32,
}

impl Request {
    fn parse(message: &pb::GetRankCertaintyRequest) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let key = faults.take(request::name("name", &message.name));
        let or = |number: i32, default: i32| if number == 0 { default } else { number };
        let confidence = Confidence::of(or(message.confidence_percent, CONFIDENCE));
        if confidence.is_none() {
            let text = ["must be 90, 95 or 99", "harus 90, 95, atau 99"];
            faults.add("confidence_percent", text[0], text[1]);
        }
        let best = faults.range("best", or(message.best, BEST), 1, BEST_MOST);
        faults.build(|| {
            Some(Self {
                key: key?,
                confidence: confidence?,
                best,
            })
        })
    }
}

/// A table as it was read at once.
struct Read {
    table: pb::LeagueTable,
    rows: Vec<(Row, Option<Estimate>)>,
    freshness: Option<pb::Freshness>,
    absent: pb::CertaintyAbsent,
    hash: Hash,
}

impl Read {
    fn of(app: &App, key: &TableKey) -> Result<Self, Failure> {
        let freshness = app.freshness();
        let league_tables = app.tables.read();
        let ranked = league_tables.table(key).map(|table| table.ranked());
        let ranked = ranked.ok_or_else(|| Failure::not_found(&key.to_string()))?;
        let mut table = message::table(&league_tables, key);
        table.hash = app.tables.hash(&league_tables, key);
        let rows = match ranked <= MOST {
            true => league_tables.estimates(key),
            false => Vec::new(),
        };
        drop(league_tables);
        let mut read = Self {
            table,
            rows,
            freshness,
            absent: pb::CertaintyAbsent::Unspecified,
            hash: Hash::default(),
        };
        let estimates = read.estimates();
        read.absent = match estimates.len() {
            _ if ranked > MOST => pb::CertaintyAbsent::TooManySubjects,
            0 if ranked > 0 => pb::CertaintyAbsent::NoStandardErrors,
            0 | 1 => pb::CertaintyAbsent::TooFewSubjects,
            _ => pb::CertaintyAbsent::Unspecified,
        };
        read.hash = certainty::hash(&estimates);
        Ok(read)
    }

    fn estimates(&self) -> Vec<Estimate> {
        self.rows.iter().filter_map(|(_, estimate)| *estimate).collect()
    }

    /// What is known: the certainty of each row with an estimate, none when there is no certainty; `None` when it is yet to
    /// be computed.
    fn known(&self, app: &App, confidence: Confidence) -> Option<Arc<[Certainty]>> {
        match self.absent {
            pb::CertaintyAbsent::Unspecified => app.certainties.known(self.hash, confidence),
            _ => Some(Arc::new([])),
        }
    }

    fn response(self, request: &Request, certainties: &[Certainty]) -> pb::GetRankCertaintyResponse {
        let is_given = self.absent == pb::CertaintyAbsent::Unspecified;
        let without = self
            .rows
            .iter()
            .filter(|(_, estimate)| estimate.is_none())
            .count();
        let mut summary = pb::TableCertainty {
            absent_reason: self.absent.into(),
            confidence_percent: small(request.confidence.percent() as usize),
            best: request.best,
            without_standard_error: i64::from(small(without)),
            ..Default::default()
        };
        if is_given {
            summary.groups = small(certainties.last().map_or(0, |last| last.group));
            summary.draws = small(DRAWS);
            summary.seed = certainty::seed(&self.hash);
            summary.method = method(request.confidence);
        }
        let best = usize::try_from(request.best).unwrap_or_default();
        let mut certainties = certainties.iter();
        let rows = self.rows.into_iter().map(|(row, estimate)| pb::CertainRow {
            certainty: estimate
                .and_then(|estimate| Some((estimate, certainties.next()?)))
                .map(|(estimate, own)| pb::RankCertainty {
                    standard_error: format!("{:.ERROR_PLACES$}", estimate.error()),
                    single: Some(interval(own.single)),
                    joint: Some(interval(own.joint)),
                    group: small(own.group),
                    among_best: own.is_among(best),
                    not_among_best: own.is_not_among(best),
                }),
            row: Some(message::row(row)),
        });
        pb::GetRankCertaintyResponse {
            rows: rows.collect(),
            table: Some(self.table),
            certainty: Some(summary),
            freshness: self.freshness,
        }
    }
}

fn small(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn interval(interval: Interval) -> pb::RankInterval {
    pb::RankInterval {
        from: small(interval.from),
        to: small(interval.to),
    }
}

/// How it is computed, for people.
fn method(confidence: Confidence) -> String {
    let percent = confidence.percent();
    format!(
        "Interval tunggal memuat peringkat sebenarnya satu unit atau instansi pada {percent} dari 100 kasus, tetapi jarang semua \
         peringkat dalam satu tabel sekaligus; interval serentak memuat semuanya sekaligus dengan kepercayaan {percent}%. \
         Dihitung dari {DRAWS} tabel simulasi menurut nilai dan galat bakunya, dengan anggapan sampel saling bebas. Interval \
         serentak mengikuti Mogstad, Romano, Shaikh, dan Wilhelm (2024), Inference for Ranks, Review of Economic Studies \
         91(1), 476-518, doi:10.1093/restud/rdad006."
    )
}

/// How sure each rank of a table is.
pub async fn get(
    app: &App,
    message: &pb::GetRankCertaintyRequest,
) -> Result<pb::GetRankCertaintyResponse, Failure> {
    let request = Request::parse(message)?;
    app.check_ready()?;
    let read = Read::of(app, &request.key)?;
    if let Some(known) = read.known(app, request.confidence) {
        return Ok(read.response(&request, &known));
    }
    drop(read);
    let turn = app.certainties.turn().await?;
    let read = Read::of(app, &request.key)?;
    let certainties = match read.known(app, request.confidence) {
        Some(known) => known,
        None => {
            let certainties = Arc::clone(&app.certainties);
            let computed = certainties.compute(turn, read.estimates(), read.hash, request.confidence);
            computed.await?
        }
    };
    Ok(read.response(&request, &certainties))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
