//! Reads cycles.

use prima_platform::{
    caller::{Caller, Role},
    failure::{Failure, found},
    page::Page,
    request,
    service::Context,
};
use prima_proto::{index::v1 as pb, name};

use super::message;
use crate::{
    domain::cycle::Cycle,
    store::{cycle_get, cycle_page},
};

/// One cycle.
pub async fn get(
    ctx: &Context,
    caller: Caller,
    message: pb::GetCycleRequest,
) -> Result<pb::GetCycleResponse, Failure> {
    let name = request::name::<name::Cycle>("name", &message.name)?;
    let cycle = found(cycle_get(ctx.db.reader(), &name.cycle).await?, &name)?;
    Ok(pb::GetCycleResponse {
        cycle: Some(match sees_evaluators(&caller, &cycle) {
            true => message::cycle(&cycle),
            false => message::without_evaluators(&cycle),
        }),
    })
}

/// Only those who run the cycle and evaluators see whom it names.
fn sees_evaluators(caller: &Caller, cycle: &Cycle) -> bool {
    caller
        .require(&[Role::Evaluator, Role::Admin], cycle.agency_or_all())
        .is_ok()
}

/// A page of cycles in the order of their names.
pub async fn list(ctx: &Context, message: pb::ListCyclesRequest) -> Result<pb::ListCyclesResponse, Failure> {
    let page = Page::parse(message.page_size, &message.page_token, &[&message.year])?;
    let mut rows = cycle_page(ctx.db.reader(), &message.year, &page.after, page.limit()).await?;
    let next_page_token = page.cut(&mut rows, |c| c.cycle.clone());
    Ok(pb::ListCyclesResponse {
        cycles: rows.iter().map(message::without_evaluators).collect(),
        next_page_token,
    })
}
