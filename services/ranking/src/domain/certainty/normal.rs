//! Simulated errors: normal deviates from a seed, the same on every platform. The generator is defined by its algorithm, and
//! logarithm, sine and cosine are not those of the platform.

use std::f64::consts::TAU;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

/// A sequence of independent standard normal deviates.
pub struct Normals(ChaCha8Rng);

impl Normals {
    pub fn new(seed: u64) -> Self {
        let mut bytes = <ChaCha8Rng as SeedableRng>::Seed::default();
        for (byte, of_seed) in bytes.iter_mut().zip(seed.to_le_bytes()) {
            *byte = of_seed;
        }
        Self(ChaCha8Rng::from_seed(bytes))
    }

    /// The next deviates, by the transform of Box and Muller.
    pub fn fill(&mut self, deviates: &mut [f64]) {
        for pair in deviates.chunks_mut(2) {
            let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
            let (sine, cosine) = libm::sincos(TAU * self.uniform());
            for (deviate, part) in pair.iter_mut().zip([sine, cosine]) {
                *deviate = radius * part;
            }
        }
    }

    /// The next number from 0 to 1, without 1.
    fn uniform(&mut self) -> f64 {
        const UNIT: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.0.next_u64() >> 11) as f64 * UNIT
    }
}
