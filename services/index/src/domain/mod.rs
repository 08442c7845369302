//! The rules of evaluation: pure functions without I/O, clock or transport. Instruments are data.

pub mod band;
pub mod complaint;
pub mod cycle;
pub mod evidence;
pub mod external;
pub mod f03;
pub mod facts;
pub mod field;
pub mod instrument;
pub mod judging;
pub mod level;
pub mod own_metric;
pub mod portfolio;
pub mod read;
pub mod rule;
pub mod score;
pub mod sourced;
pub mod suggestion;
pub mod text;
pub mod uncounted;

pub use prima_platform::number;
