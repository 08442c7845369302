//! The follow-up plan (rencana tindak lanjut): actions on single elements, each planned for a quarter and completed once.

use chrono::NaiveDate;
use prima_platform::{
    failure::Violation,
    request::{
        self, Faults, shown,
        text::{self, Text},
    },
};

use super::{period::Period, survey::Survey};

/// Most actions of one survey; all of them are part of its event.
pub const PLAN_MAX: usize = 500;
const PROGRAM: Text = Text::name("Program", 1, 500);
const RESPONSIBLE: Text = Text::name("Penanggung jawab", 1, 200);
const NOTE: Text = Text::optional_lines("Catatan", 1000);

/// One planned action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Key of an element that the survey asks.
    pub element: String,
    /// Program or activity.
    pub program: String,
    /// Quarter, `YYYY-qN`.
    pub quarter: String,
    /// Responsible office.
    pub responsible: String,
}

/// The completion of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Day of completion.
    pub date: NaiveDate,
    /// Link to the evidence.
    pub evidence: String,
    /// Remark; may be empty.
    pub note: String,
}

/// Checks a plan, also against the `survey` when it is given.
///
/// # Errors
///
/// Every fault, each with the path of its field in `CreateFollowUpRequest`.
pub fn plan(raw: &Plan, survey: Option<&Survey>) -> Result<Plan, Vec<Violation>> {
    let mut faults = Faults::default();
    let asked = survey.is_none_or(|s| s.asked.iter().any(|a| a.key == raw.element));
    if raw.element.is_empty() || !asked {
        faults.add(
            "follow_up.element",
            format!("`{}` is not an element that the survey asks", shown(&raw.element)),
            format!("`{}` bukan unsur yang ditanyakan survei", shown(&raw.element)),
        );
    }
    let quarter = raw.quarter.parse::<Period>().ok();
    if !quarter.is_some_and(|q| q.as_str().contains("-q")) {
        faults.add(
            "follow_up.quarter",
            "must be a quarter, `YYYY-q1` to `YYYY-q4`, with a year from 2000 to 2100",
            "Triwulan harus `YYYY-q1` sampai `YYYY-q4`, dengan tahun 2000 sampai 2100",
        );
    }
    let program = PROGRAM.check("follow_up.program", &raw.program);
    let responsible = RESPONSIBLE.check("follow_up.responsible", &raw.responsible);
    let checked = Plan {
        element: raw.element.clone(),
        program: faults.or_default(program),
        quarter: raw.quarter.clone(),
        responsible: faults.or_default(responsible),
    };
    faults.part(checked)
}

fn required_link(field: &str, raw: &str) -> Result<String, Violation> {
    if raw.trim().is_empty() {
        return Err(Violation::new(field, "is required", "Tautan wajib diisi"));
    }
    text::link(field, raw)
}

/// Checks the completion of an action on the day `today`.
///
/// # Errors
///
/// Every fault, each with the path of its field in `CompleteFollowUpRequest`.
pub fn done(date: &str, evidence: &str, note: &str, today: NaiveDate) -> Result<Done, Vec<Violation>> {
    let mut faults = Faults::default();
    let date = faults.or_default(request::past_day("done_date", date, today));
    let evidence = faults.or_default(required_link("evidence", evidence));
    let note = faults.or_default(NOTE.check("note", note));
    faults.part(Done { date, evidence, note })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields<T: std::fmt::Debug>(result: Result<T, Vec<Violation>>) -> Vec<String> {
        result.unwrap_err().into_iter().map(|f| f.field).collect()
    }

    fn good() -> Plan {
        Plan {
            element: "time".into(),
            program: "Menambah loket pada jam sibuk".into(),
            quarter: "2025-q1".into(),
            responsible: "Bidang Pelayanan".into(),
        }
    }

    #[test]
    fn every_fault_of_a_plan_is_reported_at_once() {
        assert_eq!(plan(&good(), None).unwrap(), good());
        let bad = Plan {
            element: String::new(),
            program: " ".into(),
            quarter: "2025".into(),
            responsible: "x".repeat(201),
        };
        assert_eq!(
            fields(plan(&bad, None)),
            [
                "follow_up.element",
                "follow_up.quarter",
                "follow_up.program",
                "follow_up.responsible"
            ]
        );
    }

    #[test]
    fn other_periods_than_quarters_are_refused() {
        for quarter in ["2025", "2025-s1", "2025-m01", "2025-q5", "2025-Q1", ""] {
            let bad = Plan {
                quarter: quarter.into(),
                ..good()
            };
            assert_eq!(fields(plan(&bad, None)), ["follow_up.quarter"], "{quarter}");
        }
    }

    #[test]
    fn a_completion_is_not_in_the_future_and_needs_evidence() {
        let today = "2025-03-01".parse().unwrap();
        assert!(done("2025-03-01", "https://a.id/foto", "", today).is_ok());
        assert_eq!(
            fields(done("2025-03-02", "https://a.id/foto", "", today)),
            ["done_date"]
        );
        assert_eq!(
            fields(done("", "", &"x".repeat(1001), today)),
            ["done_date", "evidence", "note"]
        );
    }
}
