//! Publishes the league table of the demo, after one objection that is decided, and tells how to verify it.

use std::{path::Path, time::Duration};

use anyhow::bail;
use chrono::TimeDelta;
use prima_platform::clock::{self, Clock};
use prima_proto::ranking::v1 as pb;

use super::{COHORT, PERIOD};
use crate::{
    cli::publish::IssueArgs,
    client::{
        call::{pages, repeat},
        connect::{Connection, Ranking},
        league_name, print,
        publish::{decided, filed, issue, proposed},
    },
    run::publication::PUBLIC,
};

/// How long objections to the table of the demo can be filed.
const OBJECTIONS: TimeDelta = TimeDelta::seconds(5);
/// How long the files may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Publishes the table unless it is published, and waits for its files.
pub async fn publish(endpoint: &str, token: &str, data: &Path) -> anyhow::Result<()> {
    let client = Connection::new(endpoint, token)?.ranking().await?;
    let message = pb::ListPublishedLeagueTablesRequest::default();
    let all = pages!(client, list_published_league_tables, message, published);
    let table = league_name("skm", PERIOD, COHORT);
    let published = match all.published.into_iter().find(|one| one.table == table) {
        Some(published) => published,
        None => {
            let message = pb::ListProposedLeagueTablesRequest::default();
            let all = pages!(client, list_proposed_league_tables, message, proposals);
            let open =
                |one: &pb::ProposedLeagueTable| one.table == table && one.state() == pb::ProposalState::Open;
            let replaces = all.proposals.into_iter().find(open).map(|open| open.name);
            // A start that ended before its decisions left a proposal that can't be replaced without them.
            if let Some(open) = &replaces {
                reject_all(&client, open).await?;
            }
            let end = Clock::system().now() + OBJECTIONS;
            let message = pb::ProposeLeagueTableRequest {
                table: table.clone(),
                objection_end_time: Some(clock::to_proto(end)),
                replaces: replaces.unwrap_or_default(),
                ..Default::default()
            };
            let proposal = proposed(&client, message).await?;
            let message = pb::GetProposedLeagueTableRequest {
                name: proposal.name.clone(),
                page_size: 1,
                ..Default::default()
            };
            let preview = repeat!(client, get_proposed_league_table, message)?;
            let last = preview
                .rows
                .first()
                .map(|row| row.subject.clone())
                .unwrap_or_default();
            print::note(&format!(
                "Usulan penetapan {}: masa sanggah {} detik (contoh)",
                proposal.name,
                OBJECTIONS.num_seconds()
            ));
            object(endpoint, data, &proposal.name, &last).await?;
            reject_all(&client, &proposal.name).await?;
            let left = end - Clock::system().now();
            tokio::time::sleep(left.to_std().unwrap_or_default() + Duration::from_millis(100)).await;
            let decree = IssueArgs {
                name: proposal.name,
                number: "CONTOH/1/2024".to_owned(),
                date: "2024-10-31".to_owned(),
                signatory: "Nama Contoh (data sintetis)".to_owned(),
                position: "Jabatan Contoh".to_owned(),
            };
            issue(&client, &decree).await?
        }
    };
    let number = published.name.rsplit('/').next().unwrap_or_default();
    let folder = data.join("public");
    let file = folder.join("tables").join(number).join("tabel.jsonl");
    let written = async {
        while !file.exists() || !folder.join("checkpoint").exists() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, written).await.is_err() {
        bail!("berkas {} belum ditulis", file.display())
    }
    print::note(&format!(
        "Tabel contoh ditetapkan sebagai {}; periksa tanpa peladen:\n  prima verify {} --log {} --keys {}",
        published.name,
        file.display(),
        folder.display(),
        data.join(PUBLIC).display()
    ));
    Ok(())
}

/// Rejects the undecided objections to a proposal.
async fn reject_all(client: &Ranking, proposal: &str) -> anyhow::Result<()> {
    let message = pb::ListTableObjectionsRequest {
        parent: proposal.to_owned(),
        ..Default::default()
    };
    let all = repeat!(client, list_table_objections, message)?.objections;
    let undecided = |one: &&pb::TableObjection| one.decision() == pb::ObjectionDecision::Unspecified;
    for objection in all.iter().filter(undecided) {
        let reason = "Contoh: nilainya dihitung ulang dan tetap sama (data sintetis).";
        decided(client, &objection.name, pb::ObjectionDecision::Rejected, reason).await?;
    }
    Ok(())
}

/// Files an objection as the operator of the agency, when the key that makes tokens is at hand.
async fn object(endpoint: &str, data: &Path, proposal: &str, subject: &str) -> anyhow::Result<()> {
    let key = data.join("key.pem");
    let Some(agency) = subject.split('/').nth(1).filter(|_| key.exists()) else {
        return Ok(());
    };
    let signer = prima_platform::token::Signer::load(&key)?;
    let token = signer.sign(
        "operator-contoh",
        &[prima_platform::caller::Role::Operator],
        &[agency.to_owned()],
        Clock::system().now(),
        TimeDelta::hours(1),
    )?;
    let client = Connection::new(endpoint, &token)?.ranking().await?;
    let grounds = "Contoh: mohon nilai dihitung ulang (data sintetis).";
    filed(&client, proposal, subject, grounds).await?;
    Ok(())
}
