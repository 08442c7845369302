//! Asking the services whether they serve.

use std::process::ExitCode;

use anyhow::bail;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::call::request;
use super::connect::Connection;
use super::fault;
use super::print::{self, Columns};
use crate::cli::{HealthArgs, Service};

/// `prima health`: exit status 1 unless every service asked serves.
pub(super) async fn check(connection: &Connection, args: &HealthArgs) -> anyhow::Result<ExitCode> {
    let asked = args
        .service
        .map_or_else(|| Service::ALL.to_vec(), |service| vec![service]);
    let mut all_serve = true;
    let mut rows = Vec::new();
    for service in asked {
        let state = match state(connection, service).await {
            Ok(ServingStatus::Serving) => "siap".to_owned(),
            other => {
                all_serve = false;
                match other {
                    Ok(_) => "belum siap".to_owned(),
                    Err(error) => fault::lines(&error).join("; "),
                }
            }
        };
        rows.push(vec![
            service.name().to_owned(),
            connection.endpoint(service).to_owned(),
            state,
        ]);
    }
    print::out(&print::table(
        &["Layanan", "Alamat", "Keadaan"],
        Columns {
            right: &[],
            whole: &[1],
        },
        rows,
    ))?;
    Ok(if all_serve {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn state(connection: &Connection, service: Service) -> anyhow::Result<ServingStatus> {
    let mut client = HealthClient::new(connection.channel(service).await?);
    let name = match service {
        Service::Directory => "prima.directory.v1.DirectoryService",
        Service::Survey => "prima.survey.v1.SurveyService",
        Service::Innovation => "prima.innovation.v1.InnovationService",
        Service::Complaint => "prima.complaint.v1.ComplaintService",
        Service::Index => "prima.index.v1.IndexService",
        Service::Ranking => "prima.ranking.v1.RankingService",
    };
    let message = HealthCheckRequest {
        service: name.to_owned(),
    };
    match client.check(request(message)).await {
        Ok(answer) => Ok(answer.into_inner().status()),
        Err(status) if status.code() == Code::NotFound => bail!("layanan ini tidak dijalankan di alamat itu"),
        Err(status) => Err(status.into()),
    }
}
