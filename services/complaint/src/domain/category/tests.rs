use super::*;

#[test]
fn the_tree_that_comes_along_holds() {
    let parsed = Categories::parse(include_str!("../../../data/categories.json")).unwrap();
    assert_eq!(&parsed, Categories::built_in());
}
