//! Limits as shares: of everything that is scarce at most so much is given out, and nobody gets more than a part of it.

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

/// Who asks. What is not known has no share: it is limited by the whole only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Address of the caller, see [`super::origin`].
    pub peer: Option<IpAddr>,
    /// Number of the connection; none when it carries the calls of many, as that of a proxy does.
    pub connection: Option<u64>,
    /// Identity of the token's caller.
    pub token: Option<Arc<str>>,
}

/// Kinds of calls, none of which can keep the others out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// One message from a caller without a token.
    Public,
    /// One message from a caller with a token.
    Authenticated,
    /// A stream of requests.
    Bulk,
    /// What opens a stream of answers.
    Watch,
}

const CLASSES: usize = 4;
/// Of a limit of calls this part is kept for each class.
const KEPT: usize = 8;
/// A share of places is never smaller, as long as the whole is not.
const LEAST: usize = 64;

/// One of those who have a share.
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

/// What a pool says when it gives nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    /// Setting of the limit.
    pub limit: &'static str,
    /// Reason when the whole is given out.
    pub full: &'static str,
    /// Reason when a share is.
    pub share: &'static str,
    /// What there are too many of, in English.
    pub what: &'static str,
    /// What to tell people, in Indonesian.
    pub localized: &'static str,
}

pub(super) const CALLS: Words = Words {
    limit: "grpc.max_concurrent_requests",
    full: "OVERLOADED",
    share: "TOO_MANY_CALLS",
    what: "calls at work",
    localized: "Layanan sedang sibuk; coba lagi sebentar lagi",
};
pub(super) const WATCHERS: Words = Words {
    limit: "grpc.max_watchers",
    full: "TOO_MANY_WATCHERS",
    share: "TOO_MANY_WATCHERS",
    what: "open streams",
    localized: "Terlalu banyak pemantau",
};
pub(super) const CONNECTIONS: Words = Words {
    limit: "grpc.max_connections",
    full: "TOO_MANY_CONNECTIONS",
    share: "TOO_MANY_CONNECTIONS",
    what: "connections",
    localized: "Terlalu banyak koneksi",
};
pub(super) const BYTES: Words = Words {
    limit: "grpc.max_bytes_in_flight",
    full: "TOO_MANY_BYTES",
    share: "TOO_MANY_BYTES",
    what: "bytes of unfinished requests",
    localized: "Terlalu banyak data dikirim bersamaan; coba lagi sebentar lagi",
};

/// A limit, and who holds what of it. What is remembered of a holder goes with the last that it holds.
#[derive(Debug)]
pub(super) struct Pool {
    words: Words,
    most: usize,
    /// Most of one peer, one connection, one token.
    shares: [usize; 3],
    /// Kept for each class.
    kept: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    classes: [usize; CLASSES],
    holders: HashMap<Holder, usize>,
}

/// Something held of a pool, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    pool: Arc<Pool>,
    origin: Origin,
    class: Class,
    amount: usize,
}

impl Pool {
    /// `most` places, with the shares of the configuration.
    pub(super) fn of_places(words: Words, most: usize, config: &config::Grpc) -> Arc<Self> {
        Arc::new(Self::new(words, most, LEAST, 0, config))
    }

    /// As many calls as the configuration says, with a part kept for each class.
    pub(super) fn of_calls(config: &config::Grpc) -> Arc<Self> {
        let most = config.max_concurrent_requests;
        Arc::new(Self::new(CALLS, most, LEAST, most / KEPT, config))
    }

    /// As many bytes as the configuration says; a message fits in each share.
    pub(super) fn of_bytes(config: &config::Grpc) -> Arc<Self> {
        let (most, least) = (config.max_bytes_in_flight, config.max_message_bytes);
        Arc::new(Self::new(BYTES, most, least, 0, config))
    }

    fn new(words: Words, most: usize, least: usize, kept: usize, config: &config::Grpc) -> Self {
        let share = |percent: usize| {
            (most / 100 * percent + most % 100 * percent / 100)
                .max(least)
                .min(most)
        };
        Self {
            words,
            most,
            shares: [
                config.peer_percent,
                config.connection_percent,
                config.token_percent,
            ]
            .map(share),
            kept,
            held: Mutex::default(),
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

    /// Takes one place; the failure names the limit.
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

    /// How much the address of `origin` holds; nothing when it is not known.
    pub(super) fn held_by_peer(&self, origin: &Origin) -> usize {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = origin.peer.map(Holder::Peer);
        let used = peer.and_then(|peer| held.holders.get(&peer).copied());
        used.unwrap_or_default()
    }

    fn give(&self, origin: &Origin, class: Class, more: usize) -> Result<(), Failure> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: usize = (0..)
            .zip(held.classes)
            .filter(|(other, _)| *other != class as usize)
            .map(|(_, used)| self.kept.saturating_sub(used))
            .sum();
        if held.all.saturating_add(more).saturating_add(kept) > self.most {
            return Err(self.refusal(None));
        }
        for holder in Holder::all(origin) {
            let used = held.holders.get(&holder).copied().unwrap_or_default();
            if used.saturating_add(more) > self.share(&holder) {
                return Err(self.refusal(Some(&holder)));
            }
        }
        held.all += more;
        if let Some(used) = held.classes.get_mut(class as usize) {
            *used += more;
        }
        for holder in Holder::all(origin) {
            *held.holders.entry(holder).or_default() += more;
        }
        Ok(())
    }

    fn take_back(&self, origin: &Origin, class: Class, amount: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all -= amount;
        if let Some(used) = held.classes.get_mut(class as usize) {
            *used -= amount;
        }
        for holder in Holder::all(origin) {
            if let Some(used) = held.holders.get_mut(&holder) {
                *used -= amount;
                if *used == 0 {
                    held.holders.remove(&holder);
                }
            }
        }
    }

    /// Says whose share is used up; of the whole when `holder` is none.
    fn refusal(&self, holder: Option<&Holder>) -> Failure {
        let Words {
            limit,
            full,
            share,
            what,
            localized,
        } = self.words;
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

/// A refusal with the setting, whose share it is and how much that is; counted.
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
    /// Makes it as large as `amount`; what it had stays when there is no room.
    pub(super) fn grow(&mut self, amount: usize) -> Result<(), Failure> {
        if let Some(more) = amount.checked_sub(self.amount).filter(|more| *more > 0) {
            self.pool.give(&self.origin, self.class, more)?;
            self.amount = amount;
        }
        Ok(())
    }

    /// Gives back what is more than `amount`.
    pub(super) fn shrink(&mut self, amount: usize) {
        if let Some(less) = self.amount.checked_sub(amount).filter(|less| *less > 0) {
            self.pool.take_back(&self.origin, self.class, less);
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

    /// Takes until it is refused: how many, and the reason with whose share.
    fn fill(pool: &Arc<Pool>, origin: &Origin, class: Class) -> (Vec<Share>, &'static str, String) {
        let mut held = Vec::new();
        loop {
            match pool.take(origin, class) {
                Ok(share) => held.push(share),
                Err(failure) => {
                    assert!(failure.retry_after.is_some());
                    return (held, failure.reason, failure.metadata[1].1.clone());
                }
            }
        }
    }

    #[test]
    fn nobody_takes_more_than_a_share_and_gives_all_back() {
        let pool = Pool::of_calls(&config::Grpc::default());
        let (held, reason, whose) = fill(&pool, &origin(1, 1, "a"), Class::Authenticated);
        assert_eq!(
            (held.len(), reason, whose.as_str()),
            (256, "TOO_MANY_CALLS", "connection")
        );
        let (more, _, whose) = fill(&pool, &origin(1, 2, "b"), Class::Authenticated);
        assert_eq!((more.len(), whose.as_str()), (256, "peer"));
        assert_eq!(pool.held_by_peer(&origin(1, 9, "")), 512, "on two connections");
        assert_eq!(pool.held_by_peer(&origin(2, 1, "a")), 0);
        let (none, _, whose) = fill(&pool, &origin(1, 3, "b"), Class::Bulk);
        assert_eq!((none.len(), whose.as_str()), (0, "peer"));
        let (others, reason, whose) = fill(&pool, &origin(2, 4, "a"), Class::Authenticated);
        assert_eq!((others.len(), reason, whose.as_str()), (128, "OVERLOADED", "all"));
        let (public, _, _) = fill(&pool, &origin(2, 4, "c"), Class::Public);
        assert_eq!(public.len(), 128, "what is kept for the class");
        drop((held, more, others, public));
        let (held, _, _) = fill(&pool, &origin(1, 1, ""), Class::Public);
        assert_eq!(held.len(), 256);
        drop(held);
        assert!(pool.held.lock().unwrap().holders.is_empty());
        assert_eq!(pool.held.lock().unwrap().all, 0);
    }

    #[test]
    fn a_small_limit_is_one_share_and_a_message_fits_in_each_share_of_bytes() {
        let config = config::Grpc::default();
        let pool = Pool::of_places(WATCHERS, 41, &config);
        let (held, reason, whose) = fill(&pool, &origin(1, 1, ""), Class::Watch);
        assert_eq!(
            (held.len(), reason, whose.as_str()),
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
