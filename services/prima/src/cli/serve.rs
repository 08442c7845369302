//! Arguments of the commands that run services or sign tokens on this machine.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Service;

/// Arguments of `prima up`.
#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// Load the demo data and print the league table.
    #[arg(long, help = "Muat data contoh, lalu cetak tabel peringkat")]
    pub demo: bool,
    /// Where databases, the key and the token are kept.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "./var",
        help = "Direktori basis data, kunci, dan token (bawaan: ./var)"
    )]
    pub data: PathBuf,
    /// What `serve` takes too.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Arguments of `prima serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// The service.
    #[arg(
        value_name = "LAYANAN",
        help = "directory, survey, innovation, complaint, index, atau ranking"
    )]
    pub service: Service,
    /// What `up` takes too.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Arguments of both `up` and `serve`; what is given wins over file and environment.
#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    /// Address and port of the gRPC server.
    #[arg(
        long,
        value_name = "ALAMAT",
        help = "Alamat dan porta gRPC, misalnya 127.0.0.1:50051"
    )]
    pub listen: Option<String>,
    /// The database.
    #[arg(long, value_name = "URL", help = "Basis data: postgres://… atau sqlite:…")]
    pub database: Option<String>,
    /// The bus.
    #[arg(long, value_name = "URL", help = "Bus peristiwa: nats://… atau memory:")]
    pub bus: Option<String>,
    /// Configuration file.
    #[arg(long, value_name = "BERKAS", help = "Berkas konfigurasi (TOML)")]
    pub config: Option<PathBuf>,
    /// Print the effective configuration and stop.
    #[arg(
        long,
        help = "Cetak konfigurasi yang berlaku (rahasia disamarkan), lalu selesai"
    )]
    pub check_config: bool,
}

/// Arguments of `prima migrate`.
#[derive(Debug, Clone, Args)]
pub struct MigrateArgs {
    /// The service.
    #[arg(
        value_name = "LAYANAN",
        help = "directory, survey, innovation, complaint, index, atau ranking"
    )]
    pub service: Service,
    /// The database.
    #[arg(long, value_name = "URL", help = "Basis data: postgres://… atau sqlite:…")]
    pub database: Option<String>,
    /// Configuration file.
    #[arg(long, value_name = "BERKAS", help = "Berkas konfigurasi (TOML)")]
    pub config: Option<PathBuf>,
}

/// Arguments of `prima token`.
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// The private key.
    #[arg(
        long,
        value_name = "BERKAS",
        default_value = "./var/key.pem",
        help = "Berkas kunci privat (bawaan: ./var/key.pem)"
    )]
    pub key: PathBuf,
    /// Make the key when the file is absent.
    #[arg(long, help = "Buat kunci baru bila berkasnya belum ada")]
    pub new_key: bool,
    /// Print the public key instead of a token.
    #[arg(long, help = "Cetak kunci publik (base64), bukan token")]
    pub public: bool,
    /// Whom the token names; required unless `public`.
    #[arg(
        long,
        value_name = "NAMA",
        required_unless_present = "public",
        help = "Pemegang token"
    )]
    pub subject: Option<String>,
    /// What its holder may do; required unless `public`.
    #[arg(
        long,
        value_name = "PERAN",
        value_delimiter = ',',
        required_unless_present = "public",
        help = "Peran, dipisah koma: admin, operator, intake, evaluator"
    )]
    pub roles: Vec<Role>,
    /// Agencies it holds for.
    #[arg(
        long,
        value_name = "INSTANSI",
        value_delimiter = ',',
        default_value = "*",
        help = "Instansi yang berlaku, dipisah koma, atau * untuk semua (bawaan: *)"
    )]
    pub agencies: Vec<String>,
    /// How long it holds, days.
    #[arg(
        long,
        value_name = "HARI",
        default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..=3650),
        help = "Masa berlaku dalam hari, 1 sampai 3650 (bawaan: 30)"
    )]
    pub days: u32,
}

/// Arguments of `prima key`.
#[derive(Debug, Clone, Args)]
pub struct KeyArgs {
    /// Its id.
    #[arg(
        value_name = "ID",
        help = "ID kunci: 1 sampai 16 huruf kecil a-z, angka, atau tanda hubung (bawaan: k dan tanggal hari ini \
                menurut UTC, misalnya k20240102)"
    )]
    pub id: Option<String>,
}

/// What the holder of a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Everything.
    Admin,
    /// Units and surveys of its agencies.
    Operator,
    /// Submitting responses for its agencies.
    Intake,
    /// Evaluations.
    Evaluator,
}

impl Role {
    /// Its name in a token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Intake => "intake",
            Self::Evaluator => "evaluator",
        }
    }
}

/// Arguments of `prima reconcile`; one of the three is required.
#[derive(Debug, Clone, Args)]
pub struct ReconcileArgs {
    /// The service and its database.
    #[command(flatten)]
    pub migrate: MigrateArgs,
    /// What to do.
    #[command(flatten)]
    pub action: ReconcileAction,
}

/// What `prima reconcile` does.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct ReconcileAction {
    /// Give every state a new version.
    #[arg(
        long,
        help = "Beri setiap keadaan versi baru agar semuanya diterbitkan ulang (tidak perlu setelah pemulihan biasa)"
    )]
    pub restage: bool,
    /// Make this database the owner of the service's stream.
    #[arg(
        long,
        help = "Jadikan basis data ini pemilik aliran layanan, walau aliran itu milik basis data lain atau memuat keadaan \
                yang tidak ada di sini; keadaan itu akan ditarik"
    )]
    pub adopt: bool,
    /// Give a copy of a database an identity of its own.
    #[arg(
        long,
        help = "Beri basis data salinan (misalnya untuk uji coba) identitas sendiri, sehingga tidak mengisi aliran milik \
                aslinya"
    )]
    pub new_identity: bool,
}

/// Arguments of `prima dead-letters`.
#[derive(Debug, Clone, Args)]
pub struct DeadLettersArgs {
    /// The service and its database.
    #[command(flatten)]
    pub migrate: MigrateArgs,
    /// Ask the running service to try them again.
    #[arg(long, help = "Minta layanan yang berjalan mencobanya lagi")]
    pub retry: bool,
}
