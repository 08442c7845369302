//! Loads innovations of past years into the registry.

mod row;

use std::collections::BTreeMap;

use futures::StreamExt;
use prima_proto::innovation::v1 as pb;
use prost::Message as _;
use tonic::{Code, Status};

use self::row::{COLUMNS, DATES, innovation, status_name};
use super::cells::{Register, subject};
use super::change::{Change, Changes};
use super::loose::{Loose, cell};
use super::words::same;
use super::{BadRows, CONCURRENCY, Options, Outcome, PAGE, Progress, Step, What, apply, request_id};
use crate::cli::{DateOrder, InnovationsArgs};
use crate::client::call::repeat;
use crate::client::connect::{Connection, Innovation};
use crate::client::{fault, print};

/// Loads innovations. The service checks all of them before the first one is stored, and one that exists is changed
/// only with `--replace`.
///
/// # Errors
///
/// When the file or one of its rows is bad, or the service cannot be reached; nothing was stored then.
pub async fn innovations(connection: &Connection, args: &InnovationsArgs) -> anyhow::Result<Outcome> {
    let options = Options::of(&args.file);
    let mut loose = Loose::open(&options.source(), &COLUMNS)?;
    let client = connection.innovation().await?;
    let register = Register::read(&connection.directory().await?).await?;
    let parent = match args.parent.as_str() {
        "" => String::new(),
        parent => subject(parent).map_err(anyhow::Error::msg)?,
    };
    let order = match args.dates.order {
        Some(order) => order,
        None => loose.order(&DATES)?,
    };
    let held = held(&client).await?;
    let mut outcome = Outcome::new(What::Innovations);
    let mut bad = BadRows::default();
    let mut changes = Changes::default();
    let (rows, repeats) = read(&mut loose, &parent, order, &register, &mut bad)?;
    outcome.unchanged = repeats;
    let mut steps = Vec::new();
    for (line, row) in rows {
        match find(&held, &row) {
            None => steps.push((line, Step::Create(row))),
            Some(before) => {
                let changed = differences(before, &row);
                if changed.is_empty() {
                    outcome.unchanged += 1;
                    continue;
                }
                changes.extend(line, &before.name, changed);
                let row = pb::Innovation {
                    name: before.name.clone(),
                    etag: before.etag.clone(),
                    ..row
                };
                steps.push((line, Step::Update(row)));
            }
        }
    }
    let progress = Progress::rows("Memeriksa", steps.len() as u64, options.quiet);
    let steps = checked(&client, steps, &mut bad, &progress).await?;
    drop(progress);
    if !options.quiet {
        for name in &loose.left_out {
            print::note(&print::clean(&format!("kolom `{name}` tidak diimpor")));
        }
    }
    outcome.skipped = bad.settle(&options, &mut loose.sheet)?;
    changes.settle(options.dry_run, args.replace)?;
    if options.dry_run {
        return Ok(outcome.foresee(&steps));
    }
    let progress = Progress::rows("Mengimpor", steps.len() as u64, options.quiet);
    apply(steps, &progress, &mut outcome, |step| send(client.clone(), step)).await;
    Ok(outcome)
}

/// Returns every innovation that the caller may see.
async fn held(client: &Innovation) -> anyhow::Result<Vec<pb::Innovation>> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = pb::ListInnovationsRequest {
            parent: "agencies/-".to_owned(),
            page_size: PAGE,
            page_token,
            ..Default::default()
        };
        let page = repeat!(client, list_innovations, message)?;
        all.extend(page.innovations);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

/// Finds the stored innovation of a row: the one with its resource name, else the one of the same unit with the same
/// title.
fn find<'a>(held: &'a [pb::Innovation], row: &pb::Innovation) -> Option<&'a pb::Innovation> {
    let unit = |name: &str| name.split("/innovations/").next().unwrap_or_default().to_owned();
    let named = held.iter().find(|innovation| innovation.name == row.name);
    named.or_else(|| {
        let own = unit(&row.name);
        let mut alike = held
            .iter()
            .filter(|i| unit(&i.name) == own && same(&i.title, &row.title));
        alike.next()
    })
}

/// Returns the fields in which a row differs from the stored innovation; empty cells change nothing.
fn differences(before: &pb::Innovation, row: &pb::Innovation) -> Vec<Change> {
    let number = |n: i32| if n == 0 { String::new() } else { n.to_string() };
    let list = |list: &[i32]| list.iter().map(i32::to_string).collect::<Vec<_>>().join(";");
    let links = |i: &pb::Innovation| {
        i.documents
            .iter()
            .map(|l| l.url.clone())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let both = [
        ("title", before.title.clone(), row.title.clone()),
        ("description", before.description.clone(), row.description.clone()),
        ("initiator", before.initiator.clone(), row.initiator.clone()),
        ("category", before.category.clone(), row.category.clone()),
        ("sdgs", list(&before.sdgs), list(&row.sdgs)),
        ("status", status_name(before.status()), status_name(row.status())),
        ("start_date", before.start_date.clone(), row.start_date.clone()),
        ("stop_date", before.stop_date.clone(), row.stop_date.clone()),
        ("legal_basis", number(before.legal_basis), number(row.legal_basis)),
        ("supports", list(&before.supports), list(&row.supports)),
        ("documents", links(before), links(row)),
    ];
    let changed = both
        .into_iter()
        .filter(|(_, before, after)| !after.is_empty() && before != after);
    changed
        .map(|(field, before, after)| Change { field, before, after })
        .collect()
}

/// Returns the good rows with their lines, and the number of rows that only repeat another row.
fn read(
    loose: &mut Loose,
    parent: &str,
    order: DateOrder,
    register: &Register,
    bad: &mut BadRows,
) -> anyhow::Result<(Vec<(u64, pb::Innovation)>, u64)> {
    let places = loose.places();
    let (mut rows, mut repeats) = (Vec::new(), 0);
    let mut names: BTreeMap<String, (u64, pb::Innovation)> = BTreeMap::new();
    while let Some(row) = loose.sheet.next()? {
        let line = row.line;
        if let Some(fault) = row.fault() {
            bad.add(line, fault);
            continue;
        }
        let get = |name: &str| {
            let column = COLUMNS.iter().position(|column| column.name == name);
            column.map_or("", |column| cell(&row, &places, column))
        };
        let read = innovation(&get, parent, order, register);
        let one = match read {
            Ok(one) => one,
            Err(faults) => {
                faults.into_iter().for_each(|fault| bad.add(line, fault));
                continue;
            }
        };
        match names.get(&one.name) {
            Some((_, before)) if *before == one => repeats += 1,
            Some((before, _)) => bad.add(
                line,
                format!("inovasi `{}` sudah ada di baris {before} dengan isi lain; bedakan judulnya, atau isi kolom innovation", one.title),
            ),
            None => {
                names.insert(one.name.clone(), (line, one.clone()));
                rows.push((line, one));
            }
        }
    }
    Ok((rows, repeats))
}

fn registration(row: &pb::Innovation) -> pb::RegisterInnovationRequest {
    let (parent, id) = row.name.split_once("/innovations/").unwrap_or_default();
    let content = row.encode_to_vec();
    pb::RegisterInnovationRequest {
        request_id: request_id("RegisterInnovation", &row.name, &[&format!("{content:?}")]),
        parent: parent.to_owned(),
        innovation_id: id.to_owned(),
        innovation: Some(row.clone()),
        validate_only: false,
    }
}

/// Returns the steps that the service accepts; rejected rows are added to `bad`.
async fn checked(
    client: &Innovation,
    steps: Vec<(u64, Step<pb::Innovation>)>,
    bad: &mut BadRows,
    progress: &Progress,
) -> Result<Vec<(u64, Step<pb::Innovation>)>, Status> {
    let asked = steps.into_iter().map(|(line, step)| async move {
        let answer = match &step {
            Step::Create(row) => {
                let check = pb::RegisterInnovationRequest {
                    validate_only: true,
                    ..registration(row)
                };
                repeat!(client, register_innovation, check).map(|_| ())
            }
            Step::Update(_) => Ok(()),
        };
        (line, step, answer)
    });
    let mut asked = futures::stream::iter(asked).buffered(CONCURRENCY);
    let mut good = Vec::new();
    while let Some((line, step, answer)) = asked.next().await {
        progress.advance(1);
        match answer {
            Ok(()) => good.push((line, step)),
            Err(status) if matches!(status.code(), Code::InvalidArgument | Code::AlreadyExists) => {
                bad.add(line, fault::status_line(&status));
            }
            Err(status) => return Err(status),
        }
    }
    Ok(good)
}

async fn send(client: Innovation, step: Step<pb::Innovation>) -> Result<(), Status> {
    match step {
        Step::Create(row) => repeat!(client, register_innovation, registration(&row)).map(|_| ()),
        Step::Update(row) => {
            let given = [
                ("title", !row.title.is_empty()),
                ("description", !row.description.is_empty()),
                ("initiator", !row.initiator.is_empty()),
                ("category", !row.category.is_empty()),
                ("sdgs", !row.sdgs.is_empty()),
                ("status", true),
                ("start_date", !row.start_date.is_empty()),
                ("stop_date", !row.stop_date.is_empty()),
                ("legal_basis", row.legal_basis != 0),
                ("supports", !row.supports.is_empty()),
                ("documents", !row.documents.is_empty()),
            ];
            let paths = given
                .into_iter()
                .filter(|(_, given)| *given)
                .map(|(path, _)| path.to_owned());
            let message = pb::UpdateInnovationRequest {
                update_mask: Some(prost_types::FieldMask {
                    paths: paths.collect(),
                }),
                innovation: Some(row),
            };
            repeat!(client, update_innovation, message).map(|_| ())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_cells_change_nothing() {
        let before = pb::Innovation {
            title: "Sipandu".into(),
            description: "Layanan izin".into(),
            status: pb::InnovationStatus::Implemented.into(),
            ..Default::default()
        };
        let row = pb::Innovation {
            description: String::new(),
            ..before.clone()
        };
        assert!(differences(&before, &row).is_empty());
        let row = pb::Innovation {
            status: pb::InnovationStatus::Stopped.into(),
            ..row
        };
        let changed = differences(&before, &row);
        assert_eq!(
            (changed[0].before.as_str(), changed[0].after.as_str()),
            ("diterapkan", "dihentikan")
        );
    }
}
