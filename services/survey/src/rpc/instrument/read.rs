//! Reads instruments and computes the minimum sample, both of which are public.

use prima_platform::failure::{Failure, Violation};
use prima_proto::survey::v1 as pb;

use super::message;
use crate::domain::{instrument, sample};

/// Every instrument.
pub fn list() -> Result<pb::ListInstrumentsResponse, Failure> {
    let instruments = instrument::all().map_err(|error| Failure::internal(error.to_string()))?;
    Ok(pb::ListInstrumentsResponse {
        instruments: instruments.iter().map(message::instrument).collect(),
    })
}

/// The minimum sample of a population.
pub fn calculate_sample_size(
    r: &pb::CalculateSampleSizeRequest,
) -> Result<pb::CalculateSampleSizeResponse, Failure> {
    let size = sample::krejcie_morgan(r.population).ok_or_else(|| {
        Failure::invalid(vec![Violation::new(
            "population",
            "must be 1 to 1,000,000,000",
            "Jumlah populasi harus 1 sampai 1.000.000.000",
        )])
    });
    Ok(pb::CalculateSampleSizeResponse { sample_size: size? })
}
