//! Converts workflows to protobuf.

use prima_platform::clock::{from_micros, to_proto};
use prima_proto::complaint::v1;

use crate::{domain::workflow::Workflow, store::workflow::Model};

/// A workflow that was added by a caller.
pub fn workflow(row: &Model, title: &str, current: bool) -> v1::Workflow {
    v1::Workflow {
        id: row.id.clone(),
        display_name: title.to_owned(),
        json: row.body.clone(),
        create_time: Some(to_proto(from_micros(row.created_at))),
        current,
    }
}

/// The built-in workflow.
pub fn built_in(current: bool) -> v1::Workflow {
    let workflow = Workflow::built_in();
    v1::Workflow {
        id: workflow.id.clone(),
        display_name: workflow.title.clone(),
        json: Workflow::BUILT_IN.to_owned(),
        create_time: None,
        current,
    }
}
