//! Components of a service standard (komponen standar pelayanan): UU 25/2009 article 21, PermenPANRB 15/2014. They are
//! read from `data/service-standard.json`.

use std::sync::LazyLock;

use serde::Deserialize;

/// One component.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Component {
    /// Stable key.
    pub key: String,
    /// Official name, in Indonesian.
    pub name: String,
    /// Whether it belongs to service delivery, and so must be published.
    pub must_publish: bool,
}

#[derive(Deserialize)]
struct File {
    components: Vec<Component>,
}

// The list is empty when the embedded file is malformed; a test makes sure that it is not.
static ALL: LazyLock<Vec<Component>> = LazyLock::new(|| {
    serde_json::from_str::<File>(include_str!("../../data/service-standard.json"))
        .map(|file| file.components)
        .unwrap_or_default()
});

/// All components in their official order.
pub fn all() -> &'static [Component] {
    &ALL
}

/// The component with this key.
pub fn find(key: &str) -> Option<&'static Component> {
    ALL.iter().find(|c| c.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_14_components_of_which_6_must_be_published() {
        assert_eq!(all().len(), 14);
        let delivery: Vec<&str> = all()
            .iter()
            .filter(|c| c.must_publish)
            .map(|c| c.key.as_str())
            .collect();
        assert_eq!(
            delivery,
            [
                "requirements",
                "procedure",
                "time",
                "cost",
                "product",
                "complaint_handling"
            ]
        );
        for component in all() {
            assert_eq!(find(&component.key), Some(component));
            assert!(!component.name.is_empty());
        }
    }
}
