//! Arguments of `prima doctor`.

use clap::{Args, Subcommand};

#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    #[command(subcommand)]
    pub command: DoctorCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum DoctorCommand {
    #[command(
        about = "Daftar yang sudah diterima tetapi tidak terhitung, sebabnya, dan yang perlu dilakukan",
        long_about = "Daftar yang sudah diterima tetapi tidak terhitung, sebabnya, dan yang perlu dilakukan: survei, laporan, nilai, \
                      evaluasi, dan inovasi unit yang tidak terdaftar, laporan tanpa unit, unit tanpa kelompok, periode tanpa tabel, \
                      nilai tanpa peringkat, survei yang tidak pernah ditutup. Setiap layanan ditanya.\n\nStatus keluar: 0 \
                      semuanya terhitung, 3 ada yang tidak terhitung, 1 gagal, juga bila salah satu layanan tidak menjawab."
    )]
    Figures(DoctorFiguresArgs),
}

#[derive(Debug, Clone, Args)]
pub struct DoctorFiguresArgs {
    #[arg(
        long,
        value_name = "INSTANSI",
        help = "Hanya instansi ini, misalnya 3271 atau agencies/3271 (bawaan: semua)"
    )]
    pub agency: Option<String>,
    #[arg(
        long,
        value_name = "UNIT",
        help = "Hanya unit ini: agencies/…/units/…, atau id-nya bersama --agency"
    )]
    pub unit: Option<String>,
    #[arg(long, help = "Cetak JSON, bukan tabel")]
    pub json: bool,
}
