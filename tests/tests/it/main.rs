//! End-to-end, fault and conformance suites; see `prima_tests` for the harness.

mod faults;
mod journey;
