//! Service units.

use std::collections::{BTreeMap, BTreeSet};

use prima_proto::{directory::v1 as pb, name};
use tonic::Status;

use super::progress::Progress;
use super::sheet::{Column, Sheet};
use super::{
    BadRows, Options, Outcome, PAGE, Seen, Step, What, agencies, apply, check_display_name, request_id,
};
use crate::client::call::{request, retry};
use crate::client::connect::{Connection, Directory};

const COLUMNS: [&str; 4] = ["agency", "unit", "unit_type", "name"];

/// A row that holds by itself.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    name: name::Unit,
    unit_type: String,
    display_name: String,
}

/// What the directory holds.
#[derive(Default)]
struct Known {
    agencies: BTreeSet<String>,
    unit_types: BTreeSet<String>,
    units: BTreeMap<String, pb::Unit>,
}

/// Loads `agency,unit,unit_type,name`: creates units that are not there, changes those that differ.
///
/// # Errors
///
/// When the file or one of its rows is bad, or the directory is away; nothing was loaded then.
pub async fn units(connection: &Connection, options: &Options) -> anyhow::Result<Outcome> {
    let sheet = Sheet::open(&options.file, &COLUMNS.map(Column::required))?;
    let client = connection.directory().await?;
    let known = known(&client).await?;
    let mut outcome = Outcome::new(What::Units);
    let mut bad = BadRows::default();
    let (rows, repeats) = read(sheet, &known, &mut bad)?;
    outcome.skipped = bad.settle(options)?;
    outcome.unchanged = repeats;

    let mut steps = Vec::new();
    for (line, row) in rows {
        match plan(row, &known.units) {
            Some(step) => steps.push((line, step)),
            None => outcome.unchanged += 1,
        }
    }
    let progress = Progress::rows("Mengimpor", steps.len() as u64, options.quiet);
    apply(steps, &progress, &mut outcome, |step| send(client.clone(), step)).await;
    Ok(outcome)
}

async fn known(client: &Directory) -> anyhow::Result<Known> {
    let types = retry(|| {
        let mut client = client.clone();
        async move { client.list_unit_types(request(pb::ListUnitTypesRequest {})).await }
    });
    let unit_types = types
        .await?
        .unit_types
        .into_iter()
        .map(|unit_type| unit_type.key)
        .collect();
    let agencies = agencies(client).await?.into_keys().collect();
    let mut units = BTreeMap::new();
    let mut page_token = String::new();
    loop {
        let message = pb::ListUnitsRequest {
            parent: "agencies/-".to_owned(),
            page_size: PAGE,
            page_token,
            unit_type: String::new(),
        };
        let page = retry(|| {
            let (mut client, message) = (client.clone(), message.clone());
            async move { client.list_units(request(message)).await }
        });
        let page = page.await?;
        units.extend(page.units.into_iter().map(|unit| (unit.name.clone(), unit)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(Known {
                agencies,
                unit_types,
                units,
            });
        }
    }
}

/// The good rows with their lines, and how many rows only repeated another.
fn read(mut sheet: Sheet, known: &Known, bad: &mut BadRows) -> anyhow::Result<(Vec<(u64, Row)>, u64)> {
    let mut rows = Vec::new();
    let mut repeats = 0;
    let mut seen = Seen::new();
    while let Some(cells) = sheet.next()? {
        let line = cells.line;
        if let Some(fault) = cells.fault() {
            bad.add(line, fault);
            continue;
        }
        let [agency, unit, unit_type, name] = [0, 1, 2, 3].map(|column| cells.cell(column));
        let Some(row) = row(line, agency, unit, unit_type, name, known, bad) else {
            continue;
        };
        let id = row.name.to_string();
        match seen.check(&id, line, row.clone()) {
            Ok(true) => rows.push((line, row)),
            Ok(false) => repeats += 1,
            Err(before) => bad.add(
                line,
                format!("unit `{id}` sudah ada di baris {before} dengan isi lain"),
            ),
        }
    }
    Ok((rows, repeats))
}

fn row(
    line: u64,
    agency: &str,
    unit: &str,
    unit_type: &str,
    display_name: &str,
    known: &Known,
    bad: &mut BadRows,
) -> Option<Row> {
    // The id of a region is its code without dots.
    let region = agency.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let agency_id = if region {
        agency.replace('.', "")
    } else {
        agency.to_owned()
    };
    if name::token(&agency_id, name::AGENCY_MAX).is_err() {
        bad.add(
            line,
            format!(
                "agency `{agency}` harus 1 sampai {} karakter a-z, 0-9, dan -",
                name::AGENCY_MAX
            ),
        );
    } else if !known.agencies.contains(&format!("agencies/{agency_id}")) {
        bad.add(line, format!("instansi `{agency}` tidak terdaftar"));
    }
    if name::token(unit, name::TOKEN_MAX).is_err() {
        bad.add(
            line,
            format!(
                "unit `{unit}` harus 1 sampai {} karakter a-z, 0-9, dan -",
                name::TOKEN_MAX
            ),
        );
    }
    if !known.unit_types.contains(unit_type) {
        let types: Vec<&str> = known.unit_types.iter().map(String::as_str).collect();
        bad.add(
            line,
            format!(
                "unit_type `{unit_type}` tidak dikenal; pilihannya: {}",
                types.join(", ")
            ),
        );
    }
    check_display_name(line, display_name, bad);
    let row = Row {
        name: name::Unit {
            agency: agency_id,
            unit: unit.to_owned(),
        },
        unit_type: unit_type.to_owned(),
        display_name: display_name.to_owned(),
    };
    if let Some(unit) = known.units.get(&row.name.to_string())
        && unit.state() == pb::UnitState::Closed
        && differs(unit, &row)
    {
        bad.add(
            line,
            format!("unit sudah ditutup ({}) dan tidak dapat diubah", unit.close_date),
        );
    }
    (!bad.has(line)).then_some(row)
}

fn differs(unit: &pb::Unit, row: &Row) -> bool {
    unit.display_name != row.display_name || unit.unit_type != row.unit_type
}

/// What a row does, with the etag of what it changes; `None` when it says what is there.
fn plan(row: Row, units: &BTreeMap<String, pb::Unit>) -> Option<Step<(Row, String)>> {
    match units.get(&row.name.to_string()) {
        None => Some(Step::Create((row, String::new()))),
        Some(unit) if differs(unit, &row) => Some(Step::Update((row, unit.etag.clone()))),
        Some(_) => None,
    }
}

async fn send(client: Directory, step: Step<(Row, String)>) -> Result<(), Status> {
    let unit = |row: &Row, etag: String| pb::Unit {
        name: row.name.to_string(),
        display_name: row.display_name.clone(),
        unit_type: row.unit_type.clone(),
        etag,
        ..Default::default()
    };
    match step {
        Step::Create((row, etag)) => {
            let name = row.name.to_string();
            let message = pb::CreateUnitRequest {
                request_id: request_id("CreateUnit", &name, &[&row.display_name, &row.unit_type]),
                parent: row.name.agency_name().to_string(),
                unit_id: row.name.unit.clone(),
                unit: Some(unit(&row, etag)),
            };
            let answer = retry(|| {
                let (mut client, message) = (client.clone(), message.clone());
                async move { client.create_unit(request(message)).await }
            });
            answer.await.map(|_| ())
        }
        Step::Update((row, etag)) => {
            let paths = vec!["display_name".to_owned(), "unit_type".to_owned()];
            let message = pb::UpdateUnitRequest {
                unit: Some(unit(&row, etag)),
                update_mask: Some(prost_types::FieldMask { paths }),
            };
            let answer = retry(|| {
                let (mut client, message) = (client.clone(), message.clone());
                async move { client.update_unit(request(message)).await }
            });
            answer.await.map(|_| ())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_cell_of_a_row_is_named() {
        let known = Known {
            agencies: BTreeSet::from(["agencies/3271".to_owned()]),
            unit_types: BTreeSet::from(["dpmptsp".to_owned()]),
            units: BTreeMap::from([(
                "agencies/3271/units/lama".to_owned(),
                pb::Unit {
                    display_name: "Lama".into(),
                    unit_type: "dpmptsp".into(),
                    state: pb::UnitState::Closed.into(),
                    ..Default::default()
                },
            )]),
        };
        for (cells, faults) in [
            (["3271", "dpmptsp", "dpmptsp", "DPMPTSP Kota Bogor"], 0),
            (["32.71", "dpmptsp", "dpmptsp", "DPMPTSP Kota Bogor"], 0),
            (["9999", "dpmptsp", "dpmptsp", "X"], 1),
            (["A B", "", "", ""], 4),
            (["3271", "lama", "dpmptsp", "Lama"], 0),
            (["3271", "lama", "dpmptsp", "Baru"], 1),
        ] {
            let mut bad = BadRows::default();
            let [agency, unit, unit_type, name] = cells;
            let row = row(2, agency, unit, unit_type, name, &known, &mut bad);
            assert_eq!(bad.0.get(&2).map_or(0, Vec::len), faults, "{cells:?} {bad:?}");
            assert_eq!(row.is_some(), faults == 0);
            if let Some(row) = row {
                assert_eq!(row.name.agency, "3271");
            }
        }
    }
}
