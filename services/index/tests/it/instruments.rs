//! Instruments over gRPC.
