//! `prima call`: calls every method of every service by the descriptors alone.

mod build;
mod codec;
mod complete;
mod describe;

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Context;
use futures::stream;
use prima_platform::{
    failure::{Failure, Violation},
    grpc,
    id::Ids,
};
use prost_reflect::{DynamicMessage, Kind, MethodDescriptor, ReflectMessage, Value};
use serde_json::Value as Json;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Request, Response, Status};

use super::call::{DEADLINE, retry, within};
use super::connect::{Authorized, Connection};
use super::{contract, print, text};
use crate::cli::{CallArgs, Service};
use build::build;
use codec::Dynamic;

pub use complete::{methods as complete_methods, pairs as complete_pairs};

/// Longest time to wait until a stream of requests is accepted.
const STREAM_DEADLINE: Duration = Duration::from_secs(120);

pub(super) async fn run(connection: &Connection, args: &CallArgs) -> anyhow::Result<()> {
    if let Some(pattern) = &args.list {
        print::out(&describe::list(pattern)?)?;
        return Ok(());
    }
    let method = contract::method(args.method.as_deref().unwrap_or_default())?;
    if args.describe {
        print::out(&describe::describe(&method))?;
        return Ok(());
    }
    let json = args.json.as_deref().map(text::input).transpose()?;
    let mut messages = requests(&method, json.as_deref(), &args.fields)
        .map_err(|faults| grpc::status(Failure::invalid(faults)))?;
    let named = add_request_id(&mut messages);
    let client = connection.authorized(service(&method)?).await?;
    if method.is_server_streaming() {
        follow(client, &method, messages).await?;
    } else {
        let repeatable = named || ["Get", "List"].iter().any(|verb| method.name().starts_with(verb));
        let answer = answer(client, &method, messages, repeatable).await?;
        print::out(&print::dynamic(&answer, !std::io::stdout().is_terminal())?)?;
    }
    Ok(())
}

/// The messages to send: one, or those of a stream. The pairs form the first message, and each line of the file forms
/// another one.
fn requests(
    method: &MethodDescriptor,
    json: Option<&str>,
    pairs: &[String],
) -> Result<Vec<DynamicMessage>, Vec<Violation>> {
    let fault = |place: &str, error: &dyn std::fmt::Display| {
        let text = format!("bukan JSON ({error})");
        Violation::new(place, text.clone(), text)
    };
    let input = method.input();
    if !method.is_client_streaming() {
        let base: Option<Json> = match json.map(serde_json::from_str).transpose() {
            Ok(base) => base,
            Err(error) => return Err(vec![fault("--json", &error)]),
        };
        return build(&input, base, pairs).map(|message| vec![message]);
    }
    let (mut messages, mut faults) = (Vec::new(), Vec::new());
    if !pairs.is_empty() || json.is_none() {
        match build(&input, None, pairs) {
            Ok(message) => messages.push(message),
            Err(found) => faults.extend(found),
        }
    }
    for (line, text) in (1..).zip(json.unwrap_or_default().lines()) {
        if text.trim().is_empty() {
            continue;
        }
        let place = format!("baris {line}");
        match serde_json::from_str(text).map(|json| build(&input, Some(json), &[])) {
            Err(error) => faults.push(fault(&place, &error)),
            Ok(Ok(message)) => messages.push(message),
            Ok(Err(found)) => faults.extend(found.into_iter().map(|fault| Violation {
                field: format!("{place}: {}", fault.field),
                ..fault
            })),
        }
    }
    if faults.is_empty() {
        Ok(messages)
    } else {
        Err(faults)
    }
}

/// Adds a random `request_id` to a request that needs one, and prints it. Returns whether the request has an id, so
/// that it may be repeated.
fn add_request_id(messages: &mut [DynamicMessage]) -> bool {
    let [message] = messages else { return false };
    let field = message.descriptor().get_field_by_name("request_id");
    let Some(field) = field.filter(|field| field.kind() == Kind::String) else {
        return false;
    };
    if !message.has_field(&field) {
        let id = Ids::random().next().to_string();
        print::note(&format!("Id permintaan: {id}"));
        message.set_field(&field, Value::String(id));
    }
    true
}

/// The service that offers a method; the second part of the package names it.
fn service(method: &MethodDescriptor) -> anyhow::Result<Service> {
    let service = method.parent_service();
    let package = service.package_name();
    // Each process has the audit logs of its services; the first one is asked.
    if package == "prima.audit.v1" {
        return Ok(Service::Directory);
    }
    let found = Service::ALL
        .into_iter()
        .find(|service| package.split('.').nth(1) == Some(service.name()));
    found.with_context(|| format!("tidak ada layanan untuk {package}"))
}

async fn answer(
    client: Authorized,
    method: &MethodDescriptor,
    messages: Vec<DynamicMessage>,
    repeatable: bool,
) -> anyhow::Result<DynamicMessage> {
    let deadline = if method.is_client_streaming() {
        STREAM_DEADLINE
    } else {
        DEADLINE
    };
    let call = || {
        let request = within(stream::iter(messages.clone()), deadline);
        let client = client.clone();
        async move {
            let (mut grpc, path, codec) = prepare(client, method).await?;
            grpc.client_streaming(request, path, codec).await
        }
    };
    if repeatable {
        return Ok(retry(call).await?);
    }
    Ok(call().await.map(Response::into_inner)?)
}

/// Prints each message when it arrives, one per line.
async fn follow(
    client: Authorized,
    method: &MethodDescriptor,
    messages: Vec<DynamicMessage>,
) -> anyhow::Result<()> {
    let (mut grpc, path, codec) = prepare(client, method).await?;
    let request = Request::new(stream::iter(messages));
    let mut answers = grpc.streaming(request, path, codec).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        print::out(&print::dynamic(&answer, true)?)?;
    }
    Ok(())
}

async fn prepare(
    client: Authorized,
    method: &MethodDescriptor,
) -> Result<(Grpc<Authorized>, PathAndQuery, Dynamic), Status> {
    let mut grpc = Grpc::new(client);
    grpc.ready()
        .await
        .map_err(|error| Status::from_error(error.into()))?;
    let path = contract::path(method)
        .parse()
        .map_err(|_| Status::internal("no path"))?;
    Ok((grpc, path, Dynamic(method.output())))
}
