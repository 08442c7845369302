//! `prima consultation` and `prima knowledge`: questions that were asked, and answers that were published.

use std::process::ExitCode;

use prima_proto::complaint::v1 as pb;

use super::call::repeat;
use super::connect::Connection;
use super::print::{self, Columns, complaint::time, or_dash};
use crate::cli::{ConsultationCommand, KnowledgeCommand, TableOrJson};

pub(super) async fn consultation(
    connection: &Connection,
    command: ConsultationCommand,
) -> anyhow::Result<ExitCode> {
    let ConsultationCommand::List(args) = command;
    let client = connection.consultation().await?;
    let message = pb::ListConsultationsRequest {
        parent: args.parent,
        page_size: args.limit,
        ..Default::default()
    };
    let page = repeat!(client, list_consultations, message)?;
    print::out(&match args.format {
        TableOrJson::Json => print::message("prima.complaint.v1.ListConsultationsResponse", &page)?,
        TableOrJson::Table => consultations(&page.consultations),
    })?;
    print::more(&page.next_page_token);
    Ok(ExitCode::SUCCESS)
}

fn consultations(list: &[pb::Consultation]) -> String {
    let rows = list.iter().map(|one| {
        vec![
            one.name.trim_start_matches("consultations/").to_owned(),
            time(one.receive_time.as_ref()),
            kind(one.kind()).to_owned(),
            one.parent.clone(),
            one.topic.clone(),
            state(one.state()).to_owned(),
            or_dash(&one.question),
        ]
    });
    let columns = Columns {
        right: &[],
        whole: &[0],
    };
    let header = [
        "Konsultasi",
        "Diterima",
        "Jenis",
        "Kepada",
        "Topik",
        "Keadaan",
        "Pertanyaan",
    ];
    print::table(&header, columns, rows) + &format!("{} konsultasi.\n", list.len())
}

fn kind(kind: pb::ConsultationKind) -> &'static str {
    match kind {
        pb::ConsultationKind::Unspecified => "-",
        pb::ConsultationKind::ServiceDesk => "meja layanan",
        pb::ConsultationKind::Clinic => "klinik",
    }
}

fn state(state: pb::ConsultationState) -> &'static str {
    match state {
        pb::ConsultationState::Unspecified => "-",
        pb::ConsultationState::Requested => "diterima",
        pb::ConsultationState::Scheduled => "dijadwalkan",
        pb::ConsultationState::Answered => "dijawab",
        pb::ConsultationState::Completed => "selesai",
    }
}

pub(super) async fn knowledge(
    connection: &Connection,
    command: KnowledgeCommand,
) -> anyhow::Result<ExitCode> {
    let KnowledgeCommand::Search(args) = command;
    let client = connection.consultation().await?;
    let message = pb::SearchKnowledgeRequest {
        query: args.query.join(" "),
        agency: args.agency,
        page_size: args.limit,
        ..Default::default()
    };
    let page = repeat!(client, search_knowledge, message)?;
    print::out(&match args.format {
        TableOrJson::Json => print::message("prima.complaint.v1.SearchKnowledgeResponse", &page)?,
        TableOrJson::Table => entries(&page.entries),
    })?;
    print::more(&page.next_page_token);
    Ok(ExitCode::SUCCESS)
}

fn entries(list: &[pb::Knowledge]) -> String {
    let rows = list.iter().map(|one| {
        vec![
            one.question.clone(),
            one.answer.clone(),
            one.agency.clone(),
            time(one.publish_time.as_ref()),
        ]
    });
    let header = ["Pertanyaan", "Jawaban", "Instansi", "Terbit"];
    print::table(&header, Columns::default(), rows) + &format!("{} tanya jawab.\n", list.len())
}
