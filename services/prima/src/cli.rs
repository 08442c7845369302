//! The command line: every subcommand with its arguments. Help and messages are Indonesian.

mod serve;
mod words;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use serve::{DeadLettersArgs, MigrateArgs, ReconcileArgs, Role, RunArgs, ServeArgs, TokenArgs, UpArgs};
pub use words::parse;

/// The whole command line; [`parse`] reads it.
#[derive(Debug, Parser)]
#[command(
    name = "prima",
    version,
    about = "Prima: survei kepuasan masyarakat dan peringkat nasional pelayanan publik",
    max_term_width = 110
)]
pub struct Cli {
    /// How to reach the services and who calls.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How the client commands reach the services.
#[derive(Debug, Clone, Default, Args)]
pub struct ConnectionArgs {
    /// `URL` for every service, or `directory=URL`, `survey=URL`, `innovation=URL`, `ranking=URL`.
    #[arg(
        long,
        global = true,
        env = "PRIMA_ENDPOINT",
        value_name = "[LAYANAN=]URL",
        value_delimiter = ',',
        help = "Alamat layanan; URL untuk semua, atau directory=URL, survey=URL, innovation=URL, ranking=URL. Boleh berulang \
                (lingkungan: PRIMA_ENDPOINT; bawaan: http://127.0.0.1:50051)"
    )]
    pub endpoint: Vec<String>,
    /// File that holds the bearer token.
    #[arg(
        long,
        global = true,
        value_name = "BERKAS",
        help = "Berkas token pemanggil (token juga dapat diisi lewat PRIMA_TOKEN; bawaan: ./var/token bila ada)"
    )]
    pub token_file: Option<PathBuf>,
    /// Certificate authority of `https` endpoints, PEM.
    #[arg(
        long,
        global = true,
        env = "PRIMA_CA_FILE",
        value_name = "BERKAS",
        help = "Sertifikat CA (PEM) untuk alamat https (lingkungan: PRIMA_CA_FILE)"
    )]
    pub ca_file: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs every service in one process.
    #[command(about = "Jalankan semua layanan dalam satu proses, tanpa memasang peladen lain")]
    Up(UpArgs),
    /// Runs one service.
    #[command(about = "Jalankan satu layanan")]
    Serve(ServeArgs),
    /// Brings the database of one service to this version.
    #[command(about = "Mutakhirkan skema basis data satu layanan")]
    Migrate(MigrateArgs),
    /// Publishes every state of one service again.
    #[command(
        about = "Terbitkan ulang seluruh keadaan satu layanan setelah basis datanya dipulihkan dari cadangan"
    )]
    Reconcile(ReconcileArgs),
    /// Lists what a service could not apply.
    #[command(about = "Daftar peristiwa yang tidak dapat diterapkan satu layanan, atau coba lagi")]
    DeadLetters(DeadLettersArgs),
    /// Signs a token, or prints the public key.
    #[command(about = "Buat token pemanggil (dicetak ke keluaran baku), atau cetak kunci publik")]
    Token(TokenArgs),
    /// Asks the services whether they serve.
    #[command(about = "Periksa apakah layanan siap")]
    Health(HealthArgs),
    /// Loads a CSV file.
    #[command(about = "Impor data dari berkas CSV")]
    Import(ImportArgs),
    /// Creates, closes and lists surveys.
    #[command(about = "Buat, tutup, dan daftar survei")]
    Survey(SurveyArgs),
    /// Prints the result of a survey.
    #[command(about = "Tampilkan hasil (IKM) satu survei")]
    Result(ResultArgs),
    /// Prints a league table.
    #[command(about = "Tampilkan tabel peringkat")]
    League(LeagueArgs),
    /// Prints the places of one subject.
    #[command(about = "Tampilkan peringkat satu unit atau instansi di setiap kelompok")]
    Standing(StandingArgs),
    /// Prints how many respondents a population needs.
    #[command(about = "Hitung sampel minimum (Krejcie-Morgan) untuk suatu populasi")]
    SampleSize(SampleSizeArgs),
}

/// A service of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub enum Service {
    /// Agencies, units, public services.
    Directory,
    /// Survey intake and results.
    Survey,
    /// Innovations and their competition rounds.
    Innovation,
    /// League tables.
    Ranking,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 4] = [Self::Directory, Self::Survey, Self::Innovation, Self::Ranking];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Survey => "survey",
            Self::Innovation => "innovation",
            Self::Ranking => "ranking",
        }
    }
}

/// Arguments of `prima health`.
#[derive(Debug, Clone, Args)]
pub struct HealthArgs {
    /// Only this service.
    #[arg(
        long,
        value_name = "LAYANAN",
        help = "Hanya layanan ini: directory, survey, innovation, atau ranking"
    )]
    pub service: Option<Service>,
}

/// Arguments of `prima import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// What the file holds.
    #[command(subcommand)]
    pub what: ImportWhat,
}

/// What an imported file holds.
#[derive(Debug, Clone, Subcommand)]
pub enum ImportWhat {
    /// Provinces, regencies, cities.
    #[command(about = "Wilayah; kolom: code,name,kind,parent")]
    Regions(FileArgs),
    /// Service units.
    #[command(about = "Unit pelayanan; kolom: agency,unit,unit_type,name")]
    Units(FileArgs),
    /// Survey responses.
    #[command(about = "Jawaban survei; kolom: response_id,submitted_at, kunci tiap unsur, \
                 dan (boleh) sex,age,education,occupation,service")]
    Responses(ResponsesArgs),
}

/// A file to import.
#[derive(Debug, Clone, Args)]
pub struct FileArgs {
    /// The file.
    #[arg(
        value_name = "BERKAS.csv",
        help = "Berkas CSV (UTF-8; pemisah koma atau titik koma)"
    )]
    pub file: PathBuf,
    /// Import the good rows although some are bad.
    #[arg(long, help = "Impor baris yang benar walau ada baris yang salah")]
    pub skip_bad_rows: bool,
}

/// Arguments of `prima import responses`.
#[derive(Debug, Clone, Args)]
pub struct ResponsesArgs {
    /// The file.
    #[command(flatten)]
    pub file: FileArgs,
    /// The survey they answer.
    #[arg(long, value_name = "NAMA", help = "Survei, agencies/…/units/…/surveys/…")]
    pub survey: String,
}

/// Arguments of `prima survey`.
#[derive(Debug, Clone, Args)]
pub struct SurveyArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: SurveyWhat,
}

/// What to do with surveys.
#[derive(Debug, Clone, Subcommand)]
pub enum SurveyWhat {
    /// Creates a survey.
    #[command(about = "Buat survei untuk satu unit dan periode")]
    Create(SurveyCreateArgs),
    /// Ends intake.
    #[command(about = "Tutup survei; jawaban sesudahnya ditolak")]
    Close(SurveyCloseArgs),
    /// Lists surveys.
    #[command(about = "Daftar survei")]
    List(SurveyListArgs),
}

/// Arguments of `prima survey create`.
#[derive(Debug, Clone, Args)]
pub struct SurveyCreateArgs {
    /// The unit.
    #[arg(
        long,
        value_name = "NAMA",
        help = "Unit, misalnya agencies/3271/units/dpmptsp"
    )]
    pub unit: String,
    /// Last part of the survey's name.
    #[arg(long, value_name = "ID", help = "Bagian akhir nama survei, misalnya 2024-q3")]
    pub id: String,
    /// Period.
    #[arg(long, value_name = "PERIODE", help = "2024, 2024-s1, 2024-q3, atau 2024-m09")]
    pub period: String,
    /// Weight of an element.
    #[arg(
        long,
        value_name = "BOBOT",
        default_value = "exact",
        help = "Bobot per unsur: exact (1/N), 0.111, atau 0.11 (bawaan: exact)"
    )]
    pub weights: Weights,
    /// Title.
    #[arg(long, value_name = "TEKS", default_value = "", help = "Judul survei")]
    pub title: String,
    /// Users of the service in the period before.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = clap::value_parser!(i64).range(0..),
        help = "Jumlah pengguna layanan periode sebelumnya; menentukan sampel minimum"
    )]
    pub population: i64,
    /// From when responses are taken, RFC 3339.
    #[arg(
        long,
        value_name = "WAKTU",
        value_parser = words::time,
        help = "Mulai menerima jawaban (RFC 3339), misalnya 2024-07-01T08:00:00+07:00"
    )]
    pub open: Option<chrono::DateTime<chrono::Utc>>,
    /// Until when responses are taken, RFC 3339.
    #[arg(long, value_name = "WAKTU", value_parser = words::time, help = "Batas menerima jawaban (RFC 3339)")]
    pub close: Option<chrono::DateTime<chrono::Utc>>,
}

/// Weight of an element in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Weights {
    /// 1/N.
    Exact,
    /// 0.111.
    #[value(name = "0.111")]
    Thousandths,
    /// 0.11.
    #[value(name = "0.11")]
    Hundredths,
}

/// Arguments of `prima survey close`.
#[derive(Debug, Clone, Args)]
pub struct SurveyCloseArgs {
    /// The survey.
    #[arg(value_name = "SURVEI", help = "agencies/…/units/…/surveys/…")]
    pub name: String,
}

/// Arguments of `prima survey list`.
#[derive(Debug, Clone, Args)]
pub struct SurveyListArgs {
    /// Only of this unit.
    #[arg(long, value_name = "NAMA", help = "Hanya unit ini, agencies/…/units/…")]
    pub unit: Option<String>,
}

/// Form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// A table for people.
    #[default]
    Table,
    /// JSON; one document per line with `--watch`.
    Json,
    /// CSV with a header.
    Csv,
}

/// Arguments of `prima result`.
#[derive(Debug, Clone, Args)]
pub struct ResultArgs {
    /// The survey.
    #[arg(value_name = "SURVEI", help = "agencies/…/units/…/surveys/…")]
    pub survey: String,
    /// Print again after every change.
    #[arg(long, help = "Tampilkan lagi setiap kali berubah")]
    pub watch: bool,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table, json, atau csv (bawaan: table)"
    )]
    pub format: Format,
}

/// Arguments of `prima league`.
#[derive(Debug, Clone, Args)]
pub struct LeagueArgs {
    /// Metric.
    #[arg(
        long,
        value_name = "UKURAN",
        default_value = "skm",
        help = "Ukuran (bawaan: skm)"
    )]
    pub metric: String,
    /// Period.
    #[arg(long, value_name = "PERIODE", help = "Periode, misalnya 2024-q3")]
    pub period: String,
    /// Cohort.
    #[arg(
        long,
        value_name = "KELOMPOK",
        help = "Kelompok, misalnya dpmptsp, dpmptsp.32, atau kota"
    )]
    pub cohort: String,
    /// Print again after every change.
    #[arg(long, help = "Tampilkan lagi setiap kali berubah")]
    pub watch: bool,
    /// At most this many rows.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        help = "Paling banyak N baris (bawaan: semua; dengan --watch paling banyak 1000)"
    )]
    pub limit: Option<u32>,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table, json, atau csv (bawaan: table)"
    )]
    pub format: Format,
}

/// Arguments of `prima standing`.
#[derive(Debug, Clone, Args)]
pub struct StandingArgs {
    /// The unit or agency.
    #[arg(
        value_name = "SUBJEK",
        help = "Unit atau instansi, agencies/… atau agencies/…/units/…"
    )]
    pub subject: String,
    /// Metric.
    #[arg(
        long,
        value_name = "UKURAN",
        default_value = "skm",
        help = "Ukuran (bawaan: skm)"
    )]
    pub metric: String,
    /// Period.
    #[arg(long, value_name = "PERIODE", help = "Periode, misalnya 2024-q3")]
    pub period: String,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table, json, atau csv (bawaan: table)"
    )]
    pub format: Format,
}

/// Arguments of `prima sample-size`.
#[derive(Debug, Clone, Args)]
pub struct SampleSizeArgs {
    /// Users of the service.
    #[arg(value_name = "POPULASI", help = "Jumlah pengguna layanan")]
    pub population: i64,
}
