//! `prima publish`: how a league table becomes official.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use chrono::TimeDelta;
use prima_platform::{
    clock::{self, Clock},
    private_file,
    tlog::{
        checkpoint::{Checkpoint, cosign, signer_key},
        note::{Kind, Note, VerifierKey},
        witness,
    },
    token::Signer,
};
use prima_proto::ranking::v1 as pb;
use prost_types::Timestamp;

use super::{
    call::{pages, repeat, request_id},
    connect::{Connection, Ranking},
    print::{self, Table},
    read::league_name,
};
use crate::cli::publish::{
    DecideArgs, DownloadArgs, IssueArgs, NamedArgs, ObjectArgs, ProposeArgs, PublishCommand, PublishedFormat,
    ReceiptArgs, WitnessArgs,
};

pub(super) async fn run(connection: &Connection, command: PublishCommand) -> anyhow::Result<()> {
    if let PublishCommand::WitnessKey(args) = &command {
        let signer = Signer::load(&args.key).with_context(|| format!("kunci {}", args.key.display()))?;
        let key = signer_key(&signer, &args.name, Kind::Cosignature).context("nama saksi")?;
        return Ok(print::out(&format!("{key}\n"))?);
    }
    let client = connection.ranking().await?;
    match command {
        PublishCommand::WitnessKey(_) => Ok(()),
        PublishCommand::Propose(args) => propose(&client, &args).await,
        PublishCommand::Proposals(args) => {
            let message = pb::ListProposedLeagueTablesRequest::default();
            let all = pages!(client, list_proposed_league_tables, message, proposals);
            let name = "prima.ranking.v1.ListProposedLeagueTablesResponse";
            print::answer(args.format, name, &all, |all| proposals(&all.proposals))
        }
        PublishCommand::Show(args) => show(&client, &args).await,
        PublishCommand::Object(args) => object(&client, &args).await,
        PublishCommand::Objections(args) => objections(&client, &args).await,
        PublishCommand::Decide(args) => decide(&client, &args).await,
        PublishCommand::Issue(args) => {
            let published = issue(&client, &args).await?;
            Ok(print::out(&format!(
                "{}: {}\n",
                published.name, published.citation
            ))?)
        }
        PublishCommand::List(args) => {
            let message = pb::ListPublishedLeagueTablesRequest::default();
            let all = pages!(client, list_published_league_tables, message, published);
            let name = "prima.ranking.v1.ListPublishedLeagueTablesResponse";
            print::answer(args.format, name, &all, |all| published(&all.published))
        }
        PublishCommand::Download(args) => download(&client, &args).await,
        PublishCommand::Receipt(args) => receipt(&client, &args).await,
        PublishCommand::Keys => {
            let message = pb::GetLogCheckpointRequest::default();
            let answer = repeat!(client, get_log_checkpoint, message)?;
            Ok(print::out(&answer.keys)?)
        }
        PublishCommand::Witness(args) => witness(&client, &args).await,
    }
}

fn name_in(collection: &str, text: &str) -> String {
    match text.contains('/') {
        true => text.to_owned(),
        false => format!("{collection}/{text}"),
    }
}

async fn propose(client: &Ranking, args: &ProposeArgs) -> anyhow::Result<()> {
    let end = Clock::system().now() + TimeDelta::hours(args.objection_hours.into()) + TimeDelta::minutes(1);
    let corrects = args.corrects.map(|number| format!("publishedTables/{number}"));
    let replaces = args.replaces.as_ref().map(|name| name_in("proposedTables", name));
    let message = pb::ProposeLeagueTableRequest {
        table: league_name(&args.metric, &args.period, &args.cohort),
        objection_end_time: Some(clock::to_proto(end)),
        corrects: corrects.unwrap_or_default(),
        correction_reason: args.reason.clone().unwrap_or_default(),
        replaces: replaces.unwrap_or_default(),
        ..Default::default()
    };
    let proposal = proposed(client, message).await?;
    Ok(print::out(&format!(
        "{}: {} baris berperingkat; masa sanggah sampai {}\n",
        proposal.name,
        proposal.ranked,
        local(proposal.objection_end_time)
    ))?)
}

/// Proposes a table.
pub(crate) async fn proposed(
    client: &Ranking,
    mut message: pb::ProposeLeagueTableRequest,
) -> anyhow::Result<pb::ProposedLeagueTable> {
    message.request_id = request_id("ProposeLeagueTable", &message);
    let answer = repeat!(client, propose_league_table, message)?;
    Ok(answer.proposal.unwrap_or_default())
}

fn local(time: Option<Timestamp>) -> String {
    let time = time.as_ref().and_then(clock::from_proto);
    time.map_or_else(|| "-".to_owned(), print::local)
}

async fn show(client: &Ranking, args: &NamedArgs) -> anyhow::Result<()> {
    let message = pb::GetProposedLeagueTableRequest {
        name: name_in("proposedTables", &args.name),
        ..Default::default()
    };
    let all = pages!(client, get_proposed_league_table, message, rows);
    let name = "prima.ranking.v1.GetProposedLeagueTableResponse";
    print::answer(args.output.format, name, &all, |all| {
        let head = proposals(all.proposal.as_slice());
        format!("{head}{}", rows(&all.rows))
    })
}

fn rows(rows: &[pb::PublishedRow]) -> String {
    Table::of(rows)
        .text("Peringkat", |row| match row.rank {
            0 => "-".to_owned(),
            rank => rank.to_string(),
        })
        .whole("Subjek", |row| &row.subject)
        .text("Nama", |row| &row.display_name)
        .text("Nilai", |row| print::or_dash(&row.score))
        .text("Kategori", |row| print::or_dash(&row.category))
        .print()
}

fn proposals(proposals: &[pb::ProposedLeagueTable]) -> String {
    Table::of(proposals)
        .whole("Usulan", |proposal| &proposal.name)
        .text("Tabel", |proposal| &proposal.table)
        .text("Keadaan", |proposal| match proposal.state() {
            pb::ProposalState::Published => "ditetapkan",
            pb::ProposalState::Replaced => "diganti",
            pb::ProposalState::Open | pb::ProposalState::Unspecified => "terbuka",
        })
        .text("Masa sanggah sampai", |proposal| {
            local(proposal.objection_end_time)
        })
        .number("Sanggah", |proposal| proposal.objections)
        .number("Belum diputus", |proposal| proposal.undecided)
        .print()
}

async fn object(client: &Ranking, args: &ObjectArgs) -> anyhow::Result<()> {
    let filed = filed(client, &args.name, &args.subject, &args.grounds).await?;
    Ok(print::out(&format!("{}\n", filed.name))?)
}

/// Files an objection.
pub(crate) async fn filed(
    client: &Ranking,
    proposal: &str,
    subject: &str,
    grounds: &str,
) -> anyhow::Result<pb::TableObjection> {
    let mut message = pb::FileTableObjectionRequest {
        proposal: name_in("proposedTables", proposal),
        subject: subject.to_owned(),
        grounds: grounds.to_owned(),
        ..Default::default()
    };
    message.request_id = request_id("FileTableObjection", &message);
    let answer = repeat!(client, file_table_objection, message)?;
    Ok(answer.objection.unwrap_or_default())
}

async fn objections(client: &Ranking, args: &NamedArgs) -> anyhow::Result<()> {
    let message = pb::ListTableObjectionsRequest {
        parent: name_in("proposedTables", &args.name),
        ..Default::default()
    };
    let all = pages!(client, list_table_objections, message, objections);
    let name = "prima.ranking.v1.ListTableObjectionsResponse";
    print::answer(args.output.format, name, &all, |all| {
        Table::of(&all.objections)
            .whole("Sanggah", |objection| &objection.name)
            .text("Subjek", |objection| &objection.subject)
            .text("Alasan", |objection| &objection.grounds)
            .text("Keputusan", |objection| match objection.decision() {
                pb::ObjectionDecision::Accepted => "diterima",
                pb::ObjectionDecision::Rejected => "ditolak",
                pb::ObjectionDecision::Unspecified => "belum",
            })
            .text("Alasan keputusan", |objection| {
                print::or_dash(&objection.decision_reason)
            })
            .print()
    })
}

async fn decide(client: &Ranking, args: &DecideArgs) -> anyhow::Result<()> {
    let decision = match args.accept {
        true => pb::ObjectionDecision::Accepted,
        false => pb::ObjectionDecision::Rejected,
    };
    decided(client, &args.name, decision, &args.reason).await?;
    Ok(print::out("Keputusan tersimpan\n")?)
}

/// Decides an objection.
pub(crate) async fn decided(
    client: &Ranking,
    name: &str,
    decision: pb::ObjectionDecision,
    reason: &str,
) -> anyhow::Result<()> {
    let mut message = pb::DecideTableObjectionRequest {
        name: name.to_owned(),
        decision: decision.into(),
        reason: reason.to_owned(),
        ..Default::default()
    };
    message.request_id = request_id("DecideTableObjection", &message);
    repeat!(client, decide_table_objection, message)?;
    Ok(())
}

/// Publishes a proposal.
pub(crate) async fn issue(client: &Ranking, args: &IssueArgs) -> anyhow::Result<pb::PublishedLeagueTable> {
    let mut message = pb::PublishLeagueTableRequest {
        proposal: name_in("proposedTables", &args.name),
        decree: Some(pb::Decree {
            number: args.number.clone(),
            date: args.date.clone(),
            signatory: args.signatory.clone(),
            signatory_position: args.position.clone(),
        }),
        ..Default::default()
    };
    message.request_id = request_id("PublishLeagueTable", &message);
    let answer = repeat!(client, publish_league_table, message)?;
    Ok(answer.published.unwrap_or_default())
}

fn published(published: &[pb::PublishedLeagueTable]) -> String {
    Table::of(published)
        .whole("Publikasi", |one| &one.name)
        .text("Tabel", |one| &one.table)
        .text("Keputusan", |one| {
            one.decree
                .as_ref()
                .map_or("-", |decree| decree.number.as_str())
                .to_owned()
        })
        .text("Ditetapkan", |one| local(one.publish_time))
        .number("Berperingkat", |one| one.ranked)
        .text("Dikoreksi oleh", |one| print::or_dash(&one.corrected_by))
        .print()
}

async fn download(client: &Ranking, args: &DownloadArgs) -> anyhow::Result<()> {
    let format = match args.format {
        PublishedFormat::Sealed => pb::PublishedTableFormat::Sealed,
        PublishedFormat::Csv => pb::PublishedTableFormat::Csv,
        PublishedFormat::Xlsx => pb::PublishedTableFormat::Xlsx,
        PublishedFormat::Json => pb::PublishedTableFormat::Json,
    };
    let bytes = downloaded(client, &name_in("publishedTables", &args.name), format).await?;
    write(&args.output, &bytes, format == pb::PublishedTableFormat::Sealed)
}

/// A published table as a file.
async fn downloaded(
    client: &Ranking,
    name: &str,
    format: pb::PublishedTableFormat,
) -> anyhow::Result<Vec<u8>> {
    let message = pb::DownloadPublishedLeagueTableRequest {
        name: name.to_owned(),
        format: format.into(),
    };
    let answer = client.clone().download_published_league_table(message).await?;
    let mut stream = answer.into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = stream.message().await? {
        bytes.extend(piece.data);
    }
    Ok(bytes)
}

async fn receipt(client: &Ranking, args: &ReceiptArgs) -> anyhow::Result<()> {
    let message = pb::GetInclusionProofRequest {
        name: name_in("publishedTables", &args.name),
        subject: args.subject.clone(),
    };
    let answer = repeat!(client, get_inclusion_proof, message)?;
    write(&args.output, answer.receipt.as_bytes(), true)
}

fn write(path: &Path, bytes: &[u8], has_proof: bool) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("berkas `{}`", path.display()))?;
    let shown = path.display();
    print::note(&match has_proof {
        true => format!("{shown} ditulis; periksa dengan: prima verify {shown} --key KUNCI"),
        false => format!("{shown} ditulis; yang bertanda tangan adalah bentuk sealed"),
    });
    Ok(())
}

/// Checks that the log continues the head that this witness saw last, signs its head, and remembers it.
async fn witness(client: &Ranking, args: &WitnessArgs) -> anyhow::Result<()> {
    let seen = seen(&args.seen)?;
    let old = seen.as_ref().map_or(0, |seen| seen.size);
    let message = pb::GetLogCheckpointRequest {
        old_size: i64::try_from(old).unwrap_or_default(),
    };
    // A log that has become shorter has no proof; its head alone shows it.
    let answer = match repeat!(client, get_log_checkpoint, message) {
        Err(status) if status.code() == tonic::Code::InvalidArgument => {
            repeat!(client, get_log_checkpoint, pb::GetLogCheckpointRequest::default())?
        }
        answer => answer?,
    };
    let note = Note::parse(&answer.checkpoint).context("kepala log bukan signed note")?;
    let head = Checkpoint::verified(&note, &keys_of(&args.keys)?)
        .context("kepala log tidak ditandatangani dengan kunci yang diberikan")?;
    let proof: Option<Vec<_>> = answer
        .consistency
        .iter()
        .map(|hash| hash.as_slice().try_into().ok())
        .collect();
    witness::check(seen.as_ref(), &head, &proof.unwrap_or_default()).map_err(refused)?;
    let signer =
        Signer::load(&args.witness.key).with_context(|| format!("kunci {}", args.witness.key.display()))?;
    let time = u64::try_from(Clock::system().now().timestamp()).unwrap_or_default();
    let signature = cosign(&note.text, &args.witness.name, &signer, time).context("nama saksi")?;
    // It is remembered before it is signed for others: a witness that forgets would sign a fork.
    remember(&args.seen, &answer.checkpoint)?;
    if head.size == 0 {
        return Ok(print::out("Log masih kosong\n")?);
    }
    let mut message = pb::AddCosignatureRequest {
        size: i64::try_from(head.size).unwrap_or_default(),
        signature: signature.to_string(),
        ..Default::default()
    };
    message.request_id = request_id("AddCosignature", &message);
    let answer = repeat!(client, add_cosignature, message)?;
    Ok(print::out(&answer.checkpoint)?)
}

/// The keys in a file.
pub(crate) fn keys_of(path: &Path) -> anyhow::Result<Vec<VerifierKey>> {
    let text = fs::read_to_string(path).with_context(|| format!("berkas kunci `{}`", path.display()))?;
    match VerifierKey::list(&text) {
        Ok(keys) => Ok(keys),
        Err(line) => bail!("berkas kunci `{}`: baris {line} bukan kunci", path.display()),
    }
}

/// The head of the log in a file; `None` when there is no such file.
pub(crate) fn seen(path: &Path) -> anyhow::Result<Option<Checkpoint>> {
    if !path.exists() {
        return Ok(None);
    }
    let shown = || format!("berkas `{}`", path.display());
    let text = fs::read_to_string(path).with_context(shown)?;
    let note = Note::parse(&text).with_context(shown)?;
    Ok(Some(Checkpoint::parse(&note.text).with_context(shown)?))
}

/// Writes the head of the log that was seen, in place of the one before. It is on disk when this returns, and a process that is killed
/// leaves one of the two whole: without it, the next one would accept a fork.
pub(crate) fn remember(path: &Path, head: &str) -> anyhow::Result<()> {
    private_file::replace(path, head).with_context(|| format!("berkas `{}`", path.display()))
}

/// Why a witness does not go on, for people.
pub(crate) fn refused(fault: witness::Fault) -> anyhow::Error {
    anyhow::anyhow!(match fault {
        witness::Fault::OtherLog => "TIDAK SAH: ini log lain".to_owned(),
        witness::Fault::Shortened { old, new } => format!(
            "TIDAK SAH: log MEMENDEK dari {old} menjadi {new} entri; simpan kedua kepalanya sebagai bukti"
        ),
        witness::Fault::Forked(size) => format!(
            "TIDAK SAH: log BERCABANG: {size} entri pertamanya bukan yang dilihat sebelumnya; simpan kedua kepalanya sebagai bukti"
        ),
    })
}
