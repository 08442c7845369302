//! What the faults of a start are about: the file or the address, which the errors do not know.

use std::time::Duration;

use anyhow::{Error, anyhow};
use prima_platform::{
    bus::Connection,
    config::{self, Config},
    service,
};
use tokio::sync::watch;

use crate::{cli::Service, client::print};

/// How long the bus may take before the operator is told.
const PATIENCE: Duration = Duration::from_secs(5);

/// Puts the name of what failed in front of it.
pub(super) fn named(config: &Config) -> impl Fn(service::Error) -> Error {
    move |error| match error {
        service::Error::Database(service, error) => {
            anyhow!(error).context(format!("basis data {}", config.database.place(service)))
        }
        service::Error::Outdated(service) | service::Error::Newer(service, _) => {
            let place = config.database.place(service);
            anyhow!(error).context(format!("basis data {place}"))
        }
        service::Error::Bus(error) => {
            anyhow!(error).context(format!("bus {}", config::mask(&config.bus.url)))
        }
        error => anyhow!(error),
    }
}

/// What one service alone needs beside [`Config::faults`].
pub(super) fn alone(config: &Config, service: Service) -> Vec<String> {
    let mut faults = config.faults();
    if config.bus.url == "memory:" {
        faults.push(
            "bus.url kosong: satu layanan saja memerlukan bus bersama, --bus nats://… (semua layanan sekaligus: prima up)"
                .to_owned(),
        );
    }
    if config.auth.public_key.is_empty() {
        faults.push(
            "auth.public_key kosong; isi PRIMA_AUTH__PUBLIC_KEY (cetak dengan: prima token --public)"
                .to_owned(),
        );
    }
    if service == Service::Complaint && config.complaint.keys.is_empty() {
        faults.push("complaint.keys kosong; isi PRIMA_COMPLAINT__KEYS (buat dengan: prima key)".to_owned());
    }
    faults
}

/// Fails when there are faults.
pub(super) fn none(faults: Vec<String>) -> Result<(), config::Error> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(config::Error::Invalid(faults))
    }
}

/// Tells once when the bus is away at the start. Nothing waits for it: what is stored is published when it comes.
pub(super) async fn tell_of_the_bus(mut connection: watch::Receiver<Connection>, url: String) {
    let connected = connection.wait_for(|connection| connection.up);
    if tokio::time::timeout(PATIENCE, connected).await.is_err() {
        print::note(&format!(
            "bus {}: belum terjangkau; layanan tetap berjalan, dan menerbitkan begitu bus terhubung",
            config::mask(&url)
        ));
    }
}
