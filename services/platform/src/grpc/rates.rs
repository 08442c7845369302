//! Rate limits: token buckets, one for each address of callers without a token and one for each token.

use std::{
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};

use super::shares::refused;
use crate::{
    config,
    failure::{Failure, Kind},
};

/// Most buckets that are kept. Full buckets are dropped; if there are more that are not full, new callers share one.
const MOST: usize = 16_384;
/// Number of calls after which full buckets are dropped.
const SWEEP: usize = 1024;

/// The buckets of one kind of callers.
struct Buckets<K: Hash + Eq + Clone> {
    limit: &'static str,
    share: &'static str,
    rate: NonZeroU32,
    limiter: DefaultKeyedRateLimiter<Option<K>>,
    calls: AtomicUsize,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// `None` for a rate of 0, which means no limit.
    fn new(limit: &'static str, share: &'static str, rate: u32) -> Option<Self> {
        let rate = NonZeroU32::new(rate)?;
        Some(Self {
            limit,
            share,
            rate,
            limiter: DefaultKeyedRateLimiter::keyed(Quota::per_second(rate)),
            calls: AtomicUsize::new(0),
        })
    }

    fn take(&self, key: K) -> Result<(), Failure> {
        if self.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP) {
            self.limiter.retain_recent();
        }
        let key = (self.limiter.len() < MOST).then_some(key);
        self.limiter.check_key(&key).map_err(|until| {
            let most = self.rate.get();
            let text = format!("more than {most} calls a second of one {}; try later", self.share);
            let failure = Failure::new(
                Kind::Exhausted,
                "RATE_LIMITED",
                text,
                "Terlalu banyak permintaan dalam waktu singkat; coba lagi sebentar lagi",
            );
            Failure {
                retry_after: Some(until.wait_time_from(DefaultClock::default().now())),
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

    #[test]
    fn many_addresses_do_not_fill_the_memory() {
        // The rate is so low that no bucket is full again while this runs.
        let buckets = Buckets::new("limit", "peer", 1).unwrap();
        for n in 0..3 * MOST as u32 {
            let _taken = buckets.take(IpAddr::from(n.to_be_bytes()));
            assert!(buckets.limiter.len() <= MOST + 1);
        }
    }
}
