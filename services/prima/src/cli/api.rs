//! `prima api`.

use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Args)]
pub struct ApiArgs {
    #[arg(
        value_enum,
        value_name = "DOKUMEN",
        help = "openapi: semua metode sebagai JSON lewat HTTP; asyncapi: semua peristiwa di bus"
    )]
    pub document: ApiDocument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ApiDocument {
    Openapi,
    Asyncapi,
}
