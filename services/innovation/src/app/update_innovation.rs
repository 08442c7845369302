//! Changes an innovation and keeps what stood there before.

use std::collections::BTreeSet;

use prima_platform::{caller::Caller, clock::from_micros, failure::Failure};
use prima_proto::{innovation::v1, name};

use super::{
    App, check_etag, not_found, portfolio_keys, portfolios, register_innovation::index, require_ministry,
    require_unit,
};
use crate::{
    domain::{calendar, innovation::Innovation},
    grpc::render,
    store::{
        Lock,
        directory::units_confirmed,
        innovation::{innovation_get, innovation_save_in_txn, revision_add},
    },
};

/// What to change.
pub struct Request {
    /// Resource name.
    pub name: name::Innovation,
    /// Must be current unless empty.
    pub etag: String,
    /// Fields to change.
    pub paths: Vec<String>,
    /// Holds their values.
    pub given: Innovation,
}

/// Takes over the fields that the mask names.
fn apply(innovation: &mut Innovation, paths: &[String], given: Innovation) {
    let named = |path: &str| paths.iter().any(|p| p == path);
    macro_rules! take {
        ($($field:ident),*) => { $(if named(stringify!($field)) { innovation.$field = given.$field; })* };
    }
    take!(
        title,
        description,
        initiator,
        category,
        sdgs,
        status,
        start_date,
        stop_date,
        source,
        documents,
        legal_basis,
        supports,
        former_awards
    );
}

/// The innovation as stored.
pub async fn run(app: &App, caller: &Caller, request: Request) -> Result<v1::Innovation, Failure> {
    require_unit(caller, &request.name.unit.agency)?;
    if request.paths.iter().any(|p| p == "former_awards") {
        require_ministry(caller)?;
    }
    let txn = app.context.db.begin().await?;
    let locked = innovation_get(&txn, &request.name, Lock::Update).await?;
    let mut stored = locked.ok_or_else(|| not_found(&request.name))?;
    let before = stored.innovation.clone();
    check_etag(&request.etag, stored.version, &stored.name)?;
    apply(&mut stored.innovation, &request.paths, request.given);
    before.followed_by(&stored.innovation)?;
    let faults = stored.innovation.faults(app.today());
    if !faults.is_empty() {
        return Err(Failure::invalid(faults));
    }
    stored.updated_at = app.now_micros();
    stored.version = app.context.clock.next_version(stored.version);
    innovation_save_in_txn(&txn, &stored).await?;
    revision_add(&txn, &stored, caller.subject()).await?;
    index(&txn, &stored).await?;
    let registered = calendar::day(from_micros(stored.created_at));
    let this_year = calendar::year(app.now());
    let years: BTreeSet<i32> = before
        .years(registered, this_year)
        .chain(stored.innovation.years(registered, this_year))
        .collect();
    let unit = &stored.name.unit;
    portfolios::recompute(app, &txn, &portfolio_keys(unit, years)).await?;
    let known = units_confirmed(&txn, &[&unit.agency]).await?;
    let confirmed = known.contains(&(unit.agency.clone(), unit.unit.clone()));
    app.commit(txn).await?;
    Ok(render::innovation(&stored, confirmed))
}
