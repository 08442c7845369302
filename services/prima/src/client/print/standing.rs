//! The ranks of one subject.

use prima_proto::ranking::v1::{self as pb, LeagueTableColumn as Column};
use serde::Serialize;

use super::league::{
    cohort_shown, has_sample, rank, rank_shown, remark, sample_title, score_heading, shown_category, shows,
    title,
};
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
    title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    unit: &'a str,
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
            Format::Json => super::json(&self.json(&self.first()), false),
            Format::Csv => self.csv(),
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (&pb::LeagueTable, &pb::LeagueRow)> {
        self.standings
            .iter()
            .filter_map(|standing| standing.table.as_ref().zip(standing.row.as_ref()))
    }

    /// The table with the title and the columns of the metric, which all its tables have in common.
    fn first(&self) -> pb::LeagueTable {
        let first = self.pairs().next().map(|(table, _)| table.clone());
        first.unwrap_or_else(|| pb::LeagueTable {
            metric: self.metric.clone(),
            ..pb::LeagueTable::default()
        })
    }

    fn table(&self) -> String {
        let first = self.first();
        let name = self
            .pairs()
            .map(|(_, row)| row.display_name.as_str())
            .find(|name| !name.is_empty());
        let mut text = clean(&format!(
            "{} ({}) · {} · {}",
            name.unwrap_or("-"),
            self.subject,
            title(&first),
            self.period
        )) + "\n";
        let sample = shows(&first, Column::Sample) && self.pairs().any(|(_, row)| has_sample(row));
        text += &Table::of(self.pairs())
            .whole("Kelompok", |(table, _)| {
                cohort_shown(&table.cohort, &table.cohort_display_name)
            })
            .number("Peringkat", |(_, row)| rank_shown(row))
            .number("Dari", |(table, _)| table.ranked)
            .number(&score_heading(&first), |(_, row)| &row.score)
            .when(shows(&first, Column::Category), |shown| {
                shown.text("Mutu", |(_, row)| shown_category(&self.names, row))
            })
            .when(sample, |shown| {
                shown.number(sample_title(&first), |(_, row)| row.respondents)
            })
            .text("Keterangan", |(table, row)| remark(row, table))
            .print();
        if let Some(moment) = self.pairs().find_map(|(table, _)| moment(table)) {
            text += &format!("Riwayat: {moment}.\n");
        }
        if let Some(warning) = staleness(self.freshness.as_ref()) {
            text += &format!("{warning}\n");
        }
        text
    }

    fn json<'a>(&'a self, first: &'a pb::LeagueTable) -> Json<'a> {
        Json {
            subject: &self.subject,
            metric: &self.metric,
            title: title(first),
            unit: &first.unit,
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
        let first = self.first();
        Table::of(self.pairs())
            .text("subject", |_| &self.subject)
            .text("table", |(table, _)| &table.name)
            .text("rank", |(_, row)| rank_shown(row))
            .text("ranked", |(table, _)| table.ranked)
            .text("score", |(_, row)| &row.score)
            .when(shows(&first, Column::Category), |shown| {
                shown.text("category", |(_, row)| shown_category(&self.names, row))
            })
            .when(shows(&first, Column::Sample), |shown| {
                shown.text("respondents", |(_, row)| row.respondents)
            })
            .text("note", |(table, row)| remark(row, table))
            .text("title", |(table, _)| title(table))
            .text("unit", |(table, _)| &table.unit)
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
        subject,table,rank,ranked,score,category,respondents,note,title,unit
        agencies/3271/units/dpmptsp,metrics/skm/periods/2024-q3/cohorts/dpmptsp,1,1,91.48,A,29,final,Survei Kepuasan Masyarakat (IKM),IKM
        ");
        insta::assert_snapshot!(sample().render(Format::Json).unwrap(), @r#"
        {
          "subject": "agencies/3271/units/dpmptsp",
          "metric": "skm",
          "title": "Survei Kepuasan Masyarakat (IKM)",
          "unit": "IKM",
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
