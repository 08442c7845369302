//! Who is recognised: tokens of issuers of OpenID Connect, revoked tokens, and signing keys that are rotated.

mod issuer;
mod revoked;
mod sso;

use std::process::Output;

use prima_proto::directory::v1::ListAgenciesRequest;
use prima_tests::{client::channel, process::Process};
use tonic::{Code, Request};
use tonic_types::StatusExt;

use crate::startup::text;

/// `Ok` when a process accepts a token, else the message with which it refuses it.
async fn call(process: &Process, token: &str) -> Result<(), String> {
    use prima_proto::directory::v1::directory_service_client::DirectoryServiceClient;
    let mut client = DirectoryServiceClient::new(channel(&process.url()));
    let mut request = Request::new(ListAgenciesRequest::default());
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    match client.list_agencies(request).await {
        Ok(_) => Ok(()),
        // A process without the directory has verified the token before.
        Err(status) if status.code() == Code::Unimplemented => Ok(()),
        Err(status) => {
            assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
            let details = status.get_error_details();
            assert_eq!(details.error_info().unwrap().reason, "TOKEN_INVALID");
            Err(status.message().to_owned())
        }
    }
}

/// What a command has printed, which must have succeeded.
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}
