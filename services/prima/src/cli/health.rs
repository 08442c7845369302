//! Arguments of `prima health`, and of other commands about one or every service.

use clap::{Args, ValueEnum};

use super::Service;

/// Which services a command is about: one, or every one.
#[derive(Debug, Clone, Copy, Args)]
pub struct ServiceArgs {
    #[arg(
        long,
        value_name = "LAYANAN",
        help = "Hanya layanan ini: directory, survey, innovation, complaint, index, atau ranking"
    )]
    pub service: Option<Service>,
}

impl ServiceArgs {
    /// The services that are meant.
    pub fn services(self) -> Vec<Service> {
        self.service
            .map_or_else(|| Service::ALL.to_vec(), |service| vec![service])
    }
}

#[derive(Debug, Clone, Args)]
pub struct HealthArgs {
    #[command(flatten)]
    pub of: ServiceArgs,
    #[arg(
        long,
        value_name = "KEADAAN",
        help = "Hanya keadaan prosesnya: live (hidup, walau basis data dan bus tidak) atau ready (siap, walau penyimpanannya penuh)"
    )]
    pub probe: Option<Probe>,
}

/// What a supervisor asks a process for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Probe {
    Live,
    Ready,
}
