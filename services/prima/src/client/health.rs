//! Checks whether the services serve.

use std::process::ExitCode;

use anyhow::bail;
use prima_platform::service::{LIVE, STORAGE};
use tonic::{Code, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::call::request;
use super::connect::Connection;
use super::fault;
use super::print::{self, Table};
use crate::cli::{HealthArgs, Probe, Service};

/// Runs `prima health`. The exit status is 1 unless every service that was asked serves and accepts writes.
pub(super) async fn check(connection: &Connection, args: &HealthArgs) -> anyhow::Result<ExitCode> {
    let mut all_serve = true;
    let mut rows = Vec::new();
    for service in args.of.services() {
        let state = state(connection, service, args.probe).await;
        all_serve &= matches!(state, Ok(State::Ready));
        let text = match state {
            Ok(State::Ready) => "siap".to_owned(),
            Ok(State::ReadOnly) => "hanya dapat dibaca: penyimpanan penuh atau bermasalah".to_owned(),
            Ok(State::NotReady) => "belum siap".to_owned(),
            Err(error) => fault::lines(&error).join("; "),
        };
        rows.push((service, text));
    }
    let table = Table::of(&rows)
        .text("Layanan", |(service, _)| service.name())
        .whole("Alamat", |(service, _)| connection.endpoint(*service))
        .text("Keadaan", |(_, text)| text);
    print::out(&table.print())?;
    Ok(if all_serve {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

enum State {
    Ready,
    /// The database of the service accepts no writes.
    ReadOnly,
    NotReady,
}

async fn state(connection: &Connection, service: Service, probe: Option<Probe>) -> anyhow::Result<State> {
    let mut client = HealthClient::new(connection.channel(service).await?);
    if let Some(probe) = probe {
        let name = match probe {
            Probe::Live => LIVE,
            // The whole process.
            Probe::Ready => "",
        };
        return match serving_status(&mut client, name.to_owned()).await? {
            Some(ServingStatus::Serving) => Ok(State::Ready),
            _ => Ok(State::NotReady),
        };
    }
    let name = match service {
        Service::Directory => "prima.directory.v1.DirectoryService",
        Service::Survey => "prima.survey.v1.SurveyService",
        Service::Innovation => "prima.innovation.v1.InnovationService",
        Service::Complaint => "prima.complaint.v1.ComplaintService",
        Service::Index => "prima.index.v1.IndexService",
        Service::Ranking => "prima.ranking.v1.RankingService",
    };
    match serving_status(&mut client, name.to_owned()).await? {
        Some(ServingStatus::Serving) => {}
        Some(_) => return Ok(State::NotReady),
        None => bail!("layanan ini tidak dijalankan di alamat itu"),
    }
    // Services of older releases do not report the state of their storage.
    match serving_status(&mut client, format!("{STORAGE}{}", service.name())).await? {
        Some(ServingStatus::NotServing) => Ok(State::ReadOnly),
        _ => Ok(State::Ready),
    }
}

/// The state that the health service reports for `service`; `None` when it does not know that name.
async fn serving_status(
    client: &mut HealthClient<Channel>,
    service: String,
) -> anyhow::Result<Option<ServingStatus>> {
    match client.check(request(HealthCheckRequest { service })).await {
        Ok(answer) => Ok(Some(answer.into_inner().status())),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}
