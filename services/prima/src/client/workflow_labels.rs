//! Labels of the workflows of complaints, as the complaint service returns them.

use prima_proto::complaint::v1 as pb;
use serde::Deserialize;

use super::call::repeat;
use super::connect::Connection;
use crate::cli::TableOrJson;

#[derive(Deserialize)]
struct Labelled {
    key: String,
    label: String,
}

#[derive(Deserialize)]
struct Transition {
    from: String,
    action: String,
    label: String,
}

#[derive(Deserialize)]
struct Flow {
    states: Vec<Labelled>,
    transitions: Vec<Transition>,
}

#[derive(Deserialize)]
struct Workflow {
    classes: Vec<Labelled>,
    clocks: Vec<Labelled>,
    flows: Vec<Flow>,
}

/// The labels of every workflow, the current one first. Older complaints keep the workflow that they began with, and a
/// key has the label of the first workflow that knows it.
#[derive(Default)]
pub struct WorkflowLabels(Vec<Workflow>);

impl WorkflowLabels {
    /// Reads the labels from the service. A workflow that a newer release writes differently is left out, so that its
    /// keys are shown instead.
    async fn read(connection: &Connection) -> anyhow::Result<Self> {
        let client = connection.settings().await?;
        let answer = repeat!(client, list_workflows, pb::ListWorkflowsRequest {})?;
        let documents = answer.workflows.iter().map(|workflow| workflow.json.as_str());
        Ok(Self::parse(documents))
    }

    /// Reads the labels when the text is for people.
    pub(super) async fn read_for(connection: &Connection, format: TableOrJson) -> anyhow::Result<Self> {
        match format {
            TableOrJson::Table => Self::read(connection).await,
            TableOrJson::Json => Ok(Self::default()),
        }
    }

    pub(super) fn parse<'a>(documents: impl IntoIterator<Item = &'a str>) -> Self {
        let read = |json| serde_json::from_str(json).ok();
        Self(documents.into_iter().filter_map(read).collect())
    }

    /// The label of a class of complaints.
    pub fn class(&self, key: &str) -> Option<&str> {
        find(self.0.iter().flat_map(|workflow| &workflow.classes), key)
    }

    /// The label of a deadline.
    pub fn clock(&self, key: &str) -> Option<&str> {
        find(self.0.iter().flat_map(|workflow| &workflow.clocks), key)
    }

    /// The label of a state.
    pub fn state(&self, key: &str) -> Option<&str> {
        find(self.flows().flat_map(|flow| &flow.states), key)
    }

    /// The label of an action in a state.
    pub fn action(&self, from: &str, action: &str) -> Option<&str> {
        let mut all = self.flows().flat_map(|flow| &flow.transitions);
        let found = all.find(|one| one.from == from && one.action == action)?;
        Some(&found.label)
    }

    fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.0.iter().flat_map(|workflow| &workflow.flows)
    }
}

fn find<'a>(mut all: impl Iterator<Item = &'a Labelled>, key: &str) -> Option<&'a str> {
    let found = all.find(|labelled| labelled.key == key)?;
    Some(&found.label)
}

#[cfg(test)]
pub fn built_in() -> WorkflowLabels {
    WorkflowLabels::parse([include_str!("../../../complaint/data/workflow-sp4n.json")])
}
