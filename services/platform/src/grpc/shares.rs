//! Limits with shares: each limited resource has a total, and one address, connection or token gets at most a share of
//! it.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use opentelemetry::KeyValue;

use crate::{
    config,
    failure::{Failure, Kind},
    telemetry,
};

/// Origin of a call. A part that is not known has no share; then only the total limits it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Address of the caller, see [`super::origin`].
    pub peer: Option<IpAddr>,
    /// Number of the connection; `None` for that of a proxy, which carries the calls of many callers.
    pub connection: Option<u64>,
    /// Identity of the caller in the token.
    pub token: Option<Arc<str>>,
}

/// Classes of calls. None of them can use up a limit alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// One message from a caller without a token.
    Public,
    /// One message from a caller with a token.
    Authenticated,
    /// A stream of requests.
    Bulk,
    /// A call that opens a stream of responses.
    Watch,
}

const CLASSES: usize = 4;
/// One in this many calls of the limit is reserved for each class.
const RESERVED: usize = 8;
/// Smallest share of places, unless the limit itself is smaller.
const LEAST: usize = 64;

/// A holder of a share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Holder {
    Peer(IpAddr),
    Connection(u64),
    Token(Arc<str>),
}

impl Holder {
    fn all(of: &Origin) -> impl Iterator<Item = Self> {
        let peer = of.peer.map(Self::Peer);
        let connection = of.connection.map(Self::Connection);
        let token = of.token.clone().map(Self::Token);
        [peer, connection, token].into_iter().flatten()
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Peer(_) => "peer",
            Self::Connection(_) => "connection",
            Self::Token(_) => "token",
        }
    }
}

/// Labels of a limit, for its refusals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Labels {
    /// Setting of the limit.
    pub limit: &'static str,
    /// Reason of a refusal when the total is used up.
    pub full: &'static str,
    /// Reason of a refusal when a share is used up.
    pub share: &'static str,
    /// What is limited, in English.
    pub what: &'static str,
    /// Message for people, in Indonesian.
    pub localized: &'static str,
}

pub(super) const CALLS: Labels = Labels {
    limit: "grpc.max_concurrent_requests",
    full: "OVERLOADED",
    share: "TOO_MANY_CALLS",
    what: "calls in progress",
    localized: "Layanan sedang sibuk; coba lagi sebentar lagi",
};
pub(super) const WATCHERS: Labels = Labels {
    limit: "grpc.max_watchers",
    full: "TOO_MANY_WATCHERS",
    share: "TOO_MANY_WATCHERS",
    what: "open streams",
    localized: "Terlalu banyak pemantau",
};
pub(super) const CONNECTIONS: Labels = Labels {
    limit: "grpc.max_connections",
    full: "TOO_MANY_CONNECTIONS",
    share: "TOO_MANY_CONNECTIONS",
    what: "connections",
    localized: "Terlalu banyak koneksi",
};
pub(super) const BYTES: Labels = Labels {
    limit: "grpc.max_bytes_in_flight",
    full: "TOO_MANY_BYTES",
    share: "TOO_MANY_BYTES",
    what: "bytes of unfinished requests",
    localized: "Terlalu banyak data dikirim bersamaan; coba lagi sebentar lagi",
};

/// A limit, and how much of it each holder uses. The entry of a holder is removed when it uses nothing any more.
#[derive(Debug)]
pub(super) struct Pool {
    labels: Labels,
    most: usize,
    /// Shares of one peer, one connection, one token.
    shares: [usize; 3],
    /// Reserved for each class.
    reserved: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    all: usize,
    classes: [usize; CLASSES],
    holders: HashMap<Holder, usize>,
}

/// An amount taken of a pool, returned when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    pool: Arc<Pool>,
    origin: Origin,
    class: Class,
    amount: usize,
}

impl Pool {
    /// A pool of `most` places, with the shares of the configuration.
    pub(super) fn of_places(labels: Labels, most: usize, config: &config::Grpc) -> Arc<Self> {
        Arc::new(Self::new(labels, most, LEAST, 0, config))
    }

    /// The pool of calls of the configuration, with a part reserved for each class.
    pub(super) fn of_calls(config: &config::Grpc) -> Arc<Self> {
        let most = config.max_concurrent_requests;
        Arc::new(Self::new(CALLS, most, LEAST, most / RESERVED, config))
    }

    /// The pool of bytes of the configuration; a message of the largest size fits in each share.
    pub(super) fn of_bytes(config: &config::Grpc) -> Arc<Self> {
        let (most, least) = (config.max_bytes_in_flight, config.max_message_bytes);
        Arc::new(Self::new(BYTES, most, least, 0, config))
    }

    fn new(labels: Labels, most: usize, least: usize, reserved: usize, config: &config::Grpc) -> Self {
        let share = |percent: usize| {
            (most / 100 * percent + most % 100 * percent / 100)
                .max(least)
                .min(most)
        };
        Self {
            labels,
            most,
            shares: [
                config.peer_percent,
                config.connection_percent,
                config.token_percent,
            ]
            .map(share),
            reserved,
            used: Mutex::default(),
        }
    }

    fn share(&self, holder: &Holder) -> usize {
        let [peer, connection, token] = self.shares;
        match holder {
            Holder::Peer(_) => peer,
            Holder::Connection(_) => connection,
            Holder::Token(_) => token,
        }
    }

    /// Takes one place; the error names the limit.
    pub(super) fn take(self: &Arc<Self>, origin: &Origin, class: Class) -> Result<Share, Failure> {
        let mut share = self.nothing(origin, class);
        share.grow(1)?;
        Ok(share)
    }

    /// A share of nothing yet.
    pub(super) fn nothing(self: &Arc<Self>, origin: &Origin, class: Class) -> Share {
        Share {
            pool: self.clone(),
            origin: origin.clone(),
            class,
            amount: 0,
        }
    }

    /// How much the address of `origin` uses; 0 when it is not known.
    pub(super) fn used_by_peer(&self, origin: &Origin) -> usize {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = origin.peer.map(Holder::Peer);
        let amount = peer.and_then(|peer| used.holders.get(&peer).copied());
        amount.unwrap_or_default()
    }

    fn acquire(&self, origin: &Origin, class: Class, more: usize) -> Result<(), Failure> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let reserved: usize = (0..)
            .zip(used.classes)
            .filter(|(other, _)| *other != class as usize)
            .map(|(_, amount)| self.reserved.saturating_sub(amount))
            .sum();
        if used.all.saturating_add(more).saturating_add(reserved) > self.most {
            return Err(self.refusal(None));
        }
        for holder in Holder::all(origin) {
            let amount = used.holders.get(&holder).copied().unwrap_or_default();
            if amount.saturating_add(more) > self.share(&holder) {
                return Err(self.refusal(Some(&holder)));
            }
        }
        used.all += more;
        if let Some(amount) = used.classes.get_mut(class as usize) {
            *amount += more;
        }
        for holder in Holder::all(origin) {
            *used.holders.entry(holder).or_default() += more;
        }
        Ok(())
    }

    fn release(&self, origin: &Origin, class: Class, less: usize) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.all -= less;
        if let Some(amount) = used.classes.get_mut(class as usize) {
            *amount -= less;
        }
        for holder in Holder::all(origin) {
            if let Some(amount) = used.holders.get_mut(&holder) {
                *amount -= less;
                if *amount == 0 {
                    used.holders.remove(&holder);
                }
            }
        }
    }

    /// The refusal when the share of `holder` is used up, or the total when it is `None`.
    fn refusal(&self, holder: Option<&Holder>) -> Failure {
        let Labels {
            limit,
            full,
            share,
            what,
            localized,
        } = self.labels;
        match holder {
            None => refused(
                limit,
                "all",
                self.most,
                Failure::new(
                    Kind::Exhausted,
                    full,
                    format!("too many {what}; try later"),
                    localized,
                ),
            ),
            Some(holder) => {
                let (name, most) = (holder.name(), self.share(holder));
                let text = format!("too many {what} of one {name}, at most {most}; try later");
                refused(
                    limit,
                    name,
                    most,
                    Failure::new(Kind::Exhausted, share, text, localized),
                )
            }
        }
    }
}

/// Adds to a refusal the setting, the kind of holder and the size of its share, and counts it in the metrics.
pub(super) fn refused(limit: &'static str, share: &'static str, value: usize, failure: Failure) -> Failure {
    let attributes = [KeyValue::new("limit", limit), KeyValue::new("share", share)];
    telemetry::meters().refused.add(1, &attributes);
    Failure {
        metadata: vec![
            ("limit", limit.to_owned()),
            ("share", share.to_owned()),
            ("value", value.to_string()),
        ],
        ..failure
    }
}

impl Share {
    /// Grows to `amount`; when that is refused, the share keeps its size.
    pub(super) fn grow(&mut self, amount: usize) -> Result<(), Failure> {
        if let Some(more) = amount.checked_sub(self.amount).filter(|more| *more > 0) {
            self.pool.acquire(&self.origin, self.class, more)?;
            self.amount = amount;
        }
        Ok(())
    }

    /// Returns what exceeds `amount`.
    pub(super) fn shrink(&mut self, amount: usize) {
        if let Some(less) = self.amount.checked_sub(amount).filter(|less| *less > 0) {
            self.pool.release(&self.origin, self.class, less);
            self.amount = amount;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(peer: u8, connection: u64, token: &str) -> Origin {
        Origin {
            peer: Some([127, 0, 0, peer].into()),
            connection: Some(connection),
            token: (!token.is_empty()).then(|| token.into()),
        }
    }

    /// Takes places until one is refused: the places, and the reason and share of the refusal.
    fn fill(pool: &Arc<Pool>, origin: &Origin, class: Class) -> (Vec<Share>, &'static str, String) {
        let mut taken = Vec::new();
        loop {
            match pool.take(origin, class) {
                Ok(share) => taken.push(share),
                Err(failure) => {
                    assert!(failure.retry_after.is_some());
                    return (taken, failure.reason, failure.metadata[1].1.clone());
                }
            }
        }
    }

    #[test]
    fn a_holder_gets_at_most_its_share_and_returns_all_of_it() {
        let pool = Pool::of_calls(&config::Grpc::default());
        let (taken, reason, whose) = fill(&pool, &origin(1, 1, "a"), Class::Authenticated);
        assert_eq!(
            (taken.len(), reason, whose.as_str()),
            (256, "TOO_MANY_CALLS", "connection")
        );
        let (more, _, whose) = fill(&pool, &origin(1, 2, "b"), Class::Authenticated);
        assert_eq!((more.len(), whose.as_str()), (256, "peer"));
        assert_eq!(pool.used_by_peer(&origin(1, 9, "")), 512, "on two connections");
        assert_eq!(pool.used_by_peer(&origin(2, 1, "a")), 0);
        let (none, _, whose) = fill(&pool, &origin(1, 3, "b"), Class::Bulk);
        assert_eq!((none.len(), whose.as_str()), (0, "peer"));
        let (others, reason, whose) = fill(&pool, &origin(2, 4, "a"), Class::Authenticated);
        assert_eq!((others.len(), reason, whose.as_str()), (128, "OVERLOADED", "all"));
        let (public, _, _) = fill(&pool, &origin(2, 4, "c"), Class::Public);
        assert_eq!(public.len(), 128, "what is reserved for the class");
        drop((taken, more, others, public));
        let (taken, _, _) = fill(&pool, &origin(1, 1, ""), Class::Public);
        assert_eq!(taken.len(), 256);
        drop(taken);
        assert!(pool.used.lock().unwrap().holders.is_empty());
        assert_eq!(pool.used.lock().unwrap().all, 0);
    }

    #[test]
    fn a_small_limit_is_one_share_and_a_message_fits_in_each_share_of_bytes() {
        let config = config::Grpc::default();
        let pool = Pool::of_places(WATCHERS, 41, &config);
        let (taken, reason, whose) = fill(&pool, &origin(1, 1, ""), Class::Watch);
        assert_eq!(
            (taken.len(), reason, whose.as_str()),
            (41, "TOO_MANY_WATCHERS", "all")
        );
        let config = config::Grpc {
            max_bytes_in_flight: 8 << 20,
            ..config
        };
        let pool = Pool::of_bytes(&config);
        let mut share = pool.nothing(&origin(1, 1, ""), Class::Bulk);
        share.grow(4 << 20).unwrap();
        assert_eq!(share.grow(5 << 20).unwrap_err().reason, "TOO_MANY_BYTES");
        share.shrink(100);
        share.grow(4 << 20).unwrap();
    }
}
