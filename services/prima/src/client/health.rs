//! Checks whether the services serve.

use std::{process::ExitCode, time::Duration};

use anyhow::bail;
use futures::future;
use prima_platform::health::{LIVE, Part};
use tokio::time::timeout;
use tonic::{Code, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::call::request;
use super::connect::Connection;
use super::fault;
use super::print::{self, Table};
use crate::cli::{HealthArgs, Probe, Service};

/// How long a service may take to say how it is.
const LIMIT: Duration = Duration::from_secs(2);

/// Runs `prima health`. The exit status is 1 unless every service that was asked serves, with all its parts.
pub(super) async fn check(connection: &Connection, args: &HealthArgs) -> anyhow::Result<ExitCode> {
    let services = args.of.services();
    let asked = services.iter().map(|service| async {
        match timeout(LIMIT, state(connection, *service, args.probe)).await {
            Ok(state) => state,
            Err(_) => bail!("tidak menjawab dalam 2 detik"),
        }
    });
    let mut all_serve = true;
    let mut rows = Vec::new();
    for (service, faults) in services.iter().zip(future::join_all(asked).await) {
        let faults = faults.unwrap_or_else(|error| fault::lines(&error));
        all_serve &= faults.is_empty();
        let text = match faults.is_empty() {
            true => "siap".to_owned(),
            false => faults.join("; "),
        };
        rows.push((*service, text));
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

/// What a part that does not work means for who uses the service.
fn meaning(part: Part) -> &'static str {
    match part {
        Part::Database => "basis data tidak menjawab",
        Part::Storage => "hanya dapat dibaca: penyimpanan penuh atau bermasalah",
        Part::Bus => "bus terputus: perubahan tersimpan, dan diumumkan setelah tersambung",
        Part::Publishing => {
            "perubahan tersimpan tetapi tidak diumumkan: stream penuh atau milik basis data lain"
        }
    }
}

/// What does not work of a service; nothing when it is ready.
async fn state(
    connection: &Connection,
    service: Service,
    probe: Option<Probe>,
) -> anyhow::Result<Vec<String>> {
    let mut client = HealthClient::new(connection.channel(service).await?);
    if let Some(probe) = probe {
        let name = match probe {
            Probe::Live => LIVE,
            // The whole process.
            Probe::Ready => "",
        };
        return Ok(match serving_status(&mut client, name.to_owned()).await? {
            Some(ServingStatus::Serving) => Vec::new(),
            _ => vec![NOT_READY.to_owned()],
        });
    }
    let name = match service {
        Service::Directory => "prima.directory.v1.DirectoryService",
        Service::Survey => "prima.survey.v1.SurveyService",
        Service::Innovation => "prima.innovation.v1.InnovationService",
        Service::Complaint => "prima.complaint.v1.ComplaintService",
        Service::Index => "prima.index.v1.IndexService",
        Service::Ranking => "prima.ranking.v1.RankingService",
    };
    let mut faults = Vec::new();
    match serving_status(&mut client, name.to_owned()).await? {
        Some(ServingStatus::Serving) => {}
        Some(_) => faults.push(NOT_READY.to_owned()),
        None => bail!("layanan ini tidak dijalankan di alamat itu"),
    }
    for part in Part::ALL {
        // Services of older releases do not report all of them.
        let status = serving_status(&mut client, part.name(service.name())).await?;
        if status == Some(ServingStatus::NotServing) {
            faults.push(meaning(part).to_owned());
        }
    }
    Ok(faults)
}

const NOT_READY: &str = "belum siap";

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
