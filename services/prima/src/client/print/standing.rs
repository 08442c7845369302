//! The ranks of one subject.

use prima_proto::ranking::v1 as pb;
use serde::Serialize;

use super::league::{cohort_shown, heading, metric_name, rank, rank_shown, remark, shown_category};
use super::{Table, clean, moment, staleness};
use crate::cli::Format;
use crate::client::category_names::CategoryNames;

/// The ranks of one subject in the cohorts of a metric and period.
#[derive(Debug, Clone, Default)]
pub struct Standings {
    /// Resource name of the unit or agency.
    pub subject: String,
    pub metric: String,
    pub period: String,
    /// One standing per cohort.
    pub standings: Vec<pb::Standing>,
    /// How current the standings are.
    pub freshness: Option<pb::Freshness>,
    /// The names of the categories in the standings.
    pub names: CategoryNames,
}

#[derive(Serialize)]
struct Json<'a> {
    subject: &'a str,
    metric: &'a str,
    period: &'a str,
    stale: bool,
    standings: Vec<JsonStanding<'a>>,
}

#[derive(Serialize)]
struct JsonStanding<'a> {
    table: &'a str,
    rank: Option<i64>,
    ranked: i64,
    unranked: i64,
    score: &'a str,
    category: &'a str,
    respondents: i64,
}

impl Standings {
    pub fn render(&self, format: Format) -> anyhow::Result<String> {
        match format {
            Format::Table => Ok(self.table()),
            Format::Json => super::json(&self.json(), false),
            Format::Csv => self.csv(),
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (&pb::LeagueTable, &pb::LeagueRow)> {
        self.standings
            .iter()
            .filter_map(|standing| standing.table.as_ref().zip(standing.row.as_ref()))
    }

    fn table(&self) -> String {
        let name = self
            .pairs()
            .map(|(_, row)| row.display_name.as_str())
            .find(|name| !name.is_empty());
        let mut text = clean(&format!(
            "{} ({}) · {} · {}",
            name.unwrap_or("-"),
            self.subject,
            metric_name(&self.metric),
            self.period
        )) + "\n";
        let metric = &self.metric;
        text += &Table::of(self.pairs())
            .whole("Kelompok", |(table, _)| {
                cohort_shown(&table.cohort, &table.cohort_display_name)
            })
            .number("Peringkat", |(_, row)| rank_shown(row))
            .number("Dari", |(table, _)| table.ranked)
            .number(heading("Nilai (IKM)", metric), |(_, row)| &row.score)
            .text("Mutu", |(_, row)| shown_category(&self.names, row))
            .number(heading("Responden", metric), |(_, row)| row.respondents)
            .text("Keterangan", |(_, row)| remark(row, metric))
            .print();
        if let Some(moment) = self.pairs().find_map(|(table, _)| moment(table)) {
            text += &format!("Riwayat: {moment}.\n");
        }
        if let Some(warning) = staleness(self.freshness.as_ref()) {
            text += &format!("{warning}\n");
        }
        text
    }

    fn json(&self) -> Json<'_> {
        Json {
            subject: &self.subject,
            metric: &self.metric,
            period: &self.period,
            stale: self.freshness.as_ref().is_some_and(|freshness| freshness.stale),
            standings: self
                .pairs()
                .map(|(table, row)| JsonStanding {
                    table: &table.name,
                    rank: rank(row),
                    ranked: table.ranked,
                    unranked: table.unranked,
                    score: &row.score,
                    category: &row.category,
                    respondents: row.respondents,
                })
                .collect(),
        }
    }

    fn csv(&self) -> anyhow::Result<String> {
        Table::of(self.pairs())
            .text("subject", |_| &self.subject)
            .text("table", |(table, _)| &table.name)
            .text("rank", |(_, row)| rank_shown(row))
            .text("ranked", |(table, _)| table.ranked)
            .text("score", |(_, row)| &row.score)
            .text("category", |(_, row)| shown_category(&self.names, row))
            .text("respondents", |(_, row)| row.respondents)
            .text("note", |(_, row)| remark(row, &self.metric))
            .csv(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::print::league::tests::sample as league;

    fn sample() -> Standings {
        let league = league();
        Standings {
            subject: "agencies/3271/units/dpmptsp".into(),
            metric: "skm".into(),
            period: "2024-q3".into(),
            standings: vec![pb::Standing {
                row: league.rows.first().cloned(),
                table: Some(league.table),
            }],
            freshness: None,
            names: CategoryNames::default(),
        }
    }

    #[test]
    fn every_format_shows_the_rank() {
        insta::assert_snapshot!(sample().render(Format::Table).unwrap(), @"
        DPMPTSP Kota Bogor (agencies/3271/units/dpmptsp) · Survei Kepuasan Masyarakat (IKM) · 2024-q3
        ┌──────────┬───────────┬──────┬─────────────┬──────┬───────────┬────────────┐
        │ Kelompok ┆ Peringkat ┆ Dari ┆ Nilai (IKM) ┆ Mutu ┆ Responden ┆ Keterangan │
        ╞══════════╪═══════════╪══════╪═════════════╪══════╪═══════════╪════════════╡
        │ dpmptsp  ┆         1 ┆    1 ┆       91.48 ┆ A    ┆        29 ┆ final      │
        └──────────┴───────────┴──────┴─────────────┴──────┴───────────┴────────────┘
        ");
        insta::assert_snapshot!(sample().render(Format::Csv).unwrap(), @"
        subject,table,rank,ranked,score,category,respondents,note
        agencies/3271/units/dpmptsp,metrics/skm/periods/2024-q3/cohorts/dpmptsp,1,1,91.48,A,29,final
        ");
        insta::assert_snapshot!(sample().render(Format::Json).unwrap(), @r#"
        {
          "subject": "agencies/3271/units/dpmptsp",
          "metric": "skm",
          "period": "2024-q3",
          "stale": false,
          "standings": [
            {
              "table": "metrics/skm/periods/2024-q3/cohorts/dpmptsp",
              "rank": 1,
              "ranked": 1,
              "unranked": 1,
              "score": "91.48",
              "category": "A",
              "respondents": 29
            }
          ]
        }
        "#);
    }
}
