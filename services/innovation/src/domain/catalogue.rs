//! Reference data: categories and goals of sustainable development.

use std::sync::LazyLock;

use serde::Deserialize;

use super::round;

#[derive(Debug, Deserialize)]
struct Goal {
    number: i32,
    name: String,
}

static GOALS: LazyLock<Vec<Goal>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/sdgs.json")).unwrap_or_default());

/// Official name of a category of any round template.
pub fn category(key: &str) -> Option<&'static str> {
    let mut categories = round::templates().values().flat_map(|t| &t.categories);
    categories.find(|c| c.key == key).map(|c| c.name.as_str())
}

/// Name of a goal of sustainable development.
pub fn goal(number: i32) -> Option<&'static str> {
    GOALS.iter().find(|g| g.number == number).map(|g| g.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_can_be_read() {
        assert!((1..=17).all(|n| goal(n).is_some()) && goal(18).is_none());
        assert!(category("inklusif").is_some() && category("apa").is_none());
    }
}
