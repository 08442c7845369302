//! Changes a member of a team.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::{complaint::v1, name};

use super::App;
use crate::{
    app::{check_etag, not_found, require_coordinator},
    grpc::render_consultation,
    store::{
        Lock,
        member::{Member, member_get, member_save},
    },
};

/// What to change.
pub struct Request {
    /// Resource name.
    pub name: name::Member,
    /// Must be current unless empty.
    pub etag: String,
    /// Fields to change.
    pub paths: Vec<String>,
    /// Holds their values.
    pub given: Member,
}

/// The member as stored.
pub async fn run(app: &App, caller: &Caller, request: Request) -> Result<v1::TeamMember, Failure> {
    require_coordinator(caller, &request.name.agency)?;
    let txn = app.context.db.begin().await?;
    let stored = member_get(&txn, &request.name, Lock::Update).await?;
    let mut stored = stored.ok_or_else(|| not_found(&request.name))?;
    check_etag(&request.etag, stored.version, &stored.name)?;
    let named = |path: &str| request.paths.iter().any(|p| p == path);
    let (member, given) = (&mut stored.member, request.given);
    if named("display_name") {
        member.display_name = given.display_name;
    }
    if named("office") {
        member.office = given.office;
    }
    if named("topics") {
        member.topics = given.topics;
    }
    if named("active") {
        member.active = given.active;
    }
    member_save(&txn, &mut stored, app.now().timestamp_millis()).await?;
    app.commit(txn).await?;
    Ok(render_consultation::member(&stored))
}
