//! Adds the file or the address to the errors of a start, which do not name it themselves.

use std::time::Duration;

use anyhow::{Error, anyhow};
use prima_platform::{
    bus::Connection,
    config::{self, Config},
    service,
};
use tokio::sync::watch;

use crate::{cli::Service, client::print};

/// How long the bus may be unreachable before the operator is informed.
const BUS_TIMEOUT: Duration = Duration::from_secs(5);

/// Adds the name of the database or bus that failed as context.
pub(super) fn with_target(config: &Config) -> impl Fn(service::Error) -> Error {
    move |error| match error {
        service::Error::Database(service, error) => {
            anyhow!(error).context(format!("basis data {}", config.database.location(service)))
        }
        service::Error::Outdated(service) | service::Error::Newer(service, _) => {
            let place = config.database.location(service);
            anyhow!(error).context(format!("basis data {place}"))
        }
        service::Error::Bus(error) => {
            anyhow!(error).context(format!("bus {}", config::mask(&config.bus.url)))
        }
        error => anyhow!(error),
    }
}

/// The faults of the configuration when one service runs alone: [`Config::faults`] and what only `serve` needs.
pub(super) fn service_faults(config: &Config, service: Service) -> Vec<String> {
    let mut faults = config.faults();
    if config.bus.url == "memory:" {
        faults.push(
            "bus.url kosong: satu layanan saja memerlukan bus bersama, --bus nats://… (semua layanan sekaligus: prima up)"
                .to_owned(),
        );
    }
    if config.auth.is_empty() {
        faults.push(
            "auth.public_key kosong; isi PRIMA_AUTH__PUBLIC_KEY (cetak dengan: prima token --public)"
                .to_owned(),
        );
    }
    for (needs, name, keys) in [
        (Service::Complaint, "complaint", &config.complaint.keys),
        (Service::Survey, "survey", &config.survey.keys),
    ] {
        if service == needs && keys.is_empty() {
            let variable = name.to_uppercase();
            faults.push(format!(
                "{name}.keys kosong; isi PRIMA_{variable}__KEYS (buat dengan: prima key)"
            ));
        }
    }
    faults
}

/// Fails when there are faults.
pub(super) fn fail_on(faults: Vec<String>) -> Result<(), config::Error> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(config::Error::Invalid(faults))
    }
}

/// Informs the operator once when the bus is unreachable at the start. The service does not wait for it: what is stored
/// is published when it connects.
pub(super) async fn report_bus_outage(mut connection: watch::Receiver<Connection>, url: String) {
    let connected = connection.wait_for(|connection| connection.up);
    if tokio::time::timeout(BUS_TIMEOUT, connected).await.is_err() {
        print::note(&format!(
            "bus {}: belum terjangkau; layanan tetap berjalan, dan menerbitkan begitu bus terhubung",
            config::mask(&url)
        ));
    }
}
