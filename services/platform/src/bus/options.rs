//! How a connection to NATS authenticates and encrypts, and how a follower asks for what it reads.

use async_nats::{
    ConnectOptions, ServerAddr,
    jetstream::consumer::{DeliverPolicy, pull::OrderedConfig},
};

use crate::{config, id::Ids};

/// Credentials and TLS. Every connection is encrypted when one address says so, since the servers of a cluster announce
/// each other without a scheme.
pub(super) fn options(config: &config::Bus, addresses: &[ServerAddr]) -> ConnectOptions {
    let mut options = ConnectOptions::new().require_tls(addresses.iter().any(ServerAddr::tls_required));
    // The client ignores credentials in the URL, so they are passed as options.
    let credentials = addresses.iter().find_map(|a| a.username().zip(a.password()));
    if let Some((user, password)) = credentials {
        options = options.user_and_password(user.to_owned(), password.to_owned());
    }
    if !config.ca.as_os_str().is_empty() {
        options = options.add_root_certificates(config.ca.clone());
    }
    if !config.certificate.as_os_str().is_empty() {
        options = options.add_client_certificate(config.certificate.clone(), config.key.clone());
    }
    options
}

/// The consumer of a follower of `service`: the last states of the subjects that match `filters`, without those up to the
/// sequence `after`.
pub(super) fn ordered(service: &str, filters: &[String], after: u64, headers_only: bool) -> OrderedConfig {
    let mut config = OrderedConfig {
        // Named, because only then the request's subject has the name and the filter, by which a server limits what a user
        // may read; and at random, so that no other user can address it.
        name: Some(format!("{service}-{}", Ids::random().next())),
        deliver_policy: match after {
            0 => DeliverPolicy::LastPerSubject,
            // The stream keeps one message for each subject, so that each of these is the last of its subject.
            _ => DeliverPolicy::ByStartSequence {
                start_sequence: after + 1,
            },
        },
        headers_only,
        ..OrderedConfig::default()
    };
    match filters {
        [filter] => config.filter_subject.clone_from(filter),
        filters => config.filter_subjects = filters.to_vec(),
    }
    config
}
