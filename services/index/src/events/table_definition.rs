//! The definitions of league tables that operators created: by these, scores of their own metrics are recorded.

use async_trait::async_trait;
use prima_platform::{
    bus::Event,
    consume::{Feed, Mirror},
    db::{DbErr, Txn},
};
use prima_proto::{event::v1::TableDefinitionState, name};

use crate::store::{own_metric_remove_in_txn, own_metric_save_in_txn};

/// Stores the newest definition of each metric.
pub struct DefinitionMirror;

#[async_trait]
impl Mirror for DefinitionMirror {
    type Key = String;
    type State = TableDefinitionState;

    fn feed(&self) -> Feed {
        Feed {
            name: "index-table-definition",
            service: "ranking",
            filter: "prima.ranking.definition.>",
        }
    }

    fn key(ids: &str) -> Option<String> {
        name::id(ids).ok().map(str::to_owned)
    }

    async fn save(
        &self,
        txn: &Txn,
        metric: &String,
        _: &Event,
        state: TableDefinitionState,
    ) -> Result<(), DbErr> {
        own_metric_save_in_txn(txn, metric, state.json).await
    }

    async fn remove(&self, txn: &Txn, metric: &String, _: &Event) -> Result<(), DbErr> {
        own_metric_remove_in_txn(txn, metric).await
    }
}
