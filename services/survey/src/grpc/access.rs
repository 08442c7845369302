//! Tokens, links and devices.

use prima_platform::{
    caller::{Caller, Role},
    clock::to_proto,
    failure::{Failure, Violation},
    page::Page,
    request_id,
};
use prima_proto::{name, survey::v1 as pb};

use super::convert;
use crate::{
    app::{
        App,
        access::{self, IssueTokens, RegisterDevice},
    },
    domain::access::{BatchDraft, Device, TokenBatch, check_device},
    store::{
        access::{device_page, token_batch_page, tokens_used},
        survey::survey_get,
    },
};

pub async fn issue_tokens(
    app: &App,
    caller: &Caller,
    r: pb::IssueTokensRequest,
) -> Result<pb::IssueTokensResponse, Failure> {
    let mut faults = Vec::new();
    let digest = request_id::digest(&r);
    faults.extend(request_id::check("request_id", &r.request_id).err());
    let survey = convert::survey_name("survey", &r.survey)
        .map_err(|v| faults.push(v))
        .ok();
    let draft = BatchDraft {
        counter: r.counter,
        service: r.service,
        size: r.size,
        expires_at: convert::time("expire_time", r.expire_time.as_ref(), &mut faults),
    };
    let Some(survey) = survey.filter(|_| faults.is_empty()) else {
        draft.check(app.context.clock.now(), &mut faults);
        return Err(faults.into());
    };
    let command = IssueTokens {
        request_id: r.request_id,
        digest,
        survey,
        draft,
    };
    access::issue_tokens(app, caller, command).await
}

pub async fn list_token_batches(
    app: &App,
    caller: &Caller,
    r: pb::ListTokenBatchesRequest,
) -> Result<pb::ListTokenBatchesResponse, Failure> {
    let mut faults = Vec::new();
    let survey = convert::survey_name("parent", &r.parent)
        .map_err(|v| faults.push(v))
        .ok();
    let page = Page::parse(r.page_size, &r.page_token, &[&r.parent])
        .map_err(|v| faults.extend(v))
        .ok();
    let (Some(survey), Some(page)) = (survey, page) else {
        return Err(faults.into());
    };
    caller.require(&[Role::Operator], &survey.unit.agency)?;
    let reader = app.context.db.reader();
    let stored = survey_get(reader, &r.parent)
        .await?
        .ok_or_else(|| Failure::not_found(&r.parent))?;
    let after = page.after.parse().unwrap_or_default();
    let mut batches = token_batch_page(reader, stored.id, after, page.limit()).await?;
    let next_page_token = page.cut(&mut batches, |b| b.number.to_string());
    let used = tokens_used(reader, stored.id).await?;
    let batches = batches
        .iter()
        .map(|b| token_batch(&survey, b, used.get(&b.number).copied().unwrap_or_default()))
        .collect();
    Ok(pb::ListTokenBatchesResponse {
        batches,
        next_page_token,
    })
}

pub async fn revoke_token_batch(
    app: &App,
    caller: &Caller,
    r: pb::RevokeTokenBatchRequest,
) -> Result<pb::RevokeTokenBatchResponse, Failure> {
    let name = name::TokenBatch::parse(&r.name).map_err(|e| vec![convert::violation("name", &e)])?;
    let batch = access::revoke_token_batch(app, caller, &name).await?;
    Ok(pb::RevokeTokenBatchResponse { batch: Some(batch) })
}

pub async fn issue_link(
    app: &App,
    caller: &Caller,
    r: pb::IssueLinkRequest,
) -> Result<pb::IssueLinkResponse, Failure> {
    let survey = convert::survey_name("survey", &r.survey).map_err(|v| vec![v])?;
    let link = access::issue_link(app, caller, &survey).await?;
    Ok(pb::IssueLinkResponse { link })
}

pub async fn register_device(
    app: &App,
    caller: &Caller,
    r: pb::RegisterDeviceRequest,
) -> Result<pb::RegisterDeviceResponse, Failure> {
    let mut faults = Vec::new();
    let digest = request_id::digest(&r);
    faults.extend(request_id::check("request_id", &r.request_id).err());
    let unit = unit("parent", &r.parent, &mut faults);
    match name::token(&r.device_id, name::TOKEN_MAX) {
        Ok(convert::ALL) => faults.push(convert::nobody("device_id")),
        Ok(_) => {}
        Err(error) => faults.push(convert::violation("device_id", &error)),
    }
    let device = r.device.unwrap_or_default();
    let Some(unit) = unit.filter(|_| faults.is_empty()) else {
        check_device(&device.display_name, &device.public_key, &mut faults);
        return Err(faults.into());
    };
    let command = RegisterDevice {
        request_id: r.request_id,
        digest,
        name: name::Device {
            unit,
            device: r.device_id,
        },
        display_name: device.display_name,
        public_key: device.public_key,
    };
    let device = access::register_device(app, caller, command).await?;
    Ok(pb::RegisterDeviceResponse { device: Some(device) })
}

pub async fn list_devices(
    app: &App,
    caller: &Caller,
    r: pb::ListDevicesRequest,
) -> Result<pb::ListDevicesResponse, Failure> {
    let mut faults = Vec::new();
    let unit = unit("parent", &r.parent, &mut faults);
    let page = Page::parse(r.page_size, &r.page_token, &[&r.parent])
        .map_err(|v| faults.extend(v))
        .ok();
    let (Some(unit), Some(page), true) = (unit, page, faults.is_empty()) else {
        return Err(faults.into());
    };
    caller.require(&[Role::Operator], &unit.agency)?;
    let mut devices = device_page(app.context.db.reader(), &unit, &page.after, page.limit()).await?;
    let next_page_token = page.cut(&mut devices, |d| d.name.device.clone());
    Ok(pb::ListDevicesResponse {
        devices: devices.iter().map(device).collect(),
        next_page_token,
    })
}

pub async fn revoke_device(
    app: &App,
    caller: &Caller,
    r: pb::RevokeDeviceRequest,
) -> Result<pb::RevokeDeviceResponse, Failure> {
    let name = convert::device_name("name", &r.name).map_err(|v| vec![v])?;
    let device = access::revoke_device(app, caller, &name).await?;
    Ok(pb::RevokeDeviceResponse { device: Some(device) })
}

/// Name of a unit, or the fault of `field`. `-` is nobody's id.
fn unit(field: &str, text: &str, faults: &mut Vec<Violation>) -> Option<name::Unit> {
    let unit = name::Unit::parse(text)
        .map_err(|e| faults.push(convert::violation(field, &e)))
        .ok()?;
    if unit.agency == convert::ALL || unit.unit == convert::ALL {
        faults.push(convert::nobody(field));
    }
    Some(unit)
}

/// A batch for a caller; `used` tokens of it were used.
pub fn token_batch(survey: &name::Survey, batch: &TokenBatch, used: i64) -> pb::TokenBatch {
    let name = name::TokenBatch {
        survey: survey.clone(),
        batch: batch.number.to_string(),
    };
    pb::TokenBatch {
        name: name.to_string(),
        counter: batch.counter.clone(),
        service: batch.service.clone(),
        size: i32::try_from(batch.size).unwrap_or(i32::MAX),
        used,
        expire_time: batch.expires_at.map(to_proto),
        create_time: Some(to_proto(batch.created_at)),
        revoke_time: batch.revoked_at.map(to_proto),
    }
}

/// A device for a caller.
pub fn device(device: &Device) -> pb::Device {
    pb::Device {
        name: device.name.to_string(),
        display_name: device.display_name.clone(),
        public_key: device.public_key.clone(),
        create_time: Some(to_proto(device.created_at)),
        revoke_time: device.revoked_at.map(to_proto),
    }
}
