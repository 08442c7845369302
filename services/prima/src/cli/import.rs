//! Arguments of `prima import`.

use std::path::PathBuf;

use chrono::FixedOffset;
use clap::{Args, Subcommand, ValueEnum};

use crate::client::import::{ColumnMap, ValueMap, label, zone};

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
    #[command(
        about = "Jawaban survei, dari berkas sendiri atau unduhan Google Formulir",
        long_about = "Jawaban survei, dari berkas sendiri atau unduhan Google Formulir.\n\nKolom dikenali dari kepalanya: \
                      response_id (boleh tidak ada), submitted_at (Timestamp, Stempel waktu), kunci, kode, nama, atau \
                      pertanyaan tiap unsur, dan (boleh) sex (Jenis Kelamin), age (Usia), age_group, education, \
                      occupation, service (Jenis Layanan), channel, hour_band, suggestion (Saran), criticism (Kritik). \
                      Jawaban boleh angka atau label jawaban.\n\nTanpa kolom response_id, id dibuat dari nomor baris dan \
                      isinya; mengimpor berkas yang sama lagi tidak menggandakan apa pun, dan impor yang terputus \
                      diteruskan dengan menjalankannya lagi.\n\nStatus keluar: 0 semua baris masuk, 3 sebagian baris tidak \
                      masuk, 1 gagal."
    )]
    Responses(ResponsesArgs),
    /// Results published earlier.
    #[command(
        about = "Hasil yang sudah diterbitkan dahulu; kolom: subject (atau agency,unit),period,instrument,index,\
                 source, dan (boleh) category,respondents,roll_up,reason, kunci tiap unsur"
    )]
    Results(FileArgs),
    /// Scores that other bodies have published.
    #[command(
        about = "Nilai terbitan lembaga lain dan IPP tahun lalu; kolom: metric,subject,period,value (atau score), dan (boleh) \
                 category,source,no_maladministration,reason"
    )]
    Scores(FileArgs),
    /// The national calendar.
    #[command(
        about = "Hari libur nasional dan cuti bersama; kolom: date,kind,name",
        long_about = "Hari libur nasional dan cuti bersama; kolom: date (TTTT-BB-HH), kind (libur_nasional atau \
                      cuti_bersama), name.\n\nKalender setiap tahun yang disebut berkas diganti seluruhnya, dan tenggat \
                      laporan yang masih terbuka dihitung ulang. Mengimpor berkas yang sama lagi tidak mengubah apa pun."
    )]
    Holidays(HolidaysArgs),
}

/// Arguments of `prima import holidays`.
#[derive(Debug, Clone, Args)]
pub struct HolidaysArgs {
    /// The file.
    #[arg(value_name = "BERKAS.csv", help = "Berkas CSV (UTF-8; pemisah koma)")]
    pub file: PathBuf,
    /// Source.
    #[arg(
        long,
        value_name = "SUMBER",
        help = "Sumber, misalnya \"SKB 3 Menteri Nomor 1017 Tahun 2024\"; 5 sampai 300 karakter"
    )]
    pub citation: String,
}

/// A file to import.
#[derive(Debug, Clone, Args)]
pub struct FileArgs {
    /// The file.
    #[arg(
        value_name = "BERKAS.csv",
        help = "Berkas CSV (UTF-8; pemisah koma, titik koma, atau tab)"
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
    /// What columns mean.
    #[arg(
        long,
        value_name = "KOLOM=ISIAN",
        help = "Arti satu kolom: kepala kolom (atau #N, kolom ke-N) dan isiannya: response_id, submitted_at, kunci atau kode \
                unsur, sex, …; - untuk melewatinya. Boleh berulang"
    )]
    pub map: Vec<ColumnMap>,
    /// What texts mean.
    #[arg(
        long,
        value_name = "ISIAN:TEKS=NILAI",
        help = "Arti satu teks dalam satu isian, misalnya \"education:D3=SMA\" atau \"U4:Gratis karena BPJS=4\". Boleh berulang"
    )]
    pub value: Vec<ValueMap>,
    /// Zone of times that name none.
    #[arg(
        long,
        value_name = "ZONA",
        default_value = "WIB",
        value_parser = zone,
        allow_hyphen_values = true,
        help = "Zona waktu yang tidak disebut di berkas: WIB, WITA, WIT, atau +07:00 (bawaan: WIB)"
    )]
    pub timezone: FixedOffset,
    /// Order of dates that do not begin with the year.
    #[arg(
        long,
        value_name = "URUTAN",
        default_value = "dmy",
        help = "Urutan tanggal yang tidak diawali tahun: dmy (hari/bulan/tahun) atau mdy (bulan/hari/tahun); berlaku untuk \
                seluruh berkas (bawaan: dmy)"
    )]
    pub date_order: DateOrder,
    /// Label of the import.
    #[arg(
        long,
        value_name = "ID",
        help = "Nama impor ini, untuk dapat dibatalkan dengan `prima survey void` (bawaan: dari isi berkas)"
    )]
    pub import_id: Option<String>,
    /// Label that gives every row a new id.
    #[arg(
        long,
        value_name = "LABEL",
        value_parser = label,
        help = "Impor ulang setelah impor yang dulu dibatalkan: dengan label baru, misalnya perbaikan-1, setiap baris mendapat \
                id baru, sehingga tidak dianggap sudah ada"
    )]
    pub again: Option<String>,
    /// Where every bad row is written to.
    #[arg(
        long,
        value_name = "BERKAS.csv",
        help = "Tulis semua baris yang salah beserta alasannya; setelah diperbaiki berkas ini dapat diimpor"
    )]
    pub errors: Option<PathBuf>,
    /// Check and show only.
    #[arg(
        long,
        help = "Tampilkan arti tiap kolom dan periksa semua baris, tanpa mengirim apa pun"
    )]
    pub dry_run: bool,
}

/// Order of dates that do not begin with the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DateOrder {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
}
