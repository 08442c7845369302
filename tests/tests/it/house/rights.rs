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
                assert!(
                    !text.contains("fn revision"),
                    "{file}: not -r1 any more; list the new name beside the old"
                );
                found.insert(format!("{name}-r1"));
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
    let words = rights.split(['"', '.', ' ']).filter(|word| word.ends_with("-r1"));
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
