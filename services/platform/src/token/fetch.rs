//! Reads the keys of issuers: the discovery document (OpenID Connect Discovery 1.0) and the key set that it names.
//!
//! They are read again at a fixed interval, so a key that its issuer has added or withdrawn is followed within it. A token that
//! names an unknown key has them read at once, but not more often than every [`PAUSE`], whatever is sent. While an issuer can't be
//! read, its known keys stay.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, redirect::Policy};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::issuer::Issuer;
use crate::{config::auth::is_safe, jws};

/// Least time between two reads of one issuer.
const PAUSE: Duration = Duration::from_secs(5);
/// Longest time of one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest document, bytes.
const LONGEST: usize = 256 * 1024;

/// Why the keys of an issuer were not read.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("status {0}")]
    Status(u16),
    #[error("the answer is longer than {LONGEST} bytes")]
    Long,
    #[error("{0}")]
    Document(&'static str),
}

/// Follows the keys of an issuer until `stop`.
pub(super) async fn follow(issuer: Arc<Issuer>, every: Duration, stop: CancellationToken) {
    // The client uses the TLS provider of the process. Installing fails when one is installed already, which is the same.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .redirect(Policy::none())
        .connect_timeout(TIMEOUT / 2)
        .timeout(TIMEOUT)
        .build();
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "no tokens of other issuers are accepted");
            return stop.cancelled().await;
        }
    };
    let mut failing = false;
    loop {
        let read = tokio::select! {
            () = stop.cancelled() => return,
            read = read(&client, &issuer) => read,
        };
        match &read {
            Ok(()) if failing => tracing::info!(issuer = %issuer.rule.issuer, "the keys are read again"),
            Ok(()) => {}
            Err(error) if failing => tracing::debug!(issuer = %issuer.rule.issuer, %error, "no keys"),
            Err(error) => {
                tracing::warn!(issuer = %issuer.rule.issuer, %error, "the keys can't be read; known ones stay");
            }
        }
        // A failure is tried again sooner than a success.
        let wait = if read.is_err() {
            every.min(PAUSE * 2)
        } else {
            every
        };
        failing = read.is_err();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait.saturating_sub(PAUSE)) => {}
            () = issuer.wanted() => {}
        }
    }
}

async fn read(client: &Client, issuer: &Issuer) -> Result<(), Error> {
    let url = &issuer.rule.issuer;
    let discovery = format!("{}/.well-known/openid-configuration", url.trim_end_matches('/'));
    let document = get(client, &discovery).await?;
    let document =
        jws::object(&document).ok_or(Error::Document("the discovery document is no JSON object"))?;
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    if text("issuer") != Some(url) {
        return Err(Error::Document(
            "the discovery document is that of another issuer",
        ));
    }
    let keys = text("jwks_uri").filter(|keys| is_safe(keys));
    let keys = keys.ok_or(Error::Document("the discovery document has no safe `jwks_uri`"))?;
    let keys = get(client, keys).await?;
    issuer.adopt(&keys, Instant::now()).map_err(Error::Document)
}

async fn get(client: &Client, url: &str) -> Result<Vec<u8>, Error> {
    let mut response = client
        .get(url)
        .header("accept", "application/json")
        .send()
        .await?;
    if !response.status().is_success() {
        return Err(Error::Status(response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LONGEST {
            return Err(Error::Long);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
