//! Rate limits: token buckets, one for each address of callers without a token and one for each token.

use std::{hash::Hash, net::IpAddr, sync::Arc};

use super::shares::refused;
use crate::{
    config,
    failure::{Failure, Kind},
    rate,
};

/// The buckets of one kind of callers.
struct Buckets<K: Hash + Eq + Clone> {
    limit: &'static str,
    share: &'static str,
    buckets: rate::Buckets<K>,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// `None` for a rate of 0, which means no limit.
    fn new(limit: &'static str, share: &'static str, rate: u32) -> Option<Self> {
        rate::Buckets::per_second(rate).map(|buckets| Self {
            limit,
            share,
            buckets,
        })
    }

    fn take(&self, key: K) -> Result<(), Failure> {
        self.buckets.take(key).map_err(|wait| {
            let most = self.buckets.rate();
            let text = format!("more than {most} calls a second of one {}; try later", self.share);
            let failure = Failure::new(
                Kind::Exhausted,
                "RATE_LIMITED",
                text,
                "Terlalu banyak permintaan dalam waktu singkat; coba lagi sebentar lagi",
            );
            Failure {
                retry_after: Some(wait),
                ..refused(self.limit, self.share, most as usize, failure)
            }
        })
    }
}

/// The rates of one server.
pub(super) struct Rates {
    peers: Option<Buckets<IpAddr>>,
    tokens: Option<Buckets<Arc<str>>>,
}

impl Rates {
    /// The rates of the configuration.
    pub(super) fn new(config: &config::Grpc) -> Self {
        let (peer, token) = (
            config.calls_per_second_per_peer,
            config.calls_per_second_per_token,
        );
        Self {
            peers: Buckets::new("grpc.calls_per_second_per_peer", "peer", peer),
            tokens: Buckets::new("grpc.calls_per_second_per_token", "token", token),
        }
    }

    /// Counts a call without a token that was verified before.
    pub(super) fn of_peer(&self, peer: Option<IpAddr>) -> Result<(), Failure> {
        match (&self.peers, peer) {
            (Some(buckets), Some(peer)) => buckets.take(peer),
            _ => Ok(()),
        }
    }

    /// Counts a call with a token.
    pub(super) fn of_token(&self, token: Option<&Arc<str>>) -> Result<(), Failure> {
        match (&self.tokens, token) {
            (Some(buckets), Some(token)) => buckets.take(token.clone()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_bucket_and_a_refusal_says_when_to_retry() {
        let config = config::Grpc {
            calls_per_second_per_peer: 5,
            calls_per_second_per_token: 0,
            ..config::Grpc::default()
        };
        let rates = Rates::new(&config);
        let peer = |last: u8| Some(IpAddr::from([10, 0, 0, last]));
        let refused = (0..50).find_map(|_| rates.of_peer(peer(1)).err()).unwrap();
        assert_eq!((refused.kind, refused.reason), (Kind::Exhausted, "RATE_LIMITED"));
        assert!(refused.retry_after.unwrap() <= std::time::Duration::from_millis(200));
        assert!(rates.of_peer(peer(2)).is_ok());
        for _ in 0..50 {
            assert!(rates.of_token(Some(&"a".into())).is_ok(), "0 means no limit");
        }
    }
}
