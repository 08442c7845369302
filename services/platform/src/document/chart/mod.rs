//! Charts as inline SVG, readable without colour, with a title and a description for readers who can't see them.
//!
//! Binary floats are used for positions in the drawing only; every figure that is printed is a text that the caller has
//! rounded. [`draw`] has what every chart is drawn with, also one that is made elsewhere.

mod bars;
pub mod draw;
mod scatter;
mod stack;

pub use bars::{Bar, Bars, Guide};
pub use draw::About;
pub use scatter::{Point, Scatter};
pub use stack::{Stack, StackRow};

#[cfg(test)]
mod tests;
