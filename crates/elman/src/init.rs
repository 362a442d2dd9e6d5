//! Initial values of parameters.
//!
//! Weights are `[inputs, outputs]` throughout this crate, so the fan-in of a matrix is its number
//! of rows and the fan-out its number of columns. A matrix of several gates is filled gate by
//! gate through views of its columns; then each gate has the fans of its own product. Fans need
//! two axes: the fan-scaled and the orthogonal initialisers refuse a bias instead of inventing
//! fans for it.

use ndarray::ArrayViewMutD;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::real::{Float, Real};
use crate::rng::Rng;

/// How a parameter starts.
///
/// ```
/// use elman::init::Initializer;
/// use elman::rng::Rng;
/// use ndarray::Array2;
///
/// # fn main() -> elman::Result<()> {
/// let mut weights = Array2::<f32>::zeros((3, 4));
/// Initializer::GlorotUniform.fill(weights.view_mut().into_dyn(), 4, &mut Rng::new(1))?;
/// let bound = (6.0f32 / 7.0).sqrt();
/// assert!(weights.iter().all(|w| w.abs() <= bound && *w != 0.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Initializer {
    /// All 0.
    Zeros,
    /// All 1.
    Ones,
    /// All the same.
    Constant {
        /// The value.
        value: f64,
    },
    /// Normal, mean 0, standard deviation `scale`.
    ScaledNormal {
        /// The standard deviation.
        scale: f64,
    },
    /// Uniform in `±sqrt(6 / (fan_in + fan_out))` (Glorot and Bengio, *Understanding the
    /// difficulty of training deep feedforward neural networks*, 2010, equation 16).
    GlorotUniform,
    /// Normal of the same variance, `2 / (fan_in + fan_out)`, not truncated: PyTorch's
    /// `xavier_normal_`, not Keras' `GlorotNormal`.
    GlorotNormal,
    /// Uniform in `±sqrt(6 / fan_in)`, the variance of [`HeNormal`](Self::HeNormal).
    HeUniform,
    /// Normal of variance `2 / fan_in` (He, Zhang, Ren and Sun, *Delving Deep into Rectifiers*,
    /// 2015, equation 10), not truncated.
    HeNormal,
    /// `gain` times a random matrix with orthonormal columns, or rows if there are fewer of them,
    /// uniform among all such (Saxe, McClelland and Ganguli, *Exact solutions to the nonlinear
    /// dynamics of learning in deep linear neural networks*, 2013).
    Orthogonal {
        /// The factor.
        gain: f64,
    },
    /// Uniform in `±1/√H` whatever the shape, as PyTorch starts `nn.RNN` and, with H its number
    /// of inputs, `nn.Linear`.
    RecurrentUniform,
}

impl Initializer {
    /// Fills one parameter, row after row. `hidden_size` is the H of
    /// [`RecurrentUniform`](Self::RecurrentUniform); the others do not need it.
    ///
    /// # Errors
    ///
    /// A fan-scaled or orthogonal initialiser on an array that has not two axes; a value, scale
    /// or gain that is negative where it is a deviation, or not finite; a `hidden_size` of 0 for
    /// `RecurrentUniform`. The array is then unchanged.
    pub fn fill<T: Real>(
        self,
        mut target: ArrayViewMutD<'_, T>,
        hidden_size: usize,
        rng: &mut Rng,
    ) -> Result<()> {
        match self.distribution(target.shape(), hidden_size)? {
            Distribution::Constant(value) => target.fill(T::from_f64(value)),
            Distribution::Uniform(bound) => {
                let draw = || T::from_f64(bound * (2.0 * rng.uniform() - 1.0));
                fill_with(target, draw);
            }
            Distribution::Normal(deviation) => {
                fill_with(target, || T::from_f64(deviation * rng.normal()));
            }
            Distribution::Orthogonal { gain, rows, columns } => {
                let frame = orthonormal_frame(rows.min(columns), rows.max(columns), rng);
                let long = rows.max(columns);
                for (i, value) in target.iter_mut().enumerate() {
                    let (row, column) = (i / columns, i % columns);
                    let at =
                        if rows >= columns { column * long + row } else { row * long + column };
                    *value = T::from_f64(gain * frame[at]);
                }
            }
        }
        Ok(())
    }

    /// What it is called: `glorot-uniform` say.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Initializer::Zeros => "zeros",
            Initializer::Ones => "ones",
            Initializer::Constant { .. } => "constant",
            Initializer::ScaledNormal { .. } => "scaled-normal",
            Initializer::GlorotUniform => "glorot-uniform",
            Initializer::GlorotNormal => "glorot-normal",
            Initializer::HeUniform => "he-uniform",
            Initializer::HeNormal => "he-normal",
            Initializer::Orthogonal { .. } => "orthogonal",
            Initializer::RecurrentUniform => "recurrent-uniform",
        }
    }

    /// Whether it has no meaning for a parameter that has not two axes.
    #[must_use]
    pub fn needs_matrix(self) -> bool {
        match self {
            Initializer::GlorotUniform
            | Initializer::GlorotNormal
            | Initializer::HeUniform
            | Initializer::HeNormal
            | Initializer::Orthogonal { .. } => true,
            Initializer::Zeros
            | Initializer::Ones
            | Initializer::Constant { .. }
            | Initializer::ScaledNormal { .. }
            | Initializer::RecurrentUniform => false,
        }
    }

    /// Refuses a value, scale or gain that cannot be used.
    ///
    /// # Errors
    ///
    /// One that is not finite, or negative where it is a deviation.
    pub fn check(self) -> Result<()> {
        self.distribution(&[1, 1], 1).map(|_| ())
    }

    fn distribution(self, shape: &[usize], hidden_size: usize) -> Result<Distribution> {
        let fans = || self.matrix(shape).map(|(rows, columns)| (rows as f64, columns as f64));
        Ok(match self {
            Initializer::Zeros => Distribution::Constant(0.0),
            Initializer::Ones => Distribution::Constant(1.0),
            Initializer::Constant { value } => {
                Distribution::Constant(finite("constant: value", value)?)
            }
            Initializer::ScaledNormal { scale } if scale < 0.0 => {
                return Err(Error::argument("scaled-normal: scale", "0 or more", scale));
            }
            Initializer::ScaledNormal { scale } => {
                Distribution::Normal(finite("scaled-normal: scale", scale)?)
            }
            Initializer::GlorotUniform => fans()
                .map(|(rows, columns)| Distribution::Uniform((6.0 / (rows + columns)).sqrt()))?,
            Initializer::GlorotNormal => fans()
                .map(|(rows, columns)| Distribution::Normal((2.0 / (rows + columns)).sqrt()))?,
            Initializer::HeUniform => {
                fans().map(|(rows, _)| Distribution::Uniform((6.0 / rows).sqrt()))?
            }
            Initializer::HeNormal => {
                fans().map(|(rows, _)| Distribution::Normal((2.0 / rows).sqrt()))?
            }
            Initializer::Orthogonal { gain } => {
                let gain = finite("orthogonal: gain", gain)?;
                let (rows, columns) = self.matrix(shape)?;
                Distribution::Orthogonal { gain, rows, columns }
            }
            Initializer::RecurrentUniform if hidden_size == 0 => {
                return Err(Error::argument("hidden_size", "1 or more", 0));
            }
            Initializer::RecurrentUniform => {
                Distribution::Uniform(1.0 / Float::sqrt(hidden_size as f64))
            }
        })
    }

    /// Rows and columns of a matrix.
    fn matrix(self, shape: &[usize]) -> Result<(usize, usize)> {
        match *shape {
            [rows, columns] => Ok((rows, columns)),
            _ => Err(Error::argument(
                format!("initializer {self:?}"),
                "a parameter of two axes, inputs by outputs",
                format!("shape {shape:?}"),
            )),
        }
    }
}

/// What an initialiser comes to for one shape.
enum Distribution {
    Constant(f64),
    Uniform(f64),
    Normal(f64),
    Orthogonal { gain: f64, rows: usize, columns: usize },
}

fn finite(name: &str, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(Error::argument(name, "a finite number", value)) }
}

fn fill_with<T: Real>(mut target: ArrayViewMutD<'_, T>, mut draw: impl FnMut() -> T) {
    for value in &mut target {
        *value = draw();
    }
}

/// `count` orthonormal vectors of `size >= count` numbers, one after the other.
///
/// Gram-Schmidt on normal vectors makes R's diagonal positive, which is the condition under which
/// Q is uniform (Mezzadri, *How to Generate Random Matrices from the Classical Compact Groups*,
/// 2007). Each vector is cleared twice of the earlier ones: "twice is enough" for orthogonality
/// to rounding (Giraud, Langou and Rozložník, *The loss of orthogonality in the Gram-Schmidt
/// orthogonalization process*, 2005).
fn orthonormal_frame(count: usize, size: usize, rng: &mut Rng) -> Vec<f64> {
    let mut frame = vec![0.0; count * size];
    for index in 0..count {
        let (earlier, rest) = frame.split_at_mut(index * size);
        let vector = &mut rest[..size];
        loop {
            vector.fill_with(|| rng.normal());
            let drawn = Float::sqrt(dot(vector, vector));
            for _ in 0..2 {
                for other in earlier.chunks_exact(size) {
                    let share = dot(vector, other);
                    vector.iter_mut().zip(other).for_each(|(v, o)| *v -= share * o);
                }
            }
            let left = Float::sqrt(dot(vector, vector));
            // A vector that lies in the span of the earlier ones leaves only rounding.
            if left > 1e-10 * drawn {
                vector.iter_mut().for_each(|v| *v /= left);
                break;
            }
        }
    }
    frame
}

/// The inner product, in eight interleaved sums: one sum would wait for each addition.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests;
