//! Messages of actions.

use prima_proto::index::v1 as pb;

use crate::store::Action;

/// An action as a message.
pub fn action(row: Action) -> pb::Action {
    pb::Action {
        number: row.number,
        indicator: row.indicator,
        description: row.description,
        owner: row.owner,
        due_date: row.due_date,
        done_date: row.done_date,
        note: row.note,
    }
}
