//! Seeing: what a trained network is like inside, and why it predicts what it predicts.
//!
//! [`Health`] measures what only a recurrent network can be ill of: how far a gradient reaches back in
//! time, whether gates and states stand at their limits, whether units are idle, whether small
//! differences grow. [`FixedPoints`] are the states that a layer settles in, and [`UpdateRatio`] how large
//! updates are beside the weights. [`Explanation`] says which steps and channels a prediction rests on. Both run a
//! copy of the network in `f64` through the exact backward pass that trained it; nothing is estimated
//! by sampling.
//!
//! Neither changes the model. Networks with a user's own cell are refused: only their maker can build
//! the copy.

mod advice;
mod eigenvalues;
mod explain;
mod fixed_points;
mod health;
mod linear;
mod path;
mod reach;
mod subject;
mod units;
mod updates;

pub use advice::{Advice, Rule, advise};
pub use eigenvalues::{Eigenvalue, eigenvalues};
pub use explain::{Explanation, Question};
pub use fixed_points::{FixedPoint, FixedPoints, Search};
pub use health::{Health, Sample, SideHealth, Weights};
pub use linear::{largest_singular_value, spectral_radius};
pub use reach::{LagNorm, Reach, Spread};
pub use units::{Saturation, UnitCounts};
pub use updates::UpdateRatio;

#[cfg(test)]
mod tests;
