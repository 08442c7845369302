//! Converts devices to messages.

use prima_platform::clock::to_proto;
use prima_proto::survey::v1 as pb;

use crate::domain::access::Device;

/// A device as its message.
pub fn device(device: &Device) -> pb::Device {
    pb::Device {
        name: device.name.to_string(),
        display_name: device.display_name.clone(),
        public_key: device.public_key.clone(),
        create_time: Some(to_proto(device.created_at)),
        revoke_time: device.revoked_at.map(to_proto),
    }
}
