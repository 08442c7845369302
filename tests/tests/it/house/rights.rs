//! The rights on the bus name every durable consumer, so that no service can touch that of another.

use std::collections::BTreeSet;

use super::{read, shipped};

/// The durable consumers that the code creates: the names of feeds and handlers, with the revision of mirrors.
fn durables() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in shipped().iter().filter(|file| file.contains("/src/events/")) {
        let text = read(file);
        let service = file.split('/').nth(1).unwrap();
        for line in text.lines() {
            let name = line
                .trim()
                .strip_prefix("name: \"")
                .and_then(|rest| rest.split('"').next());
            if let Some(name) = name.filter(|name| name.starts_with(&format!("{service}-"))) {
                // A handler is at its first revision unless it says another.
                let said = text.split("fn revision(&self) -> i64 {").nth(1);
                let said = said.and_then(|rest| rest.split('}').next());
                let revision: i64 = said.map_or(1, |said| said.trim().parse().unwrap());
                found.insert(format!("{name}-r{revision}"));
            }
        }
    }
    found
}

#[test]
fn the_rights_on_the_bus_name_every_durable_consumer() {
    let rights = read("deploy/nats/nats.conf");
    let durables = durables();
    assert!(durables.len() >= 9, "{durables:?}");
    let is_durable = |word: &&str| {
        let revision = word.rsplit_once("-r").map(|(_, revision)| revision);
        revision.is_some_and(|revision| revision.parse::<u32>().is_ok())
    };
    let words = rights.split(['"', '.', ' ']).filter(is_durable);
    let named: BTreeSet<String> = words.map(str::to_owned).collect();
    assert_eq!(named, durables);
    for durable in &durables {
        // Allowed to its own service, exported by the owner of the stream, and imported.
        let of_it = rights
            .lines()
            .filter(|line| line.contains("$JS.ACK.") && line.contains(&format!(".{durable}.>")));
        assert_eq!(of_it.count(), 3, "{durable}");
        let denied = rights
            .lines()
            .filter(|line| line.contains("CONSUMER.MSG.NEXT.") && line.contains(durable.as_str()));
        assert!(denied.count() >= 2, "{durable}: denied to the others");
    }
}
