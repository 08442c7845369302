//! Token buckets, one for each key: how often something may happen.

use std::{
    hash::Hash,
    num::NonZeroU32,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};

/// Most buckets that are kept. Full buckets are dropped; if there are more that are not full, new keys share one.
pub const MOST: usize = 16_384;
/// Number of uses after which full buckets are dropped.
const SWEEP: usize = 1024;

/// Token buckets of one size, each full at first; cheap to use from many tasks.
pub struct Buckets<K: Hash + Eq + Clone> {
    rate: NonZeroU32,
    limiter: DefaultKeyedRateLimiter<Option<K>>,
    uses: AtomicUsize,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// Buckets that hold `rate` tokens and gain as many a second; `None` for a rate of 0, which means no limit.
    pub fn per_second(rate: u32) -> Option<Self> {
        NonZeroU32::new(rate).map(|rate| Self::new(rate, Quota::per_second(rate)))
    }

    /// Buckets that hold `rate` tokens and gain as many a minute; `None` for a rate of 0, which means no limit.
    pub fn per_minute(rate: u32) -> Option<Self> {
        NonZeroU32::new(rate).map(|rate| Self::new(rate, Quota::per_minute(rate)))
    }

    fn new(rate: NonZeroU32, quota: Quota) -> Self {
        Self {
            rate,
            limiter: DefaultKeyedRateLimiter::keyed(quota),
            uses: AtomicUsize::new(0),
        }
    }

    /// The size of a bucket.
    pub fn rate(&self) -> u32 {
        self.rate.get()
    }

    /// Number of buckets that are kept.
    pub fn kept(&self) -> usize {
        self.limiter.len()
    }

    /// Takes a token of this key.
    ///
    /// # Errors
    ///
    /// The bucket is empty: the time until it has a token again.
    pub fn take(&self, key: K) -> Result<(), Duration> {
        if self.uses.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP) {
            self.limiter.retain_recent();
        }
        let key = (self.limiter.len() < MOST).then_some(key);
        self.limiter
            .check_key(&key)
            .map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_bucket_that_says_when_it_has_a_token_again() {
        let buckets = Buckets::per_minute(3).unwrap();
        for _ in 0..3 {
            assert!(buckets.take("a").is_ok());
        }
        let wait = buckets.take("a").unwrap_err();
        assert!(
            wait > Duration::from_secs(1) && wait <= Duration::from_secs(20),
            "{wait:?}"
        );
        assert!(buckets.take("b").is_ok());
        assert!(Buckets::<&str>::per_minute(0).is_none() && Buckets::<&str>::per_second(0).is_none());
    }

    #[test]
    fn many_keys_do_not_fill_the_memory() {
        // The rate is so low that no bucket is full again while this runs.
        let buckets = Buckets::per_second(1).unwrap();
        for n in 0..3 * MOST {
            let _taken = buckets.take(n);
            assert!(buckets.kept() <= MOST + 1);
        }
    }
}
