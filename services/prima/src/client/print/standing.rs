//! The ranks of one subject.

use prima_proto::ranking::v1 as pb;
use serde::Serialize;

use super::league::{category_name, heading, metric_name, rank, remark};
use super::{Columns, clean, or_dash, staleness};
use crate::cli::Format;

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

const CSV_HEADER: [&str; 8] = [
    "subject",
    "table",
    "rank",
    "ranked",
    "score",
    "category",
    "respondents",
    "note",
];

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
        let header = [
            "Kelompok",
            "Peringkat",
            "Dari",
            "Nilai (IKM)",
            "Mutu",
            "Responden",
            "Keterangan",
        ];
        text += &super::table(
            &header.map(|name| heading(name, &self.metric)),
            Columns {
                right: &[1, 2, 3, 5],
                whole: &[0],
            },
            self.pairs().map(|(table, row)| {
                vec![
                    table.cohort.clone(),
                    rank(row).map_or_else(|| "-".to_owned(), |rank| rank.to_string()),
                    table.ranked.to_string(),
                    or_dash(&row.score),
                    or_dash(&category_name(&self.metric, &row.category)),
                    row.respondents.to_string(),
                    remark(row, &self.metric),
                ]
            }),
        );
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
        super::csv(
            Some(&CSV_HEADER),
            self.pairs().map(|(table, row)| {
                vec![
                    self.subject.as_str().into(),
                    table.name.as_str().into(),
                    rank(row).map(|rank| rank.to_string()).unwrap_or_default().into(),
                    table.ranked.to_string().into(),
                    row.score.as_str().into(),
                    row.category.as_str().into(),
                    row.respondents.to_string().into(),
                    remark(row, &self.metric).into(),
                ]
            }),
        )
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
        }
    }

    #[test]
    fn every_format_shows_the_rank() {
        assert!(
            sample()
                .render(Format::Csv)
                .unwrap()
                .contains(",1,1,91.48,A,29,final\n")
        );
        let value: serde_json::Value = serde_json::from_str(&sample().render(Format::Json).unwrap()).unwrap();
        assert_eq!(
            (&value["stale"], &value["standings"][0]["rank"]),
            (&false.into(), &1.into())
        );
        let text = sample().render(Format::Table).unwrap();
        assert!(
            text.contains("DPMPTSP Kota Bogor (agencies/3271/units/dpmptsp)"),
            "{text}"
        );
    }
}
