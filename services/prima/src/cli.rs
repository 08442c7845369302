//! The command line: every subcommand with its arguments. Help and messages are Indonesian.

mod call;
mod complaint;
mod import;
mod index;
mod index_read;
mod report;
mod result;
mod serve;
mod survey;
mod words;
mod workdays;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use call::{CallArgs, CompletionsArgs, Shell, complete, completions};
pub use complaint::{
    ComplaintArgs, ComplaintListArgs, ComplaintOrder, ComplaintPerformanceArgs, ComplaintWatchArgs,
    ComplaintWhat, ConsultationArgs, ConsultationWhat, KnowledgeArgs, KnowledgeWhat, WorkflowArgs,
    WorkflowWhat,
};
pub use import::{DateOrder, FileArgs, HolidaysArgs, ImportArgs, ImportWhat, ResponsesArgs};
pub use index::{
    ConfirmArgs, FormKind, IndexArgs, IndexWhat, InstrumentArgs, InstrumentWhat, Keyed, ScoresArgs,
    SimulateArgs,
};
pub use index_read::{IndexReadArgs, ReportEvaluationArgs};
pub use report::{ReportArgs, ReportFormat, ReportSkmArgs, ReportWhat};
pub use result::{PeriodArgs, ResultArgs, ResultWhat};
pub use serve::{
    DeadLettersArgs, KeyArgs, MigrateArgs, ReconcileArgs, Role, RunArgs, ServeArgs, TokenArgs, UpArgs,
};
pub use survey::{
    AccessMode, AnalysisArgs, CommentKind, CommentsArgs, FollowUpAddArgs, FollowUpDoneArgs, FollowUpListArgs,
    FollowUpWhat, Plain, PublishArgs, SurveyArgs, SurveyCloseArgs, SurveyCreateArgs, SurveyListArgs,
    SurveyWhat, TokensArgs, TokensFormat, VoidArgs, VoidsArgs, Weights,
};
pub use words::parse;
pub use workdays::{FirstDayRule, WorkdaysArgs};

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
    /// `URL` for every service, or `directory=URL`, `survey=URL`, `innovation=URL`, `complaint=URL`, `index=URL`,
    /// `ranking=URL`.
    #[arg(
        long,
        global = true,
        env = "PRIMA_ENDPOINT",
        value_name = "[LAYANAN=]URL",
        value_delimiter = ',',
        help = "Alamat layanan; URL untuk semua, atau directory=URL, survey=URL, innovation=URL, \
                complaint=URL, index=URL, ranking=URL. Boleh berulang (lingkungan: PRIMA_ENDPOINT; bawaan: http://127.0.0.1:50051)"
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
    /// Prints a new key of complaints.
    #[command(
        about = "Buat kunci penyandi data pengaduan (dicetak ke keluaran baku)",
        long_about = "Buat kunci penyandi data pengaduan, satu baris ID:BASE64 ke keluaran baku.\n\nKunci pertama menyandi, semua \
                      kunci membuka. prima up: taruh sebagai baris pertama complaint.key di direktori data. Layanan \
                      tersendiri: tambahkan pada PRIMA_COMPLAINT__KEYS (dipisah koma) di belakang pada semua replika, \
                      lalu pindahkan ke depan. Kunci lama dilepas setelah prima complaint keys menunjukkan 0. Simpan \
                      salinannya terpisah dari cadangan basis data: tanpa kunci, datanya tidak terbaca."
    )]
    Key(KeyArgs),
    /// Asks the services whether they serve.
    #[command(about = "Periksa apakah layanan siap")]
    Health(HealthArgs),
    /// Loads a CSV file.
    #[command(about = "Impor data dari berkas CSV")]
    Import(ImportArgs),
    /// What is done with surveys.
    #[command(
        about = "Buat, tutup, dan daftar survei; pembatalan, publikasi, tindak lanjut, token, saran, analisis"
    )]
    Survey(SurveyArgs),
    /// Prints the result of a survey, or of a unit or agency in a period.
    #[command(about = "Tampilkan hasil (IKM) satu survei, atau satu unit atau instansi dalam satu periode")]
    Result(ResultArgs),
    /// What is done with instruments of evaluation.
    #[command(about = "Daftar, periksa, tambah, dan tampilkan instrumen evaluasi")]
    Instrument(InstrumentArgs),
    /// What is done with indexes.
    #[command(about = "Tampilkan, uraikan, dan hitung andaikata indeks pelayanan publik")]
    Index(IndexArgs),
    /// Lists scores that other bodies have published.
    #[command(
        about = "Daftar nilai terbitan yang dicatat (Ombudsman, SAKIP, IPP tahun lalu, …) beserta perubahannya"
    )]
    Scores(ScoresArgs),
    /// What is done with complaints.
    #[command(
        about = "Pengaduan: masukkan, daftar, lacak, verifikasi, alihkan, tanggapi; kinerja, saluran, kunci"
    )]
    Complaint(ComplaintArgs),
    /// What is done with consultations.
    #[command(about = "Konsultasi: daftar pertanyaan yang masuk")]
    Consultation(ConsultationArgs),
    /// What is done with the knowledge base.
    #[command(about = "Cari tanya jawab yang diterbitkan dari konsultasi")]
    Knowledge(KnowledgeArgs),
    /// What is done with workflows of reports.
    #[command(about = "Periksa dokumen alur pengaduan")]
    Workflow(WorkflowArgs),
    /// Writes a report.
    #[command(about = "Tulis laporan yang siap dicetak, beserta datanya")]
    Report(ReportArgs),
    /// Prints a league table.
    #[command(about = "Tampilkan tabel peringkat")]
    League(LeagueArgs),
    /// Prints the places of one subject.
    #[command(about = "Tampilkan peringkat satu unit atau instansi di setiap kelompok")]
    Standing(StandingArgs),
    /// Prints how many respondents a population needs.
    #[command(about = "Hitung sampel minimum (Krejcie-Morgan) untuk suatu populasi")]
    SampleSize(SampleSizeArgs),
    /// Calls any method of any service.
    #[command(
        about = "Panggil metode apa pun dari layanan mana pun; jawabannya JSON",
        long_about = "Panggil metode apa pun dari layanan mana pun; jawabannya JSON, aliran jawaban satu pesan sebaris.\n\n\
                      Isian di dalam isian ditulis dengan titik (survey.period=2026), daftar dengan mengulang isiannya, atau \
                      dengan nomor bila itemnya punya isian (elements.0.key=cost), peta dengan kuncinya (answers.cost=4). \
                      Pilihan boleh tanpa awalannya (OPEN), waktu RFC 3339, bita base64, isian apa pun JSON bila punya isian \
                      di dalamnya. @BERKAS adalah isi berkas, @@ awal teks yang dimulai dengan @. request_id yang tidak \
                      disebut dibuatkan dan ditampilkan; dengan id yang sama permintaan dapat diulang tanpa berlaku dua kali."
    )]
    Call(CallArgs),
    /// Prints what makes a shell complete commands.
    #[command(about = "Cetak skrip pelengkap untuk shell, misalnya: source <(prima completions bash)")]
    Completions(CompletionsArgs),
    /// Prints the day on which a deadline of working days ends.
    #[command(
        about = "Hitung hari jatuh tempo sekian hari kerja setelah suatu tanggal (kalender libur nasional)"
    )]
    Workdays(WorkdaysArgs),
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
    /// Complaints and consultation.
    Complaint,
    /// Instruments, evaluations, the index, scores of other bodies.
    Index,
    /// League tables.
    Ranking,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 6] = [
        Self::Directory,
        Self::Survey,
        Self::Innovation,
        Self::Complaint,
        Self::Index,
        Self::Ranking,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Survey => "survey",
            Self::Innovation => "innovation",
            Self::Complaint => "complaint",
            Self::Index => "index",
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
        help = "Hanya layanan ini: directory, survey, innovation, complaint, index, atau ranking"
    )]
    pub service: Option<Service>,
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
