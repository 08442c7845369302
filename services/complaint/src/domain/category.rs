//! Categories of reports: a tree of two levels, which is data.

use std::sync::OnceLock;

use super::workflow::{
    Fault,
    fields::{Object, Reader, join},
};

/// One category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Stable key, unique in the tree.
    pub key: String,
    /// Indonesian label.
    pub label: String,
    /// Key of the parent category; `None` on the top level.
    pub parent: Option<String>,
}

/// All categories in display order: each top-level category precedes its children.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Categories {
    /// Version.
    pub id: String,
    /// Indonesian title.
    pub title: String,
    /// How reliable the source is, in the terms of `domain.md`.
    pub confidence: String,
    /// The categories.
    pub all: Vec<Category>,
}

impl Categories {
    /// Parses a tree from JSON.
    ///
    /// # Errors
    /// Every fault, at most 200.
    pub fn parse(json: &str) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::default();
        let document = reader.document(json);
        if reader.faults.is_empty()
            && let Some(of) = reader.object(&document, "document", &["id", "title", "mark", "categories"])
        {
            let tree = reader.categories(of);
            if reader.faults.is_empty() {
                return Ok(tree);
            }
        }
        Err(reader.into_faults())
    }

    /// The built-in tree.
    pub fn built_in() -> &'static Self {
        static BUILT_IN: OnceLock<Categories> = OnceLock::new();
        BUILT_IN.get_or_init(|| Self::parse(include_str!("../../data/categories.json")).unwrap_or_default())
    }

    /// The category with this key.
    pub fn get(&self, key: &str) -> Option<&Category> {
        self.all.iter().find(|c| c.key == key)
    }

    /// The children of `parent`; the top level for `None`.
    pub fn children(&self, parent: Option<&str>) -> impl Iterator<Item = &Category> {
        self.all.iter().filter(move |c| c.parent.as_deref() == parent)
    }
}

impl Reader {
    fn categories(&mut self, of: &Object) -> Categories {
        let mut all = Vec::new();
        let mut paths = Vec::new();
        for (at, row) in self.list(of, "", "categories", 1, 100).iter().enumerate() {
            let path = format!("categories[{at}]");
            let Some(of) = self.object(row, &path, &["key", "label", "children"]) else {
                continue;
            };
            let top = self.category(of, &path, None);
            let key = top.key.clone();
            all.push(top);
            paths.push(join(&path, "key"));
            for (at, row) in self.list(of, &path, "children", 0, 100).iter().enumerate() {
                let path = format!("{path}.children[{at}]");
                let Some(of) = self.object(row, &path, &["key", "label"]) else {
                    continue;
                };
                all.push(self.category(of, &path, Some(key.clone())));
                paths.push(join(&path, "key"));
            }
        }
        let path = |at: usize| paths.get(at).cloned().unwrap_or_default();
        self.unique(path, all.iter().map(|c| c.key.as_str()));
        Categories {
            id: self.id(of),
            title: self.text(of, "", "title"),
            confidence: self.text(of, "", "mark"),
            all,
        }
    }

    fn category(&mut self, of: &Object, path: &str, parent: Option<String>) -> Category {
        Category {
            key: self.key(of, path, "key"),
            label: self.text(of, path, "label"),
            parent,
        }
    }
}

#[cfg(test)]
mod tests;
