//! Categories of reports.

use prima_platform::failure::Violation;
use prima_proto::complaint::v1;

use crate::domain::category::{Categories, Category};

/// Checks that a category is known; an empty one is allowed.
pub fn check(field: &str, raw: &str) -> Result<(), Violation> {
    if raw.is_empty() || Categories::built_in().get(raw).is_some() {
        return Ok(());
    }
    Err(Violation::new(
        field,
        "is not a known category",
        "bukan kategori yang dikenal",
    ))
}

/// All categories; every caller may read them.
pub fn list() -> v1::ListCategoriesResponse {
    let category = |category: &Category| v1::Category {
        key: category.key.clone(),
        label: category.label.clone(),
        parent: category.parent.clone().unwrap_or_default(),
    };
    v1::ListCategoriesResponse {
        categories: Categories::built_in().all.iter().map(category).collect(),
    }
}
