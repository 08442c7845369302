//! Arguments of `prima survey`.

mod aftermath;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use prima_proto::survey::v1 as pb;
use prima_survey::domain::instrument::DEFAULT;

pub use aftermath::{
    AnalysisArgs, CommentKind, CommentsArgs, FollowUpAddArgs, FollowUpArgs, FollowUpDoneArgs,
    FollowUpListArgs, FollowUpWhat, Plain, PublishArgs, TokensArgs, TokensFormat, VoidArgs, VoidsArgs,
};

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
    /// Takes responses out of every figure.
    #[command(about = "Batalkan jawaban dari impor yang salah; tidak ada yang dihapus, nilai menyesuaikan")]
    Void(VoidArgs),
    /// Lists what was voided.
    #[command(about = "Daftar pembatalan jawaban")]
    Voids(VoidsArgs),
    /// Records that a result was made public.
    #[command(
        about = "Catat bahwa hasil survei yang sudah ditutup telah dipublikasikan, dan lewat media apa"
    )]
    Publish(PublishArgs),
    /// The follow-up plan.
    #[command(about = "Rencana tindak lanjut hasil survei")]
    FollowUp(FollowUpArgs),
    /// Issues single-use tokens.
    #[command(about = "Buat token sekali pakai, misalnya untuk kode QR di struk; token hanya tampil sekali")]
    Tokens(TokensArgs),
    /// Lists free texts.
    #[command(about = "Daftar saran dan kritik")]
    Comments(CommentsArgs),
    /// Prints what lies behind a result.
    #[command(
        about = "Analisis hasil: menurut kelompok, tanda jawaban tak wajar, kepentingan dan kinerja unsur"
    )]
    Analysis(AnalysisArgs),
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
        help = "Bobot per unsur: exact (1/N), 0.111, atau 0.11; F-03: mean_of_aspect_means atau mean_of_all_answers \
                (bawaan: bawaan instrumen)"
    )]
    pub weights: Option<Weights>,
    /// Title.
    #[arg(long, value_name = "TEKS", default_value = "", help = "Judul survei")]
    pub title: String,
    /// Instrument and version.
    #[arg(
        long,
        value_name = "ID",
        default_value = DEFAULT,
        help = "Instrumen: skm-2017, f03-offline-2022, atau f03-online-2022 (bawaan: skm-2017)"
    )]
    pub instrument: String,
    /// Elements asked.
    #[arg(
        long = "element",
        value_name = "UNSUR[?][=KODE]",
        value_parser = element,
        help = "Unsur yang ditanyakan, dengan kode cetaknya bila lain, dan ? bila boleh kosong: requirements, cost?, \
                facilities=U8. Boleh berulang (bawaan: semua unsur instrumen)"
    )]
    pub elements: Vec<pb::SurveyElement>,
    /// Elements of the unit's own.
    #[arg(
        long,
        value_name = "BERKAS.json",
        help = "Unsur milik sendiri, ditambahkan di belakang: [{\"key\": \"own_parkir\", \"code\": \"U10\", \"name\": …, \
                \"question\": …, \"answers\": [terendah, …, tertinggi], \"optional\": false}]"
    )]
    pub own_elements: Option<PathBuf>,
    /// How responses may come in.
    #[arg(
        long = "access",
        value_name = "CARA",
        value_delimiter = ',',
        help = "Cara jawaban masuk: agent, token, link, kiosk (bawaan: agent)"
    )]
    pub access: Vec<AccessMode>,
    /// Users per public service.
    #[arg(
        long = "service",
        value_name = "LAYANAN=N",
        value_parser = service_population,
        help = "Jumlah pengguna satu jenis layanan pada periode sebelumnya; masing-masing mendapat sampel minimumnya. \
                Boleh berulang"
    )]
    pub services: Vec<pb::ServicePopulation>,
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
        value_parser = super::words::time,
        help = "Mulai menerima jawaban (RFC 3339), misalnya 2024-07-01T08:00:00+07:00"
    )]
    pub open: Option<chrono::DateTime<chrono::Utc>>,
    /// Until when responses are taken, RFC 3339.
    #[arg(long, value_name = "WAKTU", value_parser = super::words::time, help = "Batas menerima jawaban (RFC 3339)")]
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
    /// F-03: mean over the aspects.
    #[value(name = "mean_of_aspect_means")]
    AspectMeans,
    /// F-03: mean of every answer.
    #[value(name = "mean_of_all_answers")]
    AllAnswers,
}

/// How responses may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccessMode {
    /// By a caller with a role.
    Agent,
    /// With a single-use token.
    Token,
    /// By an open link.
    Link,
    /// From a registered device.
    Kiosk,
}

/// Reads `KEY[?][=CODE]`.
fn element(text: &str) -> Result<pb::SurveyElement, String> {
    let (key, code) = text.split_once('=').unwrap_or((text, ""));
    let bare = key.trim().trim_end_matches('?');
    if bare.is_empty() {
        return Err("harus berbentuk UNSUR, UNSUR?, atau UNSUR=KODE".to_owned());
    }
    Ok(pb::SurveyElement {
        key: bare.to_owned(),
        code: code.trim().to_owned(),
        optional: bare.len() < key.trim().len(),
        ..Default::default()
    })
}

/// Reads `SERVICE=N`.
fn service_population(text: &str) -> Result<pb::ServicePopulation, String> {
    let parts = text
        .split_once('=')
        .and_then(|(service, n)| Some((service.trim(), n.trim().parse().ok()?)));
    match parts.filter(|(service, _)| !service.is_empty()) {
        Some((service, population)) => Ok(pb::ServicePopulation {
            service: service.to_owned(),
            population,
        }),
        None => Err("harus berbentuk LAYANAN=N, misalnya ktp-elektronik=1200".to_owned()),
    }
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
