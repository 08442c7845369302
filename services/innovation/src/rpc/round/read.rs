//! Reads rounds and announcements.

use prima_platform::{
    caller::Caller,
    clock::from_micros,
    failure::{Failure, found},
    page::Page,
    request::{self, Faults},
    service::Context,
};
use prima_proto::innovation::v1;

use super::{
    announcement::{compute, write},
    message,
};
use crate::{
    domain::calendar,
    rpc::access::require_evaluator_or_ministry,
    store::{
        Lock,
        announcement::announcement_get,
        round::{round_get, round_page},
    },
};

/// One round; only evaluators and the ministry see its panel.
pub async fn get(
    ctx: &Context,
    caller: Caller,
    message: v1::GetRoundRequest,
) -> Result<v1::GetRoundResponse, Failure> {
    let name = request::name("name", &message.name)?;
    let round = found(round_get(ctx.db.reader(), &name, Lock::None).await?, &name)?;
    let panel = require_evaluator_or_ministry(&caller).is_ok();
    Ok(v1::GetRoundResponse {
        round: Some(message::round(&round, panel)),
    })
}

/// A page of rounds in the order of their names.
pub async fn list(ctx: &Context, message: v1::ListRoundsRequest) -> Result<v1::ListRoundsResponse, Failure> {
    let mut faults = Faults::default();
    let filter = message.year.to_string();
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &[&filter]));
    let year = faults.take(calendar::check_optional_year("year", message.year));
    let (page, year) = faults.build(|| page.zip(year))?;
    let (rounds, next_page_token) = round_page(ctx.db.reader(), year, &page).await?;
    Ok(v1::ListRoundsResponse {
        rounds: rounds.iter().map(|round| message::round(round, false)).collect(),
        next_page_token,
    })
}

/// The announcement of a round; recomputed when a caller with a token requests that.
pub async fn get_announcement(
    ctx: &Context,
    caller: Caller,
    message: v1::GetAnnouncementRequest,
) -> Result<v1::GetAnnouncementResponse, Failure> {
    if message.recompute {
        caller.require_token()?;
    }
    let name = request::name("name", &message.name)?;
    let reader = ctx.db.reader();
    let round = found(round_get(reader, &name, Lock::None).await?, &name)?;
    let announced = announcement_get(reader, round.id).await?;
    let announced = found(announced, format!("{name}: announcement"))?;
    if !message.recompute {
        return Ok(v1::GetAnnouncementResponse {
            announcement: Some(message::announcement(&round, &announced)),
            reproduced: false,
        });
    }
    let again = write(
        &round,
        &compute(reader, &round).await?,
        from_micros(announced.announced_at),
    )?;
    Ok(v1::GetAnnouncementResponse {
        announcement: Some(message::announcement(&round, &again)),
        reproduced: again.content == announced.content && again.sha256 == announced.sha256,
    })
}
