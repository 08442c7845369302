//! `prima complaint`: complaints are submitted, read and watched; performance figures are shown.

use std::cell::RefCell;
use std::process::ExitCode;

use prima_proto::complaint::v1 as pb;
use prost::Message;
use prost_reflect::DynamicMessage;

use anyhow::Context;

use super::call::{repeat, request_id};
use super::connect::{Complaint, Connection};
use super::contract;
use super::print::{self, complaint as view, complaint_figures as figures};
use super::read::follow;
use super::text;
use super::workflow_labels::WorkflowLabels;
use crate::cli::{
    ComplaintCommand, ComplaintListArgs, ComplaintOrder, ComplaintPerformanceArgs, ComplaintWatchArgs,
    TableOrJson,
};

/// Longest file of a complaint, in bytes. A service accepts far less.
const REPORT_MAX: u64 = 1 << 20;

pub(super) async fn run(connection: &Connection, command: ComplaintCommand) -> anyhow::Result<ExitCode> {
    match command {
        ComplaintCommand::Submit(args) => {
            let message = report(&super::document(&args.file, REPORT_MAX)?)?;
            let client = connection.complaint().await?;
            let answer = repeat!(client, submit_complaint, message)?;
            print::out(&view::submitted(&answer))?;
        }
        ComplaintCommand::List(args) => list(&connection.complaint().await?, args).await?,
        ComplaintCommand::Show(args) => {
            let message = pb::GetComplaintRequest {
                name: full(&args.name),
            };
            let client = connection.complaint().await?;
            let complaint = repeat!(client, get_complaint, message)?.complaint;
            show(connection, &complaint.unwrap_or_default(), args.output.format).await?;
        }
        ComplaintCommand::Track(args) => {
            let mut secrets = text::secrets(&args.file, 2)?.into_iter();
            let message = pb::TrackComplaintRequest {
                access: Some(pb::Access {
                    tracking_code: secrets.next().unwrap_or_default(),
                    secret: secrets.next().unwrap_or_default(),
                }),
            };
            let client = connection.complaint().await?;
            let complaint = repeat!(client, track_complaint, message)?.complaint;
            show(connection, &complaint.unwrap_or_default(), args.output.format).await?;
        }
        ComplaintCommand::Watch(args) => return watch(connection, args).await,
        ComplaintCommand::Performance(args) => performance(connection, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The resource name of a complaint; `name` may also be its bare id.
fn full(name: &str) -> String {
    format!("complaints/{}", name.strip_prefix("complaints/").unwrap_or(name))
}

/// Reads the complaint in a file. When the file gives no request id, the id is derived from the content, so that
/// sending the file again is a repeat.
fn report(json: &str) -> anyhow::Result<pb::SubmitComplaintRequest> {
    let descriptor = contract::message("prima.complaint.v1.SubmitComplaintRequest")?;
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = DynamicMessage::deserialize(descriptor, &mut reader);
    let read = read.and_then(|message| reader.end().map(|()| message));
    let message = read.context("berkas bukan SubmitComplaintRequest dalam JSON")?;
    let mut message = pb::SubmitComplaintRequest::decode(message.encode_to_vec().as_slice())?;
    if message.request_id.is_empty() {
        message.request_id = request_id("SubmitComplaint", &message);
    }
    Ok(message)
}

async fn list(client: &Complaint, args: ComplaintListArgs) -> anyhow::Result<()> {
    let order = match args.order {
        ComplaintOrder::Newest => pb::ComplaintOrder::Newest,
        ComplaintOrder::Due => pb::ComplaintOrder::Due,
    };
    let message = pb::ListComplaintsRequest {
        parent: args.parent,
        state: args.state,
        class: args.class,
        open: args.open,
        overdue: args.overdue,
        order: order.into(),
        page_size: args.page.limit,
        page_token: String::new(),
    };
    let page = repeat!(client, list_complaints, message)?;
    let name = "prima.complaint.v1.ListComplaintsResponse";
    print::answer(args.page.output.format, name, &page, |page| {
        view::list(&page.complaints)
    })?;
    print::more(&page.next_page_token);
    Ok(())
}

async fn show(connection: &Connection, complaint: &pb::Complaint, format: TableOrJson) -> anyhow::Result<()> {
    let labels = WorkflowLabels::read_for(connection, format).await?;
    let name = "prima.complaint.v1.Complaint";
    print::answer(format, name, complaint, |complaint| {
        view::detail(complaint, &labels)
    })
}

/// Prints each event. When the stream breaks, watching resumes after the last event that was printed.
async fn watch(connection: &Connection, args: ComplaintWatchArgs) -> anyhow::Result<ExitCode> {
    let client = connection.complaint().await?;
    let labels = WorkflowLabels::read_for(connection, args.output.format).await?;
    let after = RefCell::new(args.after);
    let open = || {
        let message = pb::WatchComplaintsRequest {
            parent: args.parent.clone(),
            after: after.borrow().clone(),
        };
        let mut client = client.clone();
        async move { client.watch_complaints(message).await }
    };
    follow(open, |message: pb::WatchComplaintsResponse| {
        print::out(&match args.output.format {
            TableOrJson::Json => print::message_line("prima.complaint.v1.WatchComplaintsResponse", &message)?,
            TableOrJson::Table => view::event(&message, &labels),
        })?;
        *after.borrow_mut() = message.cursor;
        Ok(())
    })
    .await
}

async fn performance(connection: &Connection, args: ComplaintPerformanceArgs) -> anyhow::Result<()> {
    let client = connection.complaint().await?;
    let (unit, agency) = match args.subject.contains("/units/") {
        true => (args.subject, String::new()),
        false => (String::new(), args.subject),
    };
    let message = pb::GetPerformanceRequest {
        unit,
        agency,
        period: args.period,
    };
    let answer = repeat!(client, get_performance, message)?;
    let labels = WorkflowLabels::read_for(connection, args.output.format).await?;
    let name = "prima.complaint.v1.GetPerformanceResponse";
    print::answer(args.output.format, name, &answer, |answer| {
        figures::performance(answer, &labels)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_may_be_named_by_its_bare_id() {
        assert_eq!(full("0198"), "complaints/0198");
        assert_eq!(full("complaints/0198"), "complaints/0198");
    }

    #[test]
    fn the_same_file_is_the_same_request_and_another_one_is_not() {
        let text = r#"{"parent": "agencies/3271", "class": "aspiration", "channel": "CHANNEL_LETTER", "title": "Jam buka"}"#;
        let first = report(text).unwrap();
        assert_eq!(
            (first.channel(), first.title.as_str()),
            (pb::Channel::Letter, "Jam buka")
        );
        assert_eq!(first.request_id, report(text).unwrap().request_id);
        let other = report(&text.replace("buka", "tutup")).unwrap();
        assert_ne!(first.request_id, other.request_id);
        let own = report(r#"{"request_id": "surat-12"}"#).unwrap();
        assert_eq!(own.request_id, "surat-12");
    }

    #[test]
    fn a_file_that_is_no_report_is_refused() {
        for text in ["", "{", "[]", r#"{"judul": "x"}"#, r#"{"title": 1}"#, "{} {}"] {
            assert!(report(text).is_err(), "{text}");
        }
    }
}
