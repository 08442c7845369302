//! Converts the channel of a report or question from and to protobuf.

use prima_platform::{failure::Violation, request::Choice};
use prima_proto::complaint::v1;

use crate::domain::case::Channel;

/// Parses the channel in a request field.
pub fn parse(field: &str, raw: i32) -> Result<Channel, Violation> {
    let channel = Choice {
        english: "channel",
        indonesian: "Kanal",
    };
    channel.required(field, raw, |channel| match channel {
        v1::Channel::Unspecified => None,
        v1::Channel::Web => Some(Channel::Web),
        v1::Channel::MobileApp => Some(Channel::MobileApp),
        v1::Channel::Sms => Some(Channel::Sms),
        v1::Channel::SocialMedia => Some(Channel::SocialMedia),
        v1::Channel::FaceToFace => Some(Channel::FaceToFace),
        v1::Channel::Letter => Some(Channel::Letter),
        v1::Channel::Integrated => Some(Channel::Integrated),
        v1::Channel::Email => Some(Channel::Email),
        v1::Channel::Phone => Some(Channel::Phone),
    })
}

pub fn message(channel: Channel) -> v1::Channel {
    match channel {
        Channel::Web => v1::Channel::Web,
        Channel::MobileApp => v1::Channel::MobileApp,
        Channel::Sms => v1::Channel::Sms,
        Channel::SocialMedia => v1::Channel::SocialMedia,
        Channel::FaceToFace => v1::Channel::FaceToFace,
        Channel::Letter => v1::Channel::Letter,
        Channel::Integrated => v1::Channel::Integrated,
        Channel::Email => v1::Channel::Email,
        Channel::Phone => v1::Channel::Phone,
    }
}
