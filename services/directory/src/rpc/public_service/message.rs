//! Converts public services to messages.

use prima_platform::{clock::to_proto, etag};
use prima_proto::directory::v1;

use crate::domain::public_service::PublicService;

/// A public service as its message.
pub fn public_service(service: &PublicService) -> v1::PublicService {
    v1::PublicService {
        name: service.name.to_string(),
        display_name: service.display_name.clone(),
        description: service.description.clone(),
        etag: etag::of(service.version),
        create_time: Some(to_proto(service.created_at)),
        update_time: Some(to_proto(service.updated_at)),
    }
}
