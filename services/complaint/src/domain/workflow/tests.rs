use super::*;

#[test]
fn the_workflow_that_comes_along_holds() {
    let parsed = Workflow::parse(include_str!("../../../data/workflow-sp4n.json")).unwrap();
    assert_eq!(&parsed, Workflow::built_in());
    assert_eq!(parsed.id, "sp4n-2018");
}
