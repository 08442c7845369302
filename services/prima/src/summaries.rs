//! What each service and each method is for, in one line of Indonesian.

use std::{collections::HashMap, sync::LazyLock};

const TEXT: &str = include_str!("../data/summaries-id.txt");

static ALL: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
    let mut service = "";
    let lines = TEXT
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut named = |line: &'static str| {
        let (name, summary) = line.trim_start().split_once(' ')?;
        if line.starts_with(' ') {
            return Some((format!("{service}.{name}"), summary));
        }
        service = name;
        Some((name.to_owned(), summary))
    };
    lines.filter_map(&mut named).collect()
});

/// The summary of a service or method with this full name; empty for one that has none, which a test refuses.
pub fn summary(full_name: &str) -> &'static str {
    ALL.get(full_name).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::client::contract;

    #[test]
    fn every_service_and_method_has_a_summary_and_nothing_else_has() {
        let methods = contract::methods().unwrap();
        let services = methods
            .iter()
            .map(|method| method.parent_service().full_name().to_owned());
        let named: BTreeSet<String> = methods
            .iter()
            .map(|method| method.full_name().to_owned())
            .chain(services)
            .collect();
        let summarised: BTreeSet<String> = ALL.keys().cloned().collect();
        let (missing, gone): (Vec<_>, Vec<_>) = (
            named.difference(&summarised).collect(),
            summarised.difference(&named).collect(),
        );
        assert!(
            missing.is_empty() && gone.is_empty(),
            "data/summaries-id.txt lacks {missing:?}, and has {gone:?}, which no contract has"
        );
        for (name, summary) in ALL.iter() {
            let short = summary.chars().count();
            assert!(
                (8..=110).contains(&short) && !summary.ends_with('.'),
                "{name}: {summary}"
            );
        }
    }
}
