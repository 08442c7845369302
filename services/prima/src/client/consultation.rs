//! `prima consultation` and `prima knowledge`: questions that were asked, and answers that were published.

use prima_proto::complaint::v1 as pb;

use super::call::repeat;
use super::connect::Connection;
use super::print::{self, Table, complaint::time};
use crate::cli::{ConsultationCommand, KnowledgeCommand};

pub(super) async fn consultation(
    connection: &Connection,
    command: ConsultationCommand,
) -> anyhow::Result<()> {
    let ConsultationCommand::List(args) = command;
    let client = connection.consultation().await?;
    let message = pb::ListConsultationsRequest {
        parent: args.parent,
        page_size: args.page.limit,
        ..Default::default()
    };
    let page = repeat!(client, list_consultations, message)?;
    let name = "prima.complaint.v1.ListConsultationsResponse";
    print::answer(args.page.output.format, name, &page, |page| {
        consultations(&page.consultations)
    })?;
    print::more(&page.next_page_token);
    Ok(())
}

fn consultations(list: &[pb::Consultation]) -> String {
    let table = Table::of(list)
        .whole("Konsultasi", |one| one.name.trim_start_matches("consultations/"))
        .text("Diterima", |one| time(one.receive_time.as_ref()))
        .text("Jenis", |one| kind(one.kind()))
        .text("Kepada", |one| &one.parent)
        .text("Topik", |one| &one.topic)
        .text("Keadaan", |one| state(one.state()))
        .text("Pertanyaan", |one| &one.question);
    table.print() + &format!("{} konsultasi.\n", list.len())
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

pub(super) async fn knowledge(connection: &Connection, command: KnowledgeCommand) -> anyhow::Result<()> {
    let KnowledgeCommand::Search(args) = command;
    let client = connection.consultation().await?;
    let message = pb::SearchKnowledgeRequest {
        query: args.query.join(" "),
        agency: args.agency,
        page_size: args.page.limit,
        ..Default::default()
    };
    let page = repeat!(client, search_knowledge, message)?;
    let name = "prima.complaint.v1.SearchKnowledgeResponse";
    print::answer(args.page.output.format, name, &page, |page| {
        entries(&page.entries)
    })?;
    print::more(&page.next_page_token);
    Ok(())
}

fn entries(list: &[pb::Knowledge]) -> String {
    let table = Table::of(list)
        .text("Pertanyaan", |one| &one.question)
        .text("Jawaban", |one| &one.answer)
        .text("Instansi", |one| &one.agency)
        .text("Terbit", |one| time(one.publish_time.as_ref()));
    table.print() + &format!("{} tanya jawab.\n", list.len())
}
