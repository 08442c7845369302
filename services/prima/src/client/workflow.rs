//! `prima workflow`: checks workflow documents on this machine by the rules of the service.

use std::process::ExitCode;

use prima_complaint::domain::workflow::Workflow;

use super::print;
use crate::cli::WorkflowCommand;

/// Longest document that the service accepts, in bytes.
const DOCUMENT_MAX: u64 = 256 << 10;

pub(super) fn run(command: WorkflowCommand) -> anyhow::Result<ExitCode> {
    let WorkflowCommand::Check(args) = command;
    let (text, code) = checked(&super::document(&args.file, DOCUMENT_MAX)?);
    print::out(&text)?;
    Ok(code)
}

fn checked(json: &str) -> (String, ExitCode) {
    match Workflow::parse(json) {
        Ok(workflow) => {
            let text = print::clean(&format!(
                "Alur {} benar: {} jenis laporan, {} tenggat, {} tingkat kenaikan",
                workflow.id,
                workflow.classes.len(),
                workflow.clocks.len(),
                workflow.escalations.len()
            ));
            (text + "\n", ExitCode::SUCCESS)
        }
        Err(faults) => (print::faults(&faults), ExitCode::FAILURE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT_IN: &str = include_str!("../../../complaint/data/workflow-sp4n.json");

    #[test]
    fn the_built_in_workflow_is_valid() {
        let (text, code) = checked(BUILT_IN);
        assert!(
            text.starts_with("Alur sp4n-2018 benar: 5 jenis laporan"),
            "{text}"
        );
        assert_eq!(code, ExitCode::SUCCESS);
    }

    #[test]
    fn every_fault_is_printed_with_its_path() {
        let broken = BUILT_IN
            .replace("\"to\": \"closed\"", "\"to\": \"selesai\"")
            .replace("\"working_days\": 14", "\"working_days\": -14");
        let (text, code) = checked(&broken);
        let count = text.lines().count() - 1;
        assert!(
            text.ends_with(&format!("{count} kesalahan\n")) && count >= 2,
            "{text}"
        );
        assert!(text.contains("classes[2].deadline: "), "{text}");
        assert_eq!(code, ExitCode::FAILURE);
    }
}
