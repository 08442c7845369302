//! Arguments of the commands that run services on this machine.

use std::path::PathBuf;

use clap::Args;
use prima_platform::config;

use super::Service;

/// A URL without a password, because every user of the machine can see the arguments of its processes.
fn without_password(url: &str) -> Result<String, String> {
    if config::mask(url) == url {
        return Ok(url.to_owned());
    }
    Err(
        "memuat kata sandi, yang terlihat oleh pengguna lain mesin ini; taruh URL-nya di variabel lingkungan \
         (PRIMA_DATABASE__URL, PRIMA_BUS__URL) atau di berkas konfigurasi (--config)"
            .to_owned(),
    )
}

/// Where the settings come from, and the database.
#[derive(Debug, Clone, Default, Args)]
pub struct DatabaseArgs {
    #[arg(
        long,
        value_name = "URL",
        value_parser = without_password,
        help = "Basis data: postgres://… atau sqlite:… (tanpa kata sandi, yang terlihat oleh pengguna lain: pakai \
                PRIMA_DATABASE__URL atau berkas konfigurasi)"
    )]
    pub database: Option<String>,
    #[arg(long, value_name = "BERKAS", help = "Berkas konfigurasi (TOML)")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    #[arg(long, help = "Muat data contoh, lalu cetak tabel peringkat")]
    pub demo: bool,
    #[arg(
        long,
        value_name = "DIR",
        default_value = "./var",
        help = "Direktori basis data, kunci, dan token (bawaan: ./var)"
    )]
    pub data: PathBuf,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[arg(
        value_name = "LAYANAN",
        help = "directory, survey, innovation, complaint, index, atau ranking"
    )]
    pub service: Service,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    #[arg(
        long,
        value_name = "ALAMAT",
        help = "Alamat dan porta gRPC, misalnya 127.0.0.1:50051"
    )]
    pub listen: Option<String>,
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[arg(
        long,
        value_name = "URL",
        value_parser = without_password,
        help = "Bus peristiwa: tls://…, nats://… (mesin ini), atau memory: (tanpa kata sandi: pakai PRIMA_BUS__URL atau berkas \
                konfigurasi)"
    )]
    pub bus: Option<String>,
    #[arg(
        long,
        help = "Cetak konfigurasi yang berlaku (rahasia disamarkan), lalu selesai"
    )]
    pub check_config: bool,
}

#[derive(Debug, Clone, Args)]
pub struct MigrateArgs {
    #[arg(
        value_name = "LAYANAN",
        help = "directory, survey, innovation, complaint, index, atau ranking"
    )]
    pub service: Service,
    #[command(flatten)]
    pub database: DatabaseArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ReconcileArgs {
    #[command(flatten)]
    pub migrate: MigrateArgs,
    #[command(flatten)]
    pub action: ReconcileAction,
}

#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct ReconcileAction {
    #[arg(
        long,
        help = "Beri setiap keadaan versi baru agar semuanya diterbitkan ulang (tidak perlu setelah pemulihan biasa)"
    )]
    pub restage: bool,
    #[arg(
        long,
        help = "Jadikan basis data ini pemilik aliran layanan, walau aliran itu milik basis data lain atau memuat keadaan \
                yang tidak ada di sini; keadaan itu akan ditarik"
    )]
    pub adopt: bool,
    #[arg(
        long,
        help = "Beri basis data salinan (misalnya untuk uji coba) identitas sendiri, sehingga tidak mengisi aliran milik \
                aslinya"
    )]
    pub new_identity: bool,
}

#[derive(Debug, Clone, Args)]
pub struct DeadLettersArgs {
    #[command(flatten)]
    pub migrate: MigrateArgs,
    #[arg(long, help = "Minta layanan yang berjalan mencobanya lagi")]
    pub retry: bool,
}
