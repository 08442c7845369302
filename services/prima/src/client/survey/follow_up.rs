//! Voids of responses, and follow-up plans.

use prima_platform::clock;
use prima_proto::survey::v1 as pb;

use crate::cli::{FollowUpListArgs, Format, SurveyReadArgs};
use crate::client::call::pages;
use crate::client::connect::Survey;
use crate::client::print::{self, Table};

pub(super) async fn voids(client: &Survey, args: SurveyReadArgs) -> anyhow::Result<()> {
    let message = pb::ListVoidsRequest {
        survey: args.survey,
        ..Default::default()
    };
    let all = pages!(client, list_voids, message, voids);
    print::answer(
        args.output.format,
        "prima.survey.v1.ListVoidsResponse",
        &all,
        |all| {
            let time = |entry: &pb::VoidEntry| {
                let time = entry.void_time.as_ref().and_then(clock::from_proto);
                time.map(print::local).unwrap_or_default()
            };
            Table::of(&all.voids)
                .number("No", |entry| entry.number)
                .text("Waktu", time)
                .text("Oleh", |entry| &entry.actor)
                .number("Jawaban", |entry| entry.responses)
                .text("Impor", |entry| &entry.import_id)
                .text("Alasan", |entry| &entry.reason)
                .print()
        },
    )
}

pub(super) async fn list(client: &Survey, args: FollowUpListArgs) -> anyhow::Result<()> {
    let message = pb::ListFollowUpsRequest {
        parent: args.survey,
        ..Default::default()
    };
    let all = pages!(client, list_follow_ups, message, follow_ups);
    let plan = Table::of(&all.follow_ups);
    Ok(print::out(&match args.output.format {
        Format::Json => print::message("prima.survey.v1.ListFollowUpsResponse", &all)?,
        Format::Csv => plan
            .text("name", |item| &item.name)
            .text("element", |item| &item.element)
            .text("program", |item| &item.program)
            .text("quarter", |item| &item.quarter)
            .text("responsible", |item| &item.responsible)
            .text("done_date", |item| &item.done_date)
            .text("evidence", |item| &item.evidence)
            .text("note", |item| &item.note)
            .csv(true)?,
        Format::Table => {
            let table = plan
                .whole("Tindakan", |item| &item.name)
                .text("Unsur", |item| &item.element)
                .text("Program", |item| &item.program)
                .text("Rencana", |item| &item.quarter)
                .text("Penanggung jawab", |item| &item.responsible)
                .text("Selesai", |item| &item.done_date)
                .text("Bukti", |item| &item.evidence);
            table.print() + &format!("{} dari {} tindakan selesai.\n", all.done, all.planned)
        }
    })?)
}
