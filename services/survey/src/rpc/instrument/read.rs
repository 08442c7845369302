//! Reads instruments and computes the minimum sample, both of which are public.

use prima_platform::{
    failure::{Failure, Violation},
    request::Faults,
};
use prima_proto::survey::v1 as pb;

use super::message;
use crate::domain::{
    instrument, sample,
    survey::{self, ServicePopulation},
};

/// Every instrument.
pub fn list() -> Result<pb::ListInstrumentsResponse, Failure> {
    let instruments = instrument::all().map_err(|error| Failure::internal(error.to_string()))?;
    Ok(pb::ListInstrumentsResponse {
        instruments: instruments.iter().map(message::instrument).collect(),
    })
}

/// The minimum sample of a population, or of public services.
pub fn calculate_sample_size(
    r: &pb::CalculateSampleSizeRequest,
) -> Result<pb::CalculateSampleSizeResponse, Failure> {
    let services: Vec<ServicePopulation> = r.service_populations.iter().map(service).collect();
    if services.is_empty() {
        let size = sample::krejcie_morgan(r.population).ok_or_else(|| {
            Failure::invalid(vec![Violation::new(
                "population",
                "must be 1 to 1,000,000,000",
                "Jumlah populasi harus 1 sampai 1.000.000.000",
            )])
        });
        return Ok(pb::CalculateSampleSizeResponse {
            sample_size: size?,
            population: r.population,
            ..Default::default()
        });
    }
    let mut faults = Faults::default();
    let population = survey::population("", r.population, &services, &mut faults);
    let size = sample::of_services(services.iter().map(|one| one.population));
    faults.build(|| {
        Some(pb::CalculateSampleSizeResponse {
            sample_size: size?,
            service_samples: services.iter().filter_map(service_sample).collect(),
            population,
        })
    })
}

fn service(one: &pb::ServicePopulation) -> ServicePopulation {
    ServicePopulation {
        service: one.service.clone(),
        population: one.population,
        own_sample: true,
    }
}

fn service_sample(one: &ServicePopulation) -> Option<pb::ServiceSampleSize> {
    Some(pb::ServiceSampleSize {
        service: one.service.clone(),
        population: one.population,
        sample_size: sample::krejcie_morgan(one.population)?,
    })
}
