//! What reports are about: a tree of two levels, as data.

use std::sync::OnceLock;

use super::workflow::{
    Fault,
    fields::{Object, Reader, join},
};

/// One category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Stable key, once in the tree.
    pub key: String,
    /// Name for people, in Indonesian.
    pub label: String,
    /// Key of the category above; `None` for those on top.
    pub parent: Option<String>,
}

/// All categories, in the order in which they are shown: each top one before those below it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Categories {
    /// Version.
    pub id: String,
    /// Title, in Indonesian.
    pub title: String,
    /// How sure it is.
    pub mark: String,
    /// The categories.
    pub all: Vec<Category>,
}

impl Categories {
    /// Reads a tree from JSON.
    ///
    /// # Errors
    /// Every fault found, at most 200.
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
        Err(reader.faults)
    }

    /// The tree that comes with the service.
    pub fn built_in() -> &'static Self {
        static BUILT_IN: OnceLock<Categories> = OnceLock::new();
        BUILT_IN.get_or_init(|| Self::parse(include_str!("../../data/categories.json")).unwrap_or_default())
    }

    /// A category.
    pub fn get(&self, key: &str) -> Option<&Category> {
        self.all.iter().find(|c| c.key == key)
    }

    /// The categories below `parent`, or those on top for `None`.
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
            mark: self.text(of, "", "mark"),
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
