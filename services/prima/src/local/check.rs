//! `prima instrument check`, `prima workflow check` and `prima table check`: documents are checked by the rules of the service that would
//! store them.

use std::{path::Path, process::ExitCode};

use prima_complaint::domain::workflow::Workflow;
use prima_index::domain::instrument::Instrument;
use prima_platform::failure::Violation;
use prima_ranking::domain::Definition;

use crate::client::{document, print};

/// Longest instrument that the index service accepts, in bytes.
const INSTRUMENT_MAX: u64 = 1 << 20;
/// Longest workflow that the complaint service accepts, in bytes.
const WORKFLOW_MAX: u64 = 256 << 10;
/// Longest definition of league tables that the ranking service accepts, in bytes.
const TABLE_MAX: u64 = 256 << 10;

/// Checks an instrument; the exit status is 1 when it has faults.
pub fn instrument(file: &Path) -> anyhow::Result<ExitCode> {
    tell(read_instrument(&document(file, INSTRUMENT_MAX)?))
}

/// Checks a workflow; the exit status is 1 when it has faults.
pub fn workflow(file: &Path) -> anyhow::Result<ExitCode> {
    tell(read_workflow(&document(file, WORKFLOW_MAX)?))
}

/// Checks the definition of league tables; the exit status is 1 when it has faults.
pub fn table(file: &Path) -> anyhow::Result<ExitCode> {
    tell(read_table(&document(file, TABLE_MAX)?))
}

fn read_table(json: &str) -> Result<String, Vec<Violation>> {
    let definition = Definition::read(json)?;
    Ok(format!(
        "Definisi tabel {} benar: {}, {} jenis kelompok",
        definition.metric,
        definition.title.id,
        definition.cohorts.len()
    ))
}

fn read_instrument(json: &str) -> Result<String, Vec<Violation>> {
    let instrument = Instrument::read(json)?;
    Ok(format!(
        "Instrumen {} benar: {} aspek, {} kategori",
        instrument.id,
        instrument.aspects.len(),
        instrument.bands.len()
    ))
}

fn read_workflow(json: &str) -> Result<String, Vec<Violation>> {
    let workflow = Workflow::parse(json)?;
    Ok(format!(
        "Alur {} benar: {} jenis laporan, {} tenggat, {} tingkat kenaikan",
        workflow.id,
        workflow.classes.len(),
        workflow.clocks.len(),
        workflow.escalations.len()
    ))
}

fn tell(checked: Result<String, Vec<Violation>>) -> anyhow::Result<ExitCode> {
    let (text, code) = match checked {
        Ok(text) => (print::clean(&text) + "\n", ExitCode::SUCCESS),
        Err(faults) => (list(&faults), ExitCode::FAILURE),
    };
    print::out(&text)?;
    Ok(code)
}

/// The faults, one per line, with their number.
fn list(faults: &[Violation]) -> String {
    let line = |fault: &Violation| print::clean(&format!("{}: {}", fault.field, fault.localized)) + "\n";
    let lines: String = faults.iter().map(line).collect();
    lines + &format!("{} kesalahan\n", faults.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKFLOW: &str = include_str!("../../../complaint/data/workflow-sp4n.json");

    #[test]
    fn the_built_in_workflow_is_valid() {
        let text = read_workflow(WORKFLOW).unwrap();
        assert!(
            text.starts_with("Alur sp4n-2018 benar: 5 jenis laporan"),
            "{text}"
        );
    }

    #[test]
    fn a_definition_of_league_tables_is_checked() {
        let json = include_str!("../../../ranking/data/tables/skm.json");
        assert_eq!(
            read_table(json).unwrap(),
            "Definisi tabel skm benar: Survei Kepuasan Masyarakat (IKM), 6 jenis kelompok"
        );
        let text = list(&read_table(&json.replace("higher", "tinggi")).unwrap_err());
        assert_eq!(text, "better: harus salah satu dari higher, lower\n1 kesalahan\n");
    }

    #[test]
    fn every_fault_is_printed_with_its_path() {
        let broken = WORKFLOW
            .replace("\"to\": \"closed\"", "\"to\": \"selesai\"")
            .replace("\"working_days\": 14", "\"working_days\": -14");
        let document = "{\"id\": \"x\", \"scale\": {\"min\": 1}}";
        for (faults, expected) in [
            (read_workflow(&broken), "classes[2].deadline: "),
            (read_instrument(document), "scale.min: harus 0\n"),
        ] {
            let text = list(&faults.unwrap_err());
            let count = text.lines().count() - 1;
            assert!(
                text.ends_with(&format!("{count} kesalahan\n")) && count >= 2,
                "{text}"
            );
            assert!(text.contains(expected), "{text}");
        }
    }
}
