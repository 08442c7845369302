//! A call, and in which form its messages are.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Connect, method::Method};

/// How the messages of a call are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Json,
    Proto,
}

/// A call by this protocol.
#[derive(Debug, Clone)]
pub(in crate::grpc) struct Call {
    pub(super) shared: Shared,
    pub(super) method: Arc<Method>,
    pub(super) codec: Codec,
    /// Whether messages are in envelopes, as those of streams are.
    pub(super) enveloped: bool,
    /// Whether the messages of the request may be, and that of a unary one is, compressed.
    pub(super) packed: bool,
    /// Whether the caller accepts compressed messages.
    pub(super) accepts_packed: bool,
    /// Whether it came by GET.
    pub(super) by_get: bool,
    /// When its response must have been sent.
    pub(super) due: Option<Instant>,
}

/// What every call refers to.
#[derive(Clone)]
pub(super) struct Shared(pub Arc<Connect>);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connect")
    }
}

impl std::ops::Deref for Shared {
    type Target = Connect;

    fn deref(&self) -> &Connect {
        &self.0
    }
}

impl Codec {
    /// The codec of this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "proto" => Some(Self::Proto),
            _ => None,
        }
    }

    /// The media type of a message, or of a stream of them.
    pub(super) fn media_type(self, enveloped: bool) -> &'static str {
        match (self, enveloped) {
            (Self::Json, false) => "application/json",
            (Self::Proto, false) => "application/proto",
            (Self::Json, true) => "application/connect+json",
            (Self::Proto, true) => "application/connect+proto",
        }
    }
}
