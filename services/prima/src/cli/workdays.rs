//! `prima workdays`.

use std::path::PathBuf;

use chrono::{Datelike, NaiveDate};
use clap::{Args, ValueEnum};
use prima_complaint::domain::{calendar::YEARS, worktime::FirstDay};

#[derive(Debug, Clone, Args)]
pub struct WorkdaysArgs {
    #[arg(
        value_name = "TANGGAL",
        value_parser = date,
        help = "Tanggal kejadian, misalnya 2025-03-26"
    )]
    pub date: NaiveDate,
    #[arg(
        value_name = "HARI",
        value_parser = clap::value_parser!(u32).range(0..=10_000),
        help = "Jumlah hari kerja, 0 sampai 10000"
    )]
    pub days: u32,
    #[arg(
        long,
        value_name = "ATURAN",
        default_value = "next-working-day",
        help = "Hari pertama: next-working-day (hari kerja berikutnya) atau same-day (hari kejadian bila hari kerja; \
                kejadian sebelum jam tutup). Bawaan: next-working-day"
    )]
    pub first_day: FirstDayRule,
    #[arg(
        long,
        value_name = "BERKAS.csv",
        help = "Kalender libur pengganti (date,kind,name; kind: libur_nasional atau cuti_bersama); hanya tahun di berkas \
                ini yang dianggap lengkap"
    )]
    pub holidays: Option<PathBuf>,
    #[arg(
        long,
        help = "Tampilkan juga setiap hari yang dihitung dan hari libur yang dilewati"
    )]
    pub explain: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FirstDayRule {
    NextWorkingDay,
    SameDay,
}

impl From<FirstDayRule> for FirstDay {
    fn from(rule: FirstDayRule) -> Self {
        match rule {
            FirstDayRule::NextWorkingDay => Self::NextWorkingDay,
            FirstDayRule::SameDay => Self::SameDay,
        }
    }
}

fn date(text: &str) -> Result<NaiveDate, String> {
    let date = text.parse::<NaiveDate>().ok();
    date.filter(|day| day.to_string() == text && YEARS.contains(&day.year()))
        .ok_or_else(|| "harus tanggal dari tahun 2000 sampai 2100, misalnya 2025-03-26".to_owned())
}
