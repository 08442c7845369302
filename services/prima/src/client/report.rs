//! `prima report`: the yearly report of a survey as a printable page with its data as XLSX and CSV, and the minutes of
//! an evaluation.

mod bands;
mod data;
mod evaluation;
mod gather;
mod labels;
mod league;
mod page;
#[cfg(test)]
mod sample;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};
use prima_platform::clock::Clock;
use prima_platform::document::{csv, html, xlsx};
use prima_proto::{name, survey::v1 as pb};

use super::connect::Connection;
use super::print;
use crate::cli::{ReportCommand, ReportFormat, ReportSkmArgs};

/// A part of the report, or the reason in Indonesian why it is missing.
type Part<T> = Result<T, String>;

/// All data that a report is made from.
#[derive(Debug, Clone)]
struct Report {
    survey: pb::Survey,
    result: pb::Result,
    instrument: pb::Instrument,
    analysis: Part<pb::Analysis>,
    plan: Part<Plan>,
    /// The unit's result in the period, which has the change from the period before.
    unit: Part<pb::UnitResult>,
    names: Names,
    made: DateTime<Utc>,
}

#[derive(Debug, Clone, Default)]
struct Plan {
    items: Vec<pb::FollowUp>,
    planned: i64,
    done: i64,
}

/// Names from the directory; ids where the directory does not know them.
#[derive(Debug, Clone, Default)]
struct Names {
    agency: String,
    unit: String,
    /// Names of public services by id.
    services: BTreeMap<String, String>,
}

impl Report {
    /// Code and official name of an element: `U3 Waktu Penyelesaian`.
    fn element(&self, key: &str) -> String {
        let (code, name) = self.element_parts(key);
        if code.is_empty() {
            name
        } else {
            format!("{code} {name}")
        }
    }

    /// Code and official name of an element; its key where the survey does not name it.
    fn element_parts(&self, key: &str) -> (String, String) {
        let of_result = self.result.elements.iter().find(|each| each.key == key);
        let of_survey = self.survey.elements.iter().find(|each| each.key == key);
        let found = of_result
            .map(|each| (&each.code, &each.display_name))
            .or(of_survey.map(|each| (&each.code, &each.display_name)));
        match found {
            Some((code, name)) if !name.is_empty() => (code.clone(), name.clone()),
            Some((code, _)) => (code.clone(), key.to_owned()),
            None => (String::new(), key.to_owned()),
        }
    }

    /// The name of a public service; its id when the directory does not know it.
    fn service(&self, id: &str) -> String {
        self.names
            .services
            .get(id)
            .cloned()
            .unwrap_or_else(|| id.to_owned())
    }

    /// Whether the figures may still change.
    fn is_open(&self) -> bool {
        self.result.state() != pb::SurveyState::Closed
    }

    fn title(&self) -> String {
        format!(
            "Laporan Survei Kepuasan Masyarakat {} {}",
            self.names.unit,
            labels::period(&self.result.period)
        )
    }
}

pub(super) async fn run(connection: &Connection, command: ReportCommand) -> anyhow::Result<()> {
    match command {
        ReportCommand::Skm(args) => skm(connection, &args).await,
        ReportCommand::Evaluation(args) => evaluation::run(connection, &args).await,
        ReportCommand::League(args) => league::run(connection, &args).await,
    }
}

async fn skm(connection: &Connection, args: &ReportSkmArgs) -> anyhow::Result<()> {
    let client = connection.survey().await?;
    let survey = gather::survey(&client, args).await?;
    let report = gather::report(connection, &client, survey, args, Clock::system().now()).await?;
    for path in write(&report, &args.out, &args.format)? {
        print::out(&format!("{}\n", print::clean(&path.display().to_string())))?;
    }
    Ok(())
}

/// Writes the report in each requested format and returns the paths.
fn write(report: &Report, folder: &Path, formats: &[ReportFormat]) -> anyhow::Result<Vec<PathBuf>> {
    let stem = stem(&report.result.survey)?;
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let sheets = data::sheets(report);
    if formats.contains(&ReportFormat::Html) {
        let page = html::page(&report.title(), &page::render(report));
        files.push((format!("{stem}.html"), page.into_bytes()));
    }
    if formats.contains(&ReportFormat::Xlsx) {
        let book = xlsx::workbook(&report.title(), report.made, &sheets)?;
        files.push((format!("{stem}.xlsx"), book));
    }
    if formats.contains(&ReportFormat::Csv) {
        for sheet in &sheets {
            files.push((
                format!("{stem}-{}.csv", sheet.key),
                csv::write(sheet)?.into_bytes(),
            ));
        }
    }
    save(folder, files)
}

/// Writes files to a folder, which is created when it is missing, and returns their paths.
fn save(folder: &Path, files: Vec<(String, Vec<u8>)>) -> anyhow::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("direktori `{}` tidak dapat dibuat", folder.display()))?;
    let mut paths = Vec::with_capacity(files.len());
    for (file, content) in files {
        let path = folder.join(file);
        std::fs::write(&path, content)
            .with_context(|| format!("berkas `{}` tidak dapat ditulis", path.display()))?;
        paths.push(path);
    }
    Ok(paths)
}

/// The beginning of every file name, such as `skm-3271-dpmptsp-2024-q3`. The ids of a resource name are safe in file
/// names.
fn stem(survey: &str) -> anyhow::Result<String> {
    let name::Survey { unit, survey } = name::Survey::parse(survey).context("nama survei tidak sah")?;
    Ok(format!("skm-{}-{}-{survey}", unit.agency, unit.unit))
}

#[cfg(test)]
mod tests;
