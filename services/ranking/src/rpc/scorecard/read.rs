//! Reads scorecards.

use prima_platform::{
    failure::Failure,
    page::Page,
    request::{self, Faults},
};
use prima_proto::{
    name::{self, Subject},
    period::Period,
    ranking::v1 as pb,
};

use crate::{
    domain::{
        LeagueTables, Row, TableKey,
        trend::{Across, Refusal},
    },
    rpc::{App, comparison, message},
};

/// One subject over all metrics and periods: its row in every table, and the change against the period before.
pub fn get(app: &App, message: &pb::GetScorecardRequest) -> Result<pb::GetScorecardResponse, Failure> {
    let mut faults = Faults::default();
    let subject = faults.take(request::name("subject", &message.subject));
    faults.take(request::optional(&message.metric, |raw| {
        request::parsed("metric", raw, name::id).map(drop)
    }));
    let across = Across {
        instruments: message.across_instruments,
        compositions: message.across_compositions,
    };
    let filters = [message.subject.as_str(), &message.metric, &format!("{across:?}")];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let (subject, page): (Subject, Page) = faults.build(|| subject.zip(page))?;
    app.check_ready()?;
    let league_tables = app.tables.read();
    let scores = league_tables.scores_of(&subject).into_iter();
    let scores = scores.filter(|(metric, _)| message.metric.is_empty() || *metric == message.metric);
    let later = scores.filter(|(metric, period)| key(metric, period) > page.after);
    let mut entries: Vec<pb::ScorecardEntry> = later
        .filter_map(|(metric, period)| entry(&league_tables, &subject, metric, period, across))
        .take(page.size + 1)
        .collect();
    drop(league_tables);
    if entries.is_empty() && page.after.is_empty() {
        return Err(Failure::not_found(&format!(
            "{} ({})",
            message.subject, message.metric
        )));
    }
    let next_page_token = page.cut(&mut entries, |entry| key(&entry.metric, &entry.period));
    Ok(pb::GetScorecardResponse {
        entries,
        next_page_token,
        freshness: app.freshness(),
    })
}

/// The sort key of an entry; a space is less than every character of a metric.
fn key(metric: &str, period: &str) -> String {
    format!("{metric} {period}")
}

/// A metric and period of a subject; `None` when the subject is in no table of it.
fn entry(
    tables: &LeagueTables,
    subject: &Subject,
    metric: String,
    period: String,
    across: Across,
) -> Option<pb::ScorecardEntry> {
    let mut rows = tables.standings(subject, &metric, &period);
    rows.sort_by_cached_key(|(key, _)| key.to_string());
    let (_, own) = rows.first()?;
    let instrument = own.score.instrument.clone();
    let before = period.parse().ok().and_then(|period: Period| period.previous());
    let trend =
        before.and_then(|before| trend(tables, subject, &metric, [before.as_str(), &period], own, across));
    let standing = |(key, row): (TableKey, Row)| pb::Standing {
        table: Some(message::table(tables, &key)),
        row: Some(message::row(row)),
    };
    Some(pb::ScorecardEntry {
        standings: rows.into_iter().map(standing).collect(),
        metric,
        period,
        instrument,
        trend,
    })
}

/// The change from the first period to the second; `None` when the subject has no score in the first one.
fn trend(
    tables: &LeagueTables,
    subject: &Subject,
    metric: &str,
    periods: [&str; 2],
    own: &Row,
    across: Across,
) -> Option<pb::Trend> {
    let (_, base) = tables.standings(subject, metric, periods[0]).into_iter().next()?;
    let trend = comparison::trend(
        [(tables, &base, periods[0]), (tables, own, periods[1])],
        metric,
        across,
    );
    let change = trend.change.unwrap_or_default();
    Some(pb::Trend {
        base_period: periods[0].to_owned(),
        base_score: base.score.value.clone(),
        base_instrument: base.score.instrument.clone(),
        points: change.points,
        relative_percent: change.relative_percent.unwrap_or_default(),
        refusals: trend.refusals.into_iter().map(refusal).collect(),
        given_across: trend.given_across.into_iter().map(refusal).collect(),
    })
}

fn refusal(refusal: Refusal) -> i32 {
    let refusal = match refusal {
        Refusal::NoValue => pb::TrendRefusal::NoValue,
        Refusal::UnlikeInstruments => pb::TrendRefusal::UnlikeInstruments,
        Refusal::UnlikeCompositions => pb::TrendRefusal::UnlikeCompositions,
    };
    refusal.into()
}

#[cfg(test)]
mod tests {
    use prima_proto::event::v1::ScoreState;
    use prost::Message;
    use tonic::Code;

    use super::*;
    use crate::rpc::testing::{Replica, bus, publish, unit};

    const UNIT: &str = "agencies/11/units/a";

    async fn score(bus: &prima_platform::bus::memory::Memory, period: &str, value: &str, instrument: &str) {
        let state = ScoreState {
            value: value.to_owned(),
            instrument: instrument.to_owned(),
            ..ScoreState::default()
        };
        let subject = format!("prima.survey.score.skm.{period}.unit.11.a");
        publish(bus, &subject, 1, Some(state.encode_to_vec())).await;
    }

    async fn card(
        replica: &Replica,
        message: pb::GetScorecardRequest,
    ) -> Result<Vec<pb::ScorecardEntry>, Code> {
        let (mut client, mut entries) = (replica.client.clone(), Vec::new());
        let mut message = pb::GetScorecardRequest {
            subject: UNIT.to_owned(),
            page_size: 2,
            ..message
        };
        loop {
            let page = client.get_scorecard(message.clone()).await;
            let page = page.map_err(|status| status.code())?.into_inner();
            entries.extend(page.entries);
            if page.next_page_token.is_empty() {
                return Ok(entries);
            }
            message.page_token = page.next_page_token;
        }
    }

    #[tokio::test]
    async fn each_period_is_compared_with_the_one_before_of_its_kind() {
        let bus = bus().await;
        publish(&bus, "prima.directory.unit.11.a", 1, Some(unit("A"))).await;
        for (period, value, instrument) in [
            ("2022", "80.00", "old"),
            ("2023", "82.00", "new"),
            ("2024", "90.20", "new"),
            ("2024-q1", "70.00", "new"),
        ] {
            score(&bus, period, value, instrument).await;
        }
        let replica = Replica::start(&bus).await;
        let entries = card(&replica, pb::GetScorecardRequest::default()).await.unwrap();
        let shown: Vec<_> = entries
            .iter()
            .map(|entry| {
                let trend = entry.trend.clone().unwrap_or_default();
                let rank = entry.standings[0].row.as_ref().unwrap().rank;
                (
                    entry.period.as_str(),
                    rank,
                    trend.points.clone(),
                    trend.refusals().next(),
                )
            })
            .collect();
        let unlike = Some(pb::TrendRefusal::UnlikeInstruments);
        let expected = [
            ("2022", 1, String::new(), None),
            ("2023", 1, String::new(), unlike),
            ("2024", 1, "8.20".to_owned(), None),
            ("2024-q1", 1, String::new(), None),
        ];
        assert_eq!(shown, expected);
        let asked = pb::GetScorecardRequest {
            across_instruments: true,
            ..Default::default()
        };
        let entries = card(&replica, asked).await.unwrap();
        let trend = entries[1].trend.clone().unwrap();
        assert_eq!(
            (trend.points.as_str(), trend.relative_percent.as_str()),
            ("2.00", "2.50")
        );
        assert_eq!(
            trend.given_across().collect::<Vec<_>>(),
            [pb::TrendRefusal::UnlikeInstruments]
        );
        let other = pb::GetScorecardRequest {
            metric: "ipp".to_owned(),
            ..Default::default()
        };
        assert_eq!(card(&replica, other).await, Err(Code::NotFound));
    }
}
