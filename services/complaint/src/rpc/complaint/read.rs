//! Reads reports.

use prima_platform::{
    caller::Caller,
    failure::{Failure, Kind},
    request,
};
use prima_proto::complaint::v1;
use sea_orm::ConnectionTrait;

use super::view::{self, Reader, Shown, View};
use crate::{
    context::App,
    domain::{code, workflow::Role},
    rpc::{
        access::{self, Access, tracking_digest},
        files,
        rights::{require_some, role_in},
    },
    store::{
        Lock,
        attachment::Owner,
        complaint::{Stored, complaint_by_id, complaint_by_tracking, complaint_get},
        directory_unit::unit_confirmed,
        timeline::timeline_of,
    },
};

/// How a report stands, for whoever has its code, and what it says for whoever has the secret too.
pub async fn track(
    app: &App,
    request: v1::TrackComplaintRequest,
) -> Result<v1::TrackComplaintResponse, Failure> {
    let reader = app.context.db.reader();
    let access = request.access.unwrap_or_default();
    let (stored, shown) = shown(app, reader, access).await?;
    let merged = match goes_on_as(reader, &stored).await? {
        Some(other) => {
            let workflow = app.ground.workflow(reader, &other.workflow).await?;
            Some(view::merged(&other, &workflow))
        }
        None => None,
    };
    Ok(v1::TrackComplaintResponse {
        complaint: Some(whole(app, &stored, Reader::Public(shown)).await?),
        merged,
    })
}

/// The report of a tracking code, with the secret or without; what is no code, the code of no report and another secret
/// are answered alike.
async fn shown(
    app: &App,
    conn: &impl ConnectionTrait,
    given: v1::Access,
) -> Result<(Stored, Shown), Failure> {
    let tracking_code = code::read(&given.tracking_code, code::TRACKING).ok_or_else(access::unknown)?;
    if given.secret.is_empty() {
        let found = complaint_by_tracking(conn, &tracking_digest(&tracking_code), Lock::None).await?;
        return Ok((found.ok_or_else(access::unknown)?, Shown::Code));
    }
    let secret = code::read(&given.secret, code::SECRET).ok_or_else(access::unknown)?;
    let access = Access {
        tracking_code,
        secret,
    };
    Ok((
        access::report(app, conn, &access, Lock::None).await?,
        Shown::Secret,
    ))
}

/// The report in which a merged one goes on: that may have been merged later itself. It ends, because what was merged is
/// merged once and nothing is merged into it any more.
async fn goes_on_as(conn: &impl ConnectionTrait, stored: &Stored) -> Result<Option<Stored>, Failure> {
    let (mut next, mut found) = (stored.merged_into, None);
    while let Some(id) = next {
        let other = complaint_by_id(conn, id, Lock::None).await?;
        let other = other.ok_or_else(|| Failure::internal("a report was merged into none"))?;
        next = other.merged_into;
        found = Some(other);
    }
    Ok(found)
}

/// One report, for an official of the agency that has it.
pub async fn get(
    app: &App,
    caller: Caller,
    request: v1::GetComplaintRequest,
) -> Result<v1::GetComplaintResponse, Failure> {
    let (stored, role) = named(app, &caller, &request.name).await?;
    Ok(v1::GetComplaintResponse {
        complaint: Some(whole(app, &stored, Reader::Official(role)).await?),
    })
}

/// The report of this name and the caller's role in the agency that has it, without which it is as if it were not there.
pub async fn named(app: &App, caller: &Caller, raw: &str) -> Result<(Stored, Role), Failure> {
    let name = request::name("name", raw)?;
    require_some(caller)?;
    let found = complaint_get(app.context.db.reader(), &name, Lock::None).await?;
    let found = found.and_then(|stored| {
        let role = role_in(caller, &stored.case.agency).ok()?;
        Some((stored, role))
    });
    // A code may stand in the name by mistake, so it is not repeated.
    found.ok_or_else(|| {
        Failure::new(
            Kind::NotFound,
            "NOT_FOUND",
            "there is no report of this name",
            "Laporan tidak ditemukan",
        )
    })
}

async fn whole(app: &App, stored: &Stored, reader: Reader) -> Result<v1::Complaint, Failure> {
    let conn = app.context.db.reader();
    let case = &stored.case;
    let workflow = app.ground.workflow(conn, &stored.workflow).await?;
    let work_time = app.ground.work_time(conn, &case.agency).await?;
    let lines = timeline_of(conn, stored.id).await?;
    let owners = lines.iter().map(|line| Owner::Line(line.id));
    let owners: Vec<Owner> = owners.chain([Owner::Complaint(stored.id)]).collect();
    let view = View {
        stored,
        workflow: &workflow,
        work_time: &work_time,
        files: files::of(app, conn, &owners).await?,
        lines,
        unit_confirmed: unit_confirmed(conn, &case.agency, &case.unit).await?,
        now: app.now(),
    };
    view.shown(reader, &app.vault)
}
