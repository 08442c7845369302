use serde_json::{Value, json};

use super::*;

const BUILT_IN: &str = include_str!("../../../data/categories.json");

#[test]
fn the_built_in_tree_is_valid() {
    let parsed = Categories::parse(BUILT_IN).unwrap();
    assert_eq!(&parsed, Categories::built_in());
    let tops: Vec<&Category> = parsed.children(None).collect();
    assert!((10..=15).contains(&tops.len()), "{}", tops.len());
    let mut below = 0;
    for top in &tops {
        let children: Vec<&Category> = parsed.children(Some(&top.key)).collect();
        assert!(!children.is_empty(), "{}", top.key);
        // The tree has no more than two levels.
        assert!(
            children
                .iter()
                .all(|c| parsed.children(Some(&c.key)).next().is_none())
        );
        below += children.len();
    }
    assert_eq!(tops.len() + below, parsed.all.len());
}

#[test]
fn a_category_is_found_with_its_parent() {
    let tree = Categories::built_in();
    let roads = tree.get("roads_bridges").unwrap();
    assert_eq!(roads.label, "Jalan dan jembatan");
    let above = tree.get(roads.parent.as_deref().unwrap()).unwrap();
    assert_eq!((above.key.as_str(), &above.parent), ("infrastructure", &None));
    assert_eq!(tree.get("gossip"), None);
}

#[test]
fn all_faults_of_a_tree_are_reported_at_once() {
    let mut document: Value = serde_json::from_str(BUILT_IN).unwrap();
    document["id"] = json!("");
    document["categories"][0]["label"] = json!(7);
    document["categories"][1]["key"] = json!("Licensing!");
    document["categories"][2]["children"][0]["key"] = json!("roads_bridges");
    document["categories"][3]["colour"] = json!("red");
    document["categories"][5]["children"][1]["children"] = json!([]);
    let faults = Categories::parse(&document.to_string()).unwrap_err();
    let mut fields: Vec<&str> = faults.iter().map(|f| f.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "categories[0].label",
            "categories[1].key",
            "categories[3]",
            "categories[4].children[0].key",
            "categories[5].children[1]",
            "id"
        ]
    );
    assert_eq!(Categories::parse("{").unwrap_err().len(), 1);
    assert_eq!(Categories::parse("7").unwrap_err().len(), 1);
}
