//! Voiding of responses, publication of results, and follow-up plans.

use prima_platform::clock;
use prima_proto::survey::v1 as pb;

use super::{PAGE, request_id_of};
use crate::cli::{
    FollowUpAddArgs, FollowUpCommand, FollowUpDoneArgs, FollowUpListArgs, Format, PublishArgs, TableOrJson,
    VoidArgs, VoidsArgs,
};
use crate::client::call::repeat;
use crate::client::connect::Survey;
use crate::client::print::{self, Columns, or_dash};

pub(super) async fn void(client: &Survey, args: VoidArgs) -> anyhow::Result<()> {
    let which = match args.import_id {
        Some(id) => pb::void_responses_request::Which::ImportId(id),
        None => pb::void_responses_request::Which::Responses(pb::ResponseIds { ids: args.response }),
    };
    let mut message = pb::VoidResponsesRequest {
        request_id: String::new(),
        survey: args.survey,
        which: Some(which),
        reason: args.reason,
    };
    message.request_id = request_id_of("VoidResponses", &message);
    let entry = repeat!(client, void_responses, message)?.void.unwrap_or_default();
    print::out(&match args.format {
        TableOrJson::Json => print::message("prima.survey.v1.VoidEntry", &entry)?,
        TableOrJson::Table => {
            // A voided response keeps its id, so importing the same file again would change nothing.
            let again = match entry.import_id.is_empty() {
                true => "",
                false => "Berkas yang sudah diperbaiki diimpor dengan --again LABEL\n",
            };
            format!(
                "Pembatalan {}: {} jawaban dibatalkan\n{again}",
                entry.number, entry.responses
            )
        }
    })?;
    Ok(())
}

pub(super) async fn voids(client: &Survey, args: &VoidsArgs) -> anyhow::Result<()> {
    let mut all = pb::ListVoidsResponse::default();
    loop {
        let message = pb::ListVoidsRequest {
            survey: args.survey.clone(),
            page_size: PAGE,
            page_token: std::mem::take(&mut all.next_page_token),
        };
        let page = repeat!(client, list_voids, message)?;
        all.voids.extend(page.voids);
        all.next_page_token = page.next_page_token;
        if all.next_page_token.is_empty() {
            break;
        }
    }
    if args.format == TableOrJson::Json {
        return Ok(print::out(&print::message(
            "prima.survey.v1.ListVoidsResponse",
            &all,
        )?)?);
    }
    let rows = all.voids.iter().map(|entry| {
        let time = entry
            .void_time
            .as_ref()
            .and_then(clock::from_proto)
            .map(print::local);
        vec![
            entry.number.to_string(),
            time.unwrap_or_default(),
            entry.actor.clone(),
            entry.responses.to_string(),
            or_dash(&entry.import_id),
            entry.reason.clone(),
        ]
    });
    let columns = Columns {
        right: &[0, 3],
        whole: &[],
    };
    let header = ["No", "Waktu", "Oleh", "Jawaban", "Impor", "Alasan"];
    Ok(print::out(&print::table(&header, columns, rows))?)
}

pub(super) async fn publish(client: &Survey, args: PublishArgs) -> anyhow::Result<()> {
    let mut message = pb::PublishResultRequest {
        request_id: String::new(),
        survey: args.survey,
        publish_date: args.date,
        media: args.media,
    };
    message.request_id = request_id_of("PublishResult", &message);
    let publication = repeat!(client, publish_result, message)?
        .publication
        .unwrap_or_default();
    if args.format == TableOrJson::Json {
        return Ok(print::out(&print::message(
            "prima.survey.v1.Publication",
            &publication,
        )?)?);
    }
    let mut text = format!(
        "Dipublikasikan sejak {} lewat {} jenis media:\n",
        publication.publish_date, publication.media_kinds
    );
    for medium in &publication.media {
        text += &print::clean(&format!("  {} {}", medium.kind, medium.link));
        text.push('\n');
    }
    Ok(print::out(&text)?)
}

pub(super) async fn follow_up(client: &Survey, command: FollowUpCommand) -> anyhow::Result<()> {
    match command {
        FollowUpCommand::Add(args) => add(client, args).await,
        FollowUpCommand::Done(args) => done(client, args).await,
        FollowUpCommand::List(args) => list(client, &args).await,
    }
}

async fn add(client: &Survey, args: FollowUpAddArgs) -> anyhow::Result<()> {
    let mut message = pb::CreateFollowUpRequest {
        request_id: String::new(),
        parent: args.survey,
        follow_up_id: args.id,
        follow_up: Some(pb::FollowUp {
            element: args.element,
            program: args.program,
            quarter: args.quarter,
            responsible: args.responsible,
            ..Default::default()
        }),
    };
    message.request_id = request_id_of("CreateFollowUp", &message);
    let planned = repeat!(client, create_follow_up, message)?
        .follow_up
        .unwrap_or_default();
    print_action(&planned, args.format, "Tindak lanjut direncanakan")
}

async fn done(client: &Survey, args: FollowUpDoneArgs) -> anyhow::Result<()> {
    let message = pb::CompleteFollowUpRequest {
        name: args.name,
        etag: String::new(),
        done_date: args.date,
        evidence: args.evidence,
        note: args.note,
    };
    // This is not repeated, because a second try would report that the action is already done.
    let answer = client
        .clone()
        .complete_follow_up(crate::client::call::request(message))
        .await?;
    let done = answer.into_inner().follow_up.unwrap_or_default();
    print_action(&done, args.format, "Tindak lanjut selesai")
}

fn print_action(follow_up: &pb::FollowUp, format: TableOrJson, what: &str) -> anyhow::Result<()> {
    print::out(&match format {
        TableOrJson::Json => print::message("prima.survey.v1.FollowUp", follow_up)?,
        TableOrJson::Table => format!("{what}: {}\n", follow_up.name),
    })?;
    Ok(())
}

async fn list(client: &Survey, args: &FollowUpListArgs) -> anyhow::Result<()> {
    let mut all = pb::ListFollowUpsResponse::default();
    loop {
        let message = pb::ListFollowUpsRequest {
            parent: args.survey.clone(),
            page_size: PAGE,
            page_token: std::mem::take(&mut all.next_page_token),
        };
        let page = repeat!(client, list_follow_ups, message)?;
        all.follow_ups.extend(page.follow_ups);
        (all.planned, all.done) = (page.planned, page.done);
        all.next_page_token = page.next_page_token;
        if all.next_page_token.is_empty() {
            break;
        }
    }
    let row = |item: &pb::FollowUp| -> [String; 8] {
        [
            item.name.clone(),
            item.element.clone(),
            item.program.clone(),
            item.quarter.clone(),
            item.responsible.clone(),
            item.done_date.clone(),
            item.evidence.clone(),
            item.note.clone(),
        ]
    };
    print::out(&match args.format {
        Format::Json => print::message("prima.survey.v1.ListFollowUpsResponse", &all)?,
        Format::Csv => {
            let header = [
                "name",
                "element",
                "program",
                "quarter",
                "responsible",
                "done_date",
                "evidence",
                "note",
            ];
            let rows = all
                .follow_ups
                .iter()
                .map(|item| row(item).map(Into::into).to_vec());
            print::csv(Some(&header), rows)?
        }
        Format::Table => {
            let header = [
                "Tindakan",
                "Unsur",
                "Program",
                "Rencana",
                "Penanggung jawab",
                "Selesai",
                "Bukti",
            ];
            let columns = Columns {
                right: &[],
                whole: &[0],
            };
            let rows = all.follow_ups.iter().map(|item| {
                let mut cells = row(item).to_vec();
                cells.pop();
                cells.iter().map(|cell| or_dash(cell)).collect()
            });
            let table = print::table(&header, columns, rows);
            format!("{table}{} dari {} tindakan selesai.\n", all.done, all.planned)
        }
    })?;
    Ok(())
}
