//! Bursts of responses through the open link.

use std::collections::VecDeque;

use super::release::Entry;

/// Divides the responses through the open link that are not released yet, the oldest first, into those that stay and those
/// that are taken out of the figures at `_now` (unix milliseconds). No rule takes any out yet.
pub fn split(queue: VecDeque<Entry>, _now: i64) -> (VecDeque<Entry>, Vec<Entry>) {
    (queue, Vec::new())
}
