//! Reads service charters.

use prima_platform::{
    failure::{Failure, found},
    request::{self, Faults},
    service::Context,
};
use prima_proto::directory::v1;

use super::message;
use crate::store;

/// One revision of a charter; the newest when the request names no number.
pub async fn get(
    ctx: &Context,
    message: v1::GetServiceCharterRequest,
) -> Result<v1::GetServiceCharterResponse, Failure> {
    let mut faults = Faults::default();
    let name = faults.take(request::name("unit", &message.unit));
    let number = faults.take(request::not_negative(
        "revision",
        message.revision,
        "Nomor revisi",
    ));
    let (name, number) = faults.build(|| name.zip(number))?;
    let revision = found(store::revision_get(ctx.db.reader(), &name, number).await?, &name)?;
    Ok(v1::GetServiceCharterResponse {
        charter: Some(message::charter(&revision)),
    })
}
