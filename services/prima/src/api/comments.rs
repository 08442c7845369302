//! The comments of the contracts, by what they are about.

use std::{collections::HashMap, sync::LazyLock};

use prost_reflect::FileDescriptor;

use crate::client::contract;

type OfFile = HashMap<Vec<i32>, String>;

/// Every comment by file and path, so that a document does not search a file for each of its fields.
static ALL: LazyLock<HashMap<String, OfFile>> = LazyLock::new(|| {
    let files = contract::pool().into_iter().flat_map(|pool| pool.files());
    files
        .map(|file| (file.name().to_owned(), of_file(&file)))
        .collect()
});

fn of_file(file: &FileDescriptor) -> OfFile {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let places = info.into_iter().flat_map(|info| &info.location);
    places
        .filter(|place| place.leading_comments.is_some())
        .map(|place| (place.path.clone(), paragraphs(place.leading_comments())))
        .collect()
}

/// Joins the lines of each paragraph; what tells paragraphs apart is an empty line, and an item of a list begins one.
fn paragraphs(text: &str) -> String {
    let mut joined = String::new();
    let mut gap = "";
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            gap = "\n\n";
            continue;
        }
        if line.starts_with("- ") && gap == " " {
            gap = "\n";
        }
        joined += gap;
        joined += line;
        gap = " ";
    }
    joined
}

/// The comment of what stands at this path of a contract, in Markdown; empty when there is none.
pub(super) fn comment(file: &FileDescriptor, path: &[i32]) -> &'static str {
    let found = ALL.get(file.name()).and_then(|of_file| of_file.get(path));
    found.map(String::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_items_of_lists_stay_apart() {
        for (text, joined) in [
            ("", ""),
            (" One\n line.\n", "One line."),
            (" One.\n\n Two:\n - a\n   b\n - c\n", "One.\n\nTwo:\n- a b\n- c"),
        ] {
            assert_eq!(paragraphs(text), joined, "{text:?}");
        }
    }
}
