//! `prima table`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::FormatArgs;

#[derive(Debug, Clone, Args)]
pub struct TableArgs {
    #[command(subcommand)]
    pub command: TableCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum TableCommand {
    #[command(about = "Periksa dokumen definisi tabel peringkat; semua kesalahannya ditampilkan")]
    Check(TableFileArgs),
    #[command(
        about = "Terapkan definisi tabel peringkat satu ukuran (admin nasional)",
        long_about = "Terapkan definisi tabel peringkat satu ukuran, ukuran bawaan maupun ukuran sendiri; semua tabel ukuran itu \
                      langsung mengikutinya. Definisi yang sama dengan yang berlaku tidak diterapkan lagi. Perlu token admin \
                      nasional."
    )]
    Add(TableFileArgs),
    #[command(about = "Daftar definisi yang berlaku, atau setiap versi definisi satu ukuran")]
    List(TableListArgs),
}

#[derive(Debug, Clone, Args)]
pub struct TableFileArgs {
    #[arg(value_name = "BERKAS", help = "Berkas JSON")]
    pub file: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct TableListArgs {
    #[arg(
        value_name = "UKURAN",
        default_value = "",
        help = "Setiap versi definisi ukuran ini (bawaan: yang berlaku dari setiap ukuran)"
    )]
    pub metric: String,
    #[command(flatten)]
    pub output: FormatArgs,
}
