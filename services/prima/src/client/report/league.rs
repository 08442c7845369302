//! `prima report league`: a league table as a printable page with pictures of how sure it is, what changed and where, and its
//! data as XLSX, CSV and JSON. Every file says which table it is of and how it was made.

mod caterpillar;
mod data;
mod gather;
mod labels;
mod movement;
mod page;
mod provenance;
mod provinces;
#[cfg(test)]
mod sample;
mod slope;
mod strip;
mod tiles;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use prima_platform::clock::Clock;
use prima_platform::document::{csv, html, xlsx};
use prima_proto::ranking::v1 as pb;

use super::{Part, save};
use crate::cli::{ReportLeagueArgs, ReportLeagueFormat};
use crate::client::connect::Connection;
use crate::client::print;
use crate::client::print::league::League;
use movement::Movement;

/// All data that a report of a table is made from.
#[derive(Debug, Clone)]
struct LeagueReport {
    league: League,
    definition: Part<Definition>,
    certainty: Part<pb::GetRankCertaintyResponse>,
    missing: Part<Vec<pb::MissingSubject>>,
    movement: Part<Movement>,
    awards: Part<pb::ListAwardsResponse>,
    made: DateTime<Utc>,
}

/// What the definition of a table says besides the table itself.
#[derive(Debug, Clone, Default, serde::Deserialize)]
struct Definition {
    #[serde(default)]
    ties: String,
    #[serde(default)]
    citation: String,
}

impl LeagueReport {
    /// How the certainty was computed, and the certain rows; the reason in Indonesian when there is none.
    fn certain(&self) -> Part<(&pb::TableCertainty, &[pb::CertainRow])> {
        let answer = self.certainty.as_ref().map_err(Clone::clone)?;
        let Some(how) = &answer.certainty else {
            return Err("layanan tidak menyebut cara menghitungnya".to_owned());
        };
        match labels::absent(how) {
            Some(reason) => Err(reason),
            None => Ok((how, &answer.rows)),
        }
    }

    /// How sure the rank of a subject is.
    fn certainty_of(&self, subject: &str) -> Option<&pb::RankCertainty> {
        let (_, rows) = self.certain().ok()?;
        let found = rows
            .iter()
            .find(|row| row.row.as_ref().is_some_and(|row| row.subject == subject));
        found.and_then(|row| row.certainty.as_ref())
    }

    /// The official name of an aspect of the score; `None` when no award names it.
    fn aspect(&self, key: &str) -> Option<&str> {
        let awards = self.awards.as_ref().ok()?.awards.iter();
        let mut of_aspects =
            awards.filter(|award| award.kind() == pb::AwardKind::RoleModel && !key.is_empty());
        let award = of_aspects.find(|award| award.component == key)?;
        Some(award.title.trim_start_matches("Teladan "))
    }

    fn title(&self) -> String {
        let table = &self.league.table;
        format!(
            "Peringkat {}, {}, {}",
            print::league::title(table),
            labels::cohort(table),
            super::labels::period(&table.period)
        )
    }
}

pub(super) async fn run(connection: &Connection, args: &ReportLeagueArgs) -> anyhow::Result<()> {
    let report = gather::report(connection, args, Clock::system().now()).await?;
    for path in write(&report, &args.out, &args.format)? {
        print::out(&format!("{}\n", print::clean(&path.display().to_string())))?;
    }
    Ok(())
}

/// Writes the report in each requested format and returns the paths.
fn write(
    report: &LeagueReport,
    folder: &Path,
    formats: &[ReportLeagueFormat],
) -> anyhow::Result<Vec<PathBuf>> {
    let stem = stem(&report.league.table);
    let sheets = data::sheets(report);
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    if formats.contains(&ReportLeagueFormat::Html) {
        let page = html::page(&report.title(), &page::render(report));
        files.push((format!("{stem}.html"), page.into_bytes()));
    }
    if formats.contains(&ReportLeagueFormat::Xlsx) {
        let book = xlsx::workbook(&report.title(), report.made, &sheets)?;
        files.push((format!("{stem}.xlsx"), book));
    }
    if formats.contains(&ReportLeagueFormat::Csv) {
        for sheet in &sheets {
            let text = csv::write(sheet)?;
            files.push((format!("{stem}-{}.csv", sheet.key), text.into_bytes()));
        }
    }
    if formats.contains(&ReportLeagueFormat::Json) {
        files.push((format!("{stem}.json"), data::json(report, &sheets)?.into_bytes()));
    }
    save(folder, files)
}

/// The beginning of every file name, such as `peringkat-skm-2024-q3-dpmptsp.32`. The ids of a resource name are safe in file
/// names.
fn stem(table: &pb::LeagueTable) -> String {
    format!("peringkat-{}-{}-{}", table.metric, table.period, table.cohort)
}

#[cfg(test)]
mod tests;
