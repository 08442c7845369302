//! Complaints that were received on paper or exported from SP4N-LAPOR!, with the time of their receipt.

mod codes;
mod row;

use std::collections::HashMap;

use futures::StreamExt;
use prima_proto::complaint::v1 as pb;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use self::codes::Codes;
use self::row::{ADDRESS, CATEGORY, COLUMNS, Cells, Defaults, INCIDENT, NAME, RECEIVED, report};
use super::cells::{Register, subject};
use super::loose::Loose;
use super::{BadRows, CONCURRENCY, Options, Outcome, Progress, Seen, What};
use crate::cli::ComplaintsArgs;
use crate::client::call::repeat;
use crate::client::connect::{Complaint, Connection};
use crate::client::{fault, print};

pub use self::row::channel;

/// Loads complaints. The service checks all of them before the first one is stored.
///
/// # Errors
///
/// When the file or one of its rows is bad, or the service cannot be reached; nothing was stored then.
pub async fn complaints(connection: &Connection, args: &ComplaintsArgs) -> anyhow::Result<Outcome> {
    let options = Options::of(&args.file);
    let mut loose = Loose::open(&options.source(), &COLUMNS)?;
    let client = connection.complaint().await?;
    let register = Register::read(&connection.directory().await?).await?;
    let defaults = Defaults {
        parent: match args.parent.as_str() {
            "" => String::new(),
            parent => subject(parent).map_err(anyhow::Error::msg)?,
        },
        class: args.class.clone(),
        channel: args.channel,
        order: match args.dates.order {
            Some(order) => order,
            None => loose.order(&[RECEIVED, INCIDENT])?,
        },
        reporters: (NAME..=ADDRESS).any(|column| loose.has(column)),
    };
    let mut outcome = Outcome::new(What::Complaints);
    let mut bad = BadRows::default();
    let (rows, repeats) = read(&mut loose, &defaults, &register, &mut bad)?;
    let progress = Progress::rows("Memeriksa", rows.len() as u64, options.quiet);
    let rows = checked(&client, rows, &mut bad, &progress).await?;
    drop(progress);
    print_left_out(&loose, &defaults, &options);
    outcome.skipped = bad.settle(&options, &mut loose.sheet)?;
    let new = rows.iter().filter(|row| row.state == State::New).count() as u64;
    outcome.unchanged = repeats + rows.len() as u64 - new;
    if options.dry_run {
        outcome.dry_run = true;
        outcome.created = new;
        return Ok(outcome);
    }
    let mut codes = args.codes.as_deref().map(Codes::create).transpose()?;
    let coded = codes.is_some();
    let progress = Progress::rows("Mengimpor", rows.len() as u64, options.quiet);
    // Complaints that are stored already are sent again only to get their tracking codes: the service returns its
    // stored response.
    let sent = rows
        .into_iter()
        .filter(|row| row.state == State::New || row.state == State::Known && coded)
        .map(|row| {
            let client = &client;
            async move {
                let answer = repeat!(client, submit_complaint, row.message.clone());
                (row, answer)
            }
        });
    let mut sent = futures::stream::iter(sent).buffer_unordered(CONCURRENCY);
    while let Some((row, answer)) = sent.next().await {
        progress.advance(1);
        match answer {
            Ok(answer) => {
                outcome.created += u64::from(row.state == State::New);
                if let Some(codes) = &mut codes {
                    codes.add(row.line, &row.message.sp4n_number, &answer)?;
                }
            }
            // Another import stored the same report since the rows were checked.
            Err(status) if is_there(&status) => {
                outcome.unchanged += 1;
                progress.note(&format!("baris {}: {}", row.line, fault::status_line(&status)));
            }
            Err(status) => {
                outcome.refused += 1;
                progress.note(&format!(
                    "baris {}: ditolak: {}",
                    row.line,
                    fault::status_line(&status)
                ));
            }
        }
    }
    drop(progress);
    if codes.is_none() && outcome.created > 0 && !options.quiet {
        print::note(
            "kode lacak tidak dicatat; ulangi perintah ini dengan --codes BERKAS untuk mendapatkannya (tidak ada yang digandakan)",
        );
    }
    Ok(outcome)
}

/// Prints what is not taken from the file, one line each.
fn print_left_out(loose: &Loose, defaults: &Defaults, options: &Options) {
    if options.quiet {
        return;
    }
    for name in &loose.left_out {
        print::note(&print::clean(&format!("kolom `{name}` tidak diimpor")));
    }
    if loose.has(CATEGORY) {
        print::note("kategori yang tidak dikenal dikosongkan; verifikasi yang menetapkannya");
    }
    if !defaults.reporters {
        print::note("tidak ada kolom pelapor: semua laporan dicatat sebagai laporan anonim");
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not stored yet.
    New,
    /// Stored by an earlier import of the same row.
    Known,
    /// Stored, but with other content.
    Differs,
}

#[derive(Debug, Clone)]
struct Report {
    line: u64,
    message: pb::SubmitComplaintRequest,
    state: State,
}

/// Returns the rows that the service accepts and those that it has stored already; rejected rows are added to `bad`.
async fn checked(
    client: &Complaint,
    rows: Vec<(u64, pb::SubmitComplaintRequest)>,
    bad: &mut BadRows,
    progress: &Progress,
) -> Result<Vec<Report>, Status> {
    let asked = rows.into_iter().map(|(line, message)| async move {
        let check = pb::SubmitComplaintRequest {
            validate_only: true,
            ..message.clone()
        };
        (line, message, repeat!(client, submit_complaint, check))
    });
    let mut asked = futures::stream::iter(asked).buffered(CONCURRENCY);
    let mut good = Vec::new();
    while let Some((line, message, answer)) = asked.next().await {
        progress.advance(1);
        let state = match answer {
            Ok(answer) if answer.status.is_some() => State::Known,
            Ok(_) => State::New,
            Err(status) if is_there(&status) => {
                progress.note(&format!("baris {line}: {}", fault::status_line(&status)));
                State::Differs
            }
            Err(status) if status.code() == Code::InvalidArgument => {
                bad.add(line, fault::status_line(&status));
                continue;
            }
            Err(status) => return Err(status),
        };
        good.push(Report { line, message, state });
    }
    Ok(good)
}

/// Whether the service has stored this complaint with other content, under the same SP4N number or the same request id.
fn is_there(status: &Status) -> bool {
    let reason = status.get_details_error_info().map(|info| info.reason);
    matches!(
        reason.as_deref(),
        Some("SP4N_NUMBER_EXISTS" | "REQUEST_ID_REUSED")
    )
}

/// Returns the good rows with their lines, and the number of rows that only repeat another row.
fn read(
    loose: &mut Loose,
    defaults: &Defaults,
    register: &Register,
    bad: &mut BadRows,
) -> anyhow::Result<(Vec<(u64, pb::SubmitComplaintRequest)>, u64)> {
    let places = loose.places();
    let (mut rows, mut repeats, mut seen) = (Vec::new(), 0, Seen::new());
    let mut numbers: HashMap<String, u64> = HashMap::new();
    while let Some(row) = loose.sheet.next()? {
        let line = row.line;
        if let Some(fault) = row.fault() {
            bad.add(line, fault);
            continue;
        }
        let cells = Cells {
            row: &row,
            places: &places,
        };
        let Some(message) = report(&cells, line, defaults, register, bad) else {
            continue;
        };
        match seen.check(&message.request_id, line, message.clone()) {
            Ok(true) => {}
            Ok(false) => {
                repeats += 1;
                continue;
            }
            Err(before) => {
                bad.add(
                    line,
                    format!("laporan ini sudah ada di baris {before} dengan isi lain"),
                );
                continue;
            }
        }
        let number: String = message
            .sp4n_number
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '#')
            .collect();
        match numbers.get(&number).filter(|_| !number.is_empty()) {
            Some(before) => bad.add(
                line,
                format!("nomor SP4N {number} sudah ada di baris {before} dengan isi lain"),
            ),
            None => {
                numbers.insert(number, line);
                rows.push((line, message));
            }
        }
    }
    Ok((rows, repeats))
}
