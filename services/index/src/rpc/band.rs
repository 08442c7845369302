//! Messages of categories, for instruments and for the metrics of other bodies.

use prima_platform::number;
use prima_proto::index::v1 as pb;

use crate::domain::band::Band;

/// Categories as messages.
pub fn messages(bands: &[Band]) -> Vec<pb::Band> {
    let message = |b: &Band| pb::Band {
        key: b.key.clone(),
        display_name: b.name.clone(),
        lower: number::decimal(&b.lower, 2),
        zone: b.zone.clone(),
    };
    bands.iter().map(message).collect()
}
