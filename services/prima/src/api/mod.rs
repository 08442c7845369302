//! What describes the API to programs: `openapi.json` for the methods and `asyncapi.json` for the events. Both are made from the
//! descriptors that this program was compiled with, so neither can fall behind the contracts.

mod asyncapi;
mod comments;
mod example;
mod openapi;
mod reasons;
mod schema;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use prima_platform::grpc::Document;
use serde_json::Value;

use crate::{
    cli::{ApiArgs, ApiDocument, Service},
    client::print,
};

/// The OpenAPI document of the methods that these services serve. Fails when the descriptors that were compiled in are damaged.
pub fn openapi(services: &[&str]) -> anyhow::Result<Value> {
    openapi::document(services)
}

/// The AsyncAPI document of the events that these services publish. Fails when the descriptors that were compiled in are damaged.
pub fn asyncapi(services: &[&str]) -> anyhow::Result<Value> {
    asyncapi::document(services)
}

/// The documents that a server of these services answers. Fails when the descriptors that were compiled in are damaged.
pub fn documents(services: &[&str]) -> anyhow::Result<Vec<Document>> {
    let made = [
        ("/openapi.json", openapi(services)?),
        ("/asyncapi.json", asyncapi(services)?),
    ];
    let document = |(path, content): (&'static str, Value)| Document {
        path,
        content_type: "application/json",
        body: content.to_string().into(),
    };
    Ok(made.map(document).into())
}

/// Prints the document of the whole suite.
pub fn run(args: &ApiArgs) -> anyhow::Result<ExitCode> {
    let services = Service::ALL.map(Service::name);
    let document = match args.document {
        ApiDocument::Openapi => openapi(&services)?,
        ApiDocument::Asyncapi => asyncapi(&services)?,
    };
    print::out(&(serde_json::to_string_pretty(&document)? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
