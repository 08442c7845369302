//! Arguments of `prima survey`.

mod actions;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use prima_proto::survey::v1 as pb;

pub use actions::{
    CommentKind, CommentsArgs, FollowUpArgs, FollowUpCommand, FollowUpListArgs, SurveyExactArgs,
    SurveyQuestionsArgs, SurveyReadArgs, SurveyReopenArgs, TokensArgs, TokensFormat,
};

#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Tindakan pada survei: prima call METODE …, dengan METODE CloseSurvey, PublishResult, CreateFollowUp, \
                  CompleteFollowUp, dan lainnya (prima call --list survey); isiannya: prima call METODE --describe"
)]
pub struct SurveyArgs {
    #[command(subcommand)]
    pub command: SurveyCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum SurveyCommand {
    #[command(about = "Buat survei untuk satu unit dan periode")]
    Create(SurveyCreateArgs),
    #[command(about = "Daftar survei")]
    List(SurveyListArgs),
    #[command(about = "Pertanyaan survei, seperti yang dibaca perangkat warga")]
    Questions(SurveyQuestionsArgs),
    #[command(about = "Daftar pembatalan jawaban")]
    Voids(SurveyReadArgs),
    #[command(about = "Rencana tindak lanjut hasil survei")]
    FollowUp(FollowUpArgs),
    #[command(about = "Buat token sekali pakai, misalnya untuk kode QR di struk; token hanya tampil sekali")]
    Tokens(TokensArgs),
    #[command(about = "Daftar saran dan kritik")]
    Comments(CommentsArgs),
    #[command(
        about = "Analisis hasil: menurut kelompok, tanda jawaban tak wajar, kepentingan dan kinerja unsur"
    )]
    Analysis(SurveyReadArgs),
    #[command(
        about = "Hasil pasti, dengan jawaban yang masih menunggu; pembacaannya tercatat dengan keperluannya"
    )]
    Exact(SurveyExactArgs),
    #[command(about = "Daftar siapa yang membaca hasil pasti, kapan, dan untuk apa")]
    Readings(SurveyReadArgs),
    #[command(about = "Buka kembali survei yang sudah ditutup dan belum dipublikasikan; alasannya tercatat")]
    Reopen(SurveyReopenArgs),
    #[command(about = "Daftar pembukaan kembali")]
    Changes(SurveyReadArgs),
}

#[derive(Debug, Clone, Args)]
pub struct SurveyCreateArgs {
    #[arg(
        long,
        value_name = "NAMA",
        help = "Unit, misalnya agencies/3271/units/dpmptsp"
    )]
    pub unit: String,
    #[arg(long, value_name = "ID", help = "Bagian akhir nama survei, misalnya 2024-q3")]
    pub id: String,
    #[arg(long, value_name = "PERIODE", help = "2024, 2024-s1, 2024-q3, atau 2024-m09")]
    pub period: String,
    #[arg(
        long,
        value_name = "BOBOT",
        help = "Bobot per unsur: exact (1/N), 0.111, atau 0.11; 0.071 untuk 14 unsur; F-03: mean_of_aspect_means atau \
                mean_of_all_answers (bawaan: bawaan instrumen)"
    )]
    pub weights: Option<Weights>,
    #[arg(long, value_name = "TEKS", default_value = "", help = "Judul survei")]
    pub title: String,
    #[arg(
        long,
        value_name = "ID",
        default_value = "skm-2017",
        help = "Instrumen: skm-2017, skm-2014, skm-2004, f03-offline-2022, atau f03-online-2022 (bawaan: skm-2017)"
    )]
    pub instrument: String,
    #[arg(
        long,
        value_name = "RUMUSAN",
        default_value = "plain",
        help = "Pertanyaan dan jawaban yang dibaca warga: plain (bahasa sehari-hari) atau official (menurut peraturan)"
    )]
    pub wording: Wording,
    #[arg(
        long = "element",
        value_name = "UNSUR[?][=KODE]",
        value_parser = element,
        help = "Unsur yang ditanyakan, dengan kode cetaknya bila lain, dan ? bila boleh kosong: requirements, cost?, \
                facilities=U8. Boleh berulang (bawaan: semua unsur instrumen)"
    )]
    pub elements: Vec<pb::SurveyElement>,
    #[arg(
        long,
        value_name = "BERKAS.json",
        help = "Unsur milik sendiri, ditambahkan di belakang: [{\"key\": \"own_parkir\", \"code\": \"U10\", \"name\": …, \
                \"question\": …, \"answers\": [terendah, …, tertinggi], \"optional\": false}]"
    )]
    pub own_elements: Option<PathBuf>,
    #[arg(
        long = "access",
        value_name = "CARA",
        value_delimiter = ',',
        help = "Cara jawaban masuk: agent, token, link, kiosk (bawaan: agent)"
    )]
    pub access: Vec<AccessMode>,
    #[arg(
        long = "service",
        value_name = "LAYANAN=N",
        value_parser = service_population,
        help = "Jumlah pengguna satu jenis layanan pada periode sebelumnya; masing-masing mendapat sampel minimumnya. \
                Boleh berulang"
    )]
    pub services: Vec<pb::ServicePopulation>,
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = clap::value_parser!(i64).range(0..),
        help = "Jumlah pengguna layanan periode sebelumnya; menentukan sampel minimum"
    )]
    pub population: i64,
    #[arg(
        long,
        value_name = "WAKTU",
        value_parser = super::localize::time,
        help = "Mulai menerima jawaban (RFC 3339), misalnya 2024-07-01T08:00:00+07:00"
    )]
    pub open: Option<chrono::DateTime<chrono::Utc>>,
    #[arg(long, value_name = "WAKTU", value_parser = super::localize::time, help = "Batas menerima jawaban (RFC 3339)")]
    pub close: Option<chrono::DateTime<chrono::Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Weights {
    Exact,
    #[value(name = "0.111")]
    Thousandths,
    #[value(name = "0.11")]
    Hundredths,
    #[value(name = "0.071")]
    SeventyOneThousandths,
    #[value(name = "mean_of_aspect_means")]
    AspectMeans,
    #[value(name = "mean_of_all_answers")]
    AllAnswers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Wording {
    Plain,
    Official,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccessMode {
    Agent,
    Token,
    Link,
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
pub(super) fn service_population(text: &str) -> Result<pb::ServicePopulation, String> {
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

#[derive(Debug, Clone, Args)]
pub struct SurveyListArgs {
    #[arg(long, value_name = "NAMA", help = "Hanya unit ini, agencies/…/units/…")]
    pub unit: Option<String>,
}
