//! Reads instruments, and checks documents of new ones.

use prima_platform::{
    failure::{Failure, found},
    page::Page,
    request::shown,
    service::Context,
};
use prima_proto::index::v1 as pb;

use super::{document, message};
use crate::{
    domain::instrument::{Instrument, InstrumentDocument},
    store::{instrument_get, instrument_list},
};

/// A page of instruments in the order of their ids.
pub async fn list(
    ctx: &Context,
    message: pb::ListInstrumentsRequest,
) -> Result<pb::ListInstrumentsResponse, Failure> {
    let page = Page::parse(message.page_size, &message.page_token, &[])?;
    let mut all = instrument_list(ctx.db.reader()).await?;
    all.retain(|k| k.instrument.id > page.after);
    let next_page_token = page.cut(&mut all, |k| k.instrument.id.clone());
    Ok(pb::ListInstrumentsResponse {
        instruments: all.iter().map(message::instrument).collect(),
        next_page_token,
    })
}

/// One instrument with its document.
pub async fn get(
    ctx: &Context,
    message: pb::GetInstrumentRequest,
) -> Result<pb::GetInstrumentResponse, Failure> {
    let known = instrument_get(ctx.db.reader(), &message.id).await?;
    let known = found(known, format!("instrument {}", shown(&message.id)))?;
    Ok(pb::GetInstrumentResponse {
        instrument: Some(message::instrument(&known)),
        document: known.document,
    })
}

/// The faults of a document, or the instrument that it contains.
pub fn check(message: pb::CheckInstrumentRequest) -> Result<pb::CheckInstrumentResponse, Failure> {
    document::check(&message.document)?;
    Ok(match Instrument::read(&message.document) {
        Ok(instrument) => pb::CheckInstrumentResponse {
            faults: Vec::new(),
            instrument: Some(message::instrument(&InstrumentDocument {
                instrument,
                document: message.document,
                created_at: None,
            })),
        },
        Err(faults) => pb::CheckInstrumentResponse {
            faults: faults.into_iter().map(message::fault).collect(),
            instrument: None,
        },
    })
}
