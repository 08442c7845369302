//! Reads the replications of an innovation, followed over replicas.

use std::collections::{BTreeSet, VecDeque};

use prima_platform::{caller::Caller, failure::Failure, request, service::Context};
use prima_proto::innovation::v1;

use super::message;
use crate::{
    rpc::access::{may_see_ideas, visible_innovation},
    store::{innovation::ideas_among, replication::replications_of, transfer::transfers_of},
};

/// Maximum number of replications that are followed.
const REPLICATIONS_MAX: usize = 1000;

/// The replications of an innovation, then those of the replicas, and so on, each once. A replica that the caller may
/// not see is neither named nor followed.
pub async fn get_spread(
    ctx: &Context,
    caller: Caller,
    message: v1::GetSpreadRequest,
) -> Result<v1::GetSpreadResponse, Failure> {
    let name = request::name("name", &message.name)?;
    let reader = ctx.db.reader();
    let stored = visible_innovation(reader, &caller, &name).await?;
    let mut seen = BTreeSet::from([name.to_string()]);
    let mut next = VecDeque::from([name.to_string()]);
    let mut found = Vec::new();
    while !next.is_empty() && found.len() < REPLICATIONS_MAX {
        let level: Vec<String> = next.drain(..).collect();
        let mut replications = replications_of(reader, &level).await?;
        let replicas = replications.iter().map(|r| r.replication.replica.clone());
        let replicas: Vec<String> = replicas.filter(|replica| !replica.is_empty()).collect();
        let ideas = ideas_among(reader, &replicas).await?;
        for replication in &mut replications {
            let agency = &replication.adopter.agency;
            let replica = &mut replication.replication.replica;
            if ideas.contains(replica.as_str()) && !may_see_ideas(&caller, agency) {
                replica.clear();
            }
            if !replica.is_empty() && seen.insert(replica.clone()) {
                next.push_back(replica.clone());
            }
            found.push(message::replication(replication));
        }
    }
    found.truncate(REPLICATIONS_MAX);
    let transfers = transfers_of(reader, stored.id).await?;
    let transfers = transfers.iter().map(|one| message::transfer(&message.name, one));
    Ok(v1::GetSpreadResponse {
        replications: found,
        transfers: transfers.collect(),
    })
}
