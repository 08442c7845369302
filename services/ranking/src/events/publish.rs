//! Renders what is published: the newest definition of the tables of a metric that was created here.

use prima_platform::outbox::State;
use prima_proto::{event::v1::TableDefinitionState, subject};
use prost::Message;

use crate::store::Definition;

/// Revision of the rendering; it is raised when the same state is rendered differently.
const REVISION: i64 = 1;

/// The state of a definition.
pub fn definition(row: &Definition) -> State {
    let payload = TableDefinitionState {
        metric: row.metric.clone(),
        version: row.version,
        json: row.document.clone(),
    };
    State::new(
        subject::table_definition(&row.metric),
        subject::TABLE_DEFINITION_TYPE,
        REVISION,
        row.state_version,
        Some(payload.encode_to_vec()),
    )
}
