//! Reads devices.

use prima_platform::{failure::Failure, request};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{rpc::field, service::App, store::device::device_page};

/// A page of the devices of a unit, in the order of their names.
pub async fn list(app: &App, r: pb::ListDevicesRequest) -> Result<pb::ListDevicesResponse, Failure> {
    let unit = request::one::<name::Unit>("parent", &r.parent);
    let (unit, page) = field::parent_and_page(unit, &r.parent, r.page_size, &r.page_token)?;
    let mut devices = device_page(app.context.db.reader(), &unit, &page.after, page.limit()).await?;
    let next_page_token = page.cut(&mut devices, |d| d.name.device.clone());
    Ok(pb::ListDevicesResponse {
        devices: devices.iter().map(message::device).collect(),
        next_page_token,
    })
}
