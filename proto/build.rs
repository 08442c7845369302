//! Compiles the contracts without protoc, and stores their descriptors for gRPC reflection.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=prima");
    let files = [
        "prima/directory/v1/directory.proto",
        "prima/survey/v1/access.proto",
        "prima/survey/v1/survey.proto",
        "prima/index/v1/assessment.proto",
        "prima/index/v1/index.proto",
        "prima/ranking/v1/ranking.proto",
        "prima/innovation/v1/innovation.proto",
        "prima/complaint/v1/complaint.proto",
        "prima/complaint/v1/consultation.proto",
        "prima/complaint/v1/privacy.proto",
        "prima/complaint/v1/settings.proto",
        "prima/event/v1/event.proto",
    ];
    let descriptors = protox::compile(files, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(
        out.join("descriptors.bin"),
        prost::Message::encode_to_vec(&descriptors),
    )?;
    // Ordered maps, so that a message always encodes to the same bytes and its digests can be compared.
    tonic_prost_build::configure()
        .btree_map(".")
        .compile_fds(descriptors)?;
    Ok(())
}
