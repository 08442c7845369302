//! The form of F-01 or F-02, with a row for each indicator of each unit.

use std::path::Path;

use anyhow::{Context, bail};
use prima_platform::clock::Clock;
use prima_platform::document::sheet::{Cell, Column as Printed, Sheet as Table};
use prima_platform::document::{csv, xlsx};
use prima_proto::{index::v1 as pb, name};
use tonic::Status;

use crate::cli::{AssessmentForm, AssessmentFormArgs};
use crate::client::call::repeat;
use crate::client::connect::{Assessment, Connection, Index};
use crate::client::import::PAGE;
use crate::client::import::cells::subject;

/// The form of F-01 has no columns for what the unit gave itself before.
pub(super) const F01: [Printed; 9] = {
    let [
        cycle,
        form,
        unit,
        indicator,
        name,
        criteria,
        evidence,
        _,
        _,
        level,
        note,
    ] = F02;
    [
        cycle, form, unit, indicator, name, criteria, evidence, level, note,
    ]
};
pub(super) const F02: [Printed; 11] = [
    Printed::text("cycle", "Siklus", 20),
    Printed::text("form", "Formulir", 9),
    Printed::text("unit", "Unit", 34),
    Printed::text("indicator", "Indikator", 22),
    Printed::text("indicator_name", "Nama indikator", 40),
    Printed::text("criteria", "Kriteria tiap tingkat", 80),
    Printed::text("evidence", "Bukti dukung", 40),
    Printed::integer("self_level", "Tingkat F-01"),
    Printed::text("self_note", "Catatan F-01", 40),
    Printed::integer("level", "Tingkat"),
    Printed::text("note", "Catatan", 40),
];

/// Writes the form of a cycle, with a row for each indicator of each unit.
///
/// # Errors
///
/// When the service cannot be reached or rejects the request, the cycle has no unit, or the file can't be written.
pub async fn write_form(connection: &Connection, args: &AssessmentFormArgs) -> anyhow::Result<String> {
    let client = connection.assessment().await?;
    let cycle = format!("cycles/{}", args.cycle.trim_start_matches("cycles/"));
    name::Cycle::parse(&cycle)
        .ok()
        .with_context(|| format!("siklus `{}` tidak sah", args.cycle))?;
    let request = pb::GetCycleRequest { name: cycle.clone() };
    let held = repeat!(client, get_cycle, request)?.cycle.unwrap_or_default();
    let instrument = instrument(&connection.index().await?, &held.instrument).await?;
    let names = match args.unit.as_slice() {
        [] => enrolled(&client, &cycle).await?,
        units => {
            let named = units
                .iter()
                .map(|unit| subject(unit).map(|unit| format!("{cycle}/{unit}")));
            named
                .collect::<Result<Vec<String>, String>>()
                .map_err(anyhow::Error::msg)?
        }
    };
    if names.is_empty() {
        bail!("{cycle} belum memiliki unit; daftarkan dahulu dengan EnrollUnit")
    }
    let mut rows = Vec::new();
    for name in &names {
        let assessment = get(&client, name).await?;
        let unit = name.trim_start_matches(&cycle).trim_start_matches('/');
        let key = format!("f02_{}", assessment.form);
        let form = instrument.forms.iter().find(|form| form.key == key);
        let form =
            form.with_context(|| format!("instrumen {} tidak memiliki formulir {key}", instrument.id))?;
        for indicator in form
            .indicators
            .iter()
            .filter(|indicator| !indicator.supplementary)
        {
            let held = assessment
                .indicators
                .iter()
                .find(|row| row.indicator == indicator.key);
            rows.push(line(
                args.form,
                &cycle,
                unit,
                indicator,
                held.and_then(|row| row.self_level.as_ref()),
            ));
        }
    }
    let count = rows.len();
    let table = Table {
        key: "tingkat",
        title: "Tingkat",
        columns: match args.form {
            AssessmentForm::F01 => &F01,
            AssessmentForm::F02 => &F02,
        },
        rows,
    };
    write(&args.out, args.form, table)?;
    Ok(format!(
        "Formulir {} ditulis: {} ({} unit, {count} baris); isi kolom Tingkat, lalu: prima import levels {}\n",
        args.form.name(),
        args.out.display(),
        names.len(),
        args.out.display()
    ))
}

pub(super) fn line(
    form: AssessmentForm,
    cycle: &str,
    unit: &str,
    indicator: &pb::Indicator,
    own: Option<&pb::SelfLevel>,
) -> Vec<Cell> {
    let criteria = indicator.levels.iter().enumerate().rev();
    let criteria: Vec<String> = criteria
        .map(|(level, text)| format!("{level} = {text}"))
        .collect();
    let level = Cell::integer_if(own.is_some(), own.map_or(0, |own| own.level.into()));
    let note = Cell::text(own.map(|own| own.note.clone()).unwrap_or_default());
    let mut cells = vec![
        Cell::text(cycle),
        Cell::text(form.name()),
        Cell::text(unit),
        Cell::text(&indicator.key),
        Cell::text(format!("{}. {}", indicator.number, indicator.title)),
        Cell::text(criteria.join("\n")),
        Cell::text(indicator.evidence.join("\n")),
        level,
        note,
    ];
    if form == AssessmentForm::F02 {
        cells.extend([Cell::Empty, Cell::Empty]);
    }
    cells
}

pub(super) fn write(path: &Path, form: AssessmentForm, table: Table) -> anyhow::Result<()> {
    let shown = || format!("berkas `{}` tidak dapat ditulis", path.display());
    let kind = path.extension().map(|end| end.to_ascii_lowercase());
    let bytes = match kind.as_ref().and_then(|kind| kind.to_str()) {
        Some("xlsx") => {
            let title = format!("Formulir {}", form.name());
            xlsx::workbook(&title, Clock::system().now(), &[table]).with_context(shown)?
        }
        Some("csv") => csv::write(&table).with_context(shown)?.into_bytes(),
        _ => bail!("--out harus berakhiran .xlsx atau .csv"),
    };
    std::fs::write(path, bytes).with_context(shown)
}

async fn instrument(client: &Index, id: &str) -> anyhow::Result<pb::Instrument> {
    let request = pb::GetInstrumentRequest { id: id.to_owned() };
    let answer = repeat!(client, get_instrument, request)?;
    Ok(answer.instrument.unwrap_or_default())
}

async fn enrolled(client: &Assessment, cycle: &str) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = pb::ListAssessmentsRequest {
            parent: cycle.to_owned(),
            page_size: PAGE,
            page_token,
        };
        let page = repeat!(client, list_assessments, message)?;
        names.extend(page.assessments.into_iter().map(|assessment| assessment.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(names);
        }
    }
}

pub(super) async fn get(client: &Assessment, name: &str) -> Result<pb::Assessment, Status> {
    let request = pb::GetAssessmentRequest {
        name: name.to_owned(),
    };
    let answer = repeat!(client, get_assessment, request)?;
    Ok(answer.assessment.unwrap_or_default())
}
