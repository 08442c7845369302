//! `prima report evaluation`: the signed minutes of an evaluation (berita acara) as a printable page.

mod gather;
mod labels;
mod page;
#[cfg(test)]
mod sample;

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};
use prima_platform::clock::Clock;
use prima_platform::document::html;
use prima_proto::{index::v1 as pb, name};

use super::{Names, Part};
use crate::cli::ReportEvaluationArgs;
use crate::client::{connect::Connection, index_read, print};

/// All data that the minutes are made from.
#[derive(Debug, Clone)]
struct Record {
    cycle: pb::Cycle,
    assessment: pb::Assessment,
    instrument: pb::Instrument,
    value: pb::IndexValue,
    suggestions: Part<Vec<pb::Suggestion>>,
    recommendations: Part<Vec<pb::Recommendation>>,
    actions: Part<Vec<pb::Action>>,
    names: Names,
    made: DateTime<Utc>,
}

impl Record {
    /// Whether the figures may still change.
    fn is_provisional(&self) -> bool {
        self.cycle.final_time.is_none()
    }

    /// The indicators of F-02 in the form that applies to the unit.
    fn indicators(&self) -> &[pb::Indicator] {
        let key = format!("f02_{}", self.assessment.form);
        let form = self.instrument.forms.iter().find(|form| form.key == key);
        form.map_or(&[], |form| &form.indicators)
    }

    /// The title of an indicator; its key when the form does not have it.
    fn indicator<'a>(&'a self, key: &'a str) -> &'a str {
        let found = self.indicators().iter().find(|each| each.key == key);
        found.map_or(key, |each| &each.title)
    }

    /// The assessment of an indicator.
    fn assessed(&self, key: &str) -> Option<&pb::AssessedIndicator> {
        self.assessment
            .indicators
            .iter()
            .find(|each| each.indicator == key)
    }

    /// The term of the index tree with this key.
    fn term(&self, key: &str) -> Option<&pb::Term> {
        fn find<'a>(term: &'a pb::Term, key: &str) -> Option<&'a pb::Term> {
            if term.key == key {
                return Some(term);
            }
            term.terms.iter().find_map(|below| find(below, key))
        }
        self.value.tree.as_ref().and_then(|tree| find(tree, key))
    }

    fn title(&self) -> String {
        format!(
            "Berita Acara Evaluasi {} Tahun {}",
            self.names.unit, self.cycle.year
        )
    }
}

pub(super) async fn run(connection: &Connection, args: &ReportEvaluationArgs) -> anyhow::Result<()> {
    let unit = name::Unit::parse(&args.unit).with_context(|| format!("unit `{}` tidak sah", args.unit))?;
    let name = name::Assessment {
        cycle: index_read::cycle_name(&args.cycle.cycle)?,
        unit,
    };
    let record = gather::record(connection, &name, Clock::system().now()).await?;
    let path = write(&record, &name, &args.out)?;
    print::out(&format!("{}\n", print::clean(&path.display().to_string())))?;
    Ok(())
}

/// Writes the page and returns its path. The ids of a resource name are safe in file names.
fn write(record: &Record, name: &name::Assessment, folder: &Path) -> anyhow::Result<PathBuf> {
    let file = format!(
        "berita-acara-{}-{}-{}.html",
        name.unit.agency, name.unit.unit, name.cycle.cycle
    );
    let page = html::page(&record.title(), &page::render(record));
    std::fs::create_dir_all(folder)
        .with_context(|| format!("direktori `{}` tidak dapat dibuat", folder.display()))?;
    let path = folder.join(file);
    std::fs::write(&path, page)
        .with_context(|| format!("berkas `{}` tidak dapat ditulis", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests;
