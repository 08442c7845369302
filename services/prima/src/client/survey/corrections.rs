//! Exact results and who read them; surveys that are opened again.

use prima_platform::clock;
use prima_proto::survey::v1 as pb;
use prost_types::Timestamp;

use crate::cli::{Format, SurveyExactArgs, SurveyReadArgs, SurveyReopenArgs, TableOrJson};
use crate::client::call::{self, pages};
use crate::client::connect::Survey;
use crate::client::print::{self, Table, result};

pub(super) fn local(time: Option<&Timestamp>) -> String {
    let time = time.and_then(clock::from_proto);
    time.map(print::local).unwrap_or_default()
}

/// Reads the exact result. Each reading is stored, so a call that may have been received is not repeated.
pub(super) async fn exact(client: &Survey, args: SurveyExactArgs) -> anyhow::Result<()> {
    let message = pb::ReadExactResultRequest {
        survey: args.survey,
        purpose: args.purpose,
    };
    let answer = client.clone().read_exact_result(call::request(message)).await?;
    let found = answer.into_inner().result.unwrap_or_default();
    let format = match args.output.format {
        TableOrJson::Table => Format::Table,
        TableOrJson::Json => Format::Json,
    };
    Ok(print::out(&result::render(&found, format, false)?)?)
}

pub(super) async fn readings(client: &Survey, args: SurveyReadArgs) -> anyhow::Result<()> {
    let message = pb::ListResultReadingsRequest {
        survey: args.survey,
        ..Default::default()
    };
    let all = pages!(client, list_result_readings, message, readings);
    let name = "prima.survey.v1.ListResultReadingsResponse";
    print::answer(args.output.format, name, &all, |all| {
        Table::of(&all.readings)
            .number("No", |reading| reading.number)
            .text("Waktu", |reading| local(reading.read_time.as_ref()))
            .text("Oleh", |reading| &reading.actor)
            .text("Keperluan", |reading| &reading.purpose)
            .print()
    })
}

/// Opens a closed survey again. A repeat of a call that succeeded would be refused, so it is not repeated.
pub(super) async fn reopen(client: &Survey, args: SurveyReopenArgs) -> anyhow::Result<()> {
    let message = pb::ReopenSurveyRequest {
        name: args.survey,
        reason: args.reason,
        close_time: args.close.map(clock::to_proto),
        etag: String::new(),
    };
    let answer = client.clone().reopen_survey(call::request(message)).await?;
    let survey = answer.into_inner().survey.unwrap_or_default();
    let until = match survey.close_time {
        Some(_) => format!(" sampai {}", local(survey.close_time.as_ref())),
        None => String::new(),
    };
    Ok(print::out(&format!(
        "Survei dibuka kembali{until}: {}\n",
        survey.name
    ))?)
}

pub(super) async fn changes(client: &Survey, args: SurveyReadArgs) -> anyhow::Result<()> {
    let message = pb::ListSurveyChangesRequest {
        survey: args.survey,
        ..Default::default()
    };
    let all = pages!(client, list_survey_changes, message, changes);
    let name = "prima.survey.v1.ListSurveyChangesResponse";
    print::answer(args.output.format, name, &all, |all| {
        Table::of(&all.changes)
            .number("No", |change| change.number)
            .text("Waktu", |change| local(change.change_time.as_ref()))
            .text("Oleh", |change| &change.actor)
            .text("Ditutup", |change| local(change.closed_time.as_ref()))
            .text("Dibuka sampai", |change| local(change.close_time.as_ref()))
            .text("Alasan", |change| &change.reason)
            .print()
    })
}
