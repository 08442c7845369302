//! A request of each method as an example. `tests/conformance/conformance.py --examples` writes those that a server has accepted; the
//! few that are documents are written by hand.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// All examples, by the full names of their methods.
pub(super) static ALL: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/examples.json")).unwrap_or_default());

/// The example of the method with this full name, in the JSON mapping of its request; `None` for one that has none, which a test
/// refuses.
pub(super) fn example(full_name: &str) -> Option<&'static Value> {
    ALL.get(full_name)
}
