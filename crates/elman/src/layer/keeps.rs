//! What a traced run keeps for its backward run.

use serde::{Deserialize, Serialize};

use crate::layer::time_loop::{Keep, segment_steps};

/// What a traced run keeps of the steps of a recurrent layer, beside the outputs.
///
/// It changes no bit of a gradient.
///
/// ```
/// use elman::layer::{ArrivingGradient, Trace, TraceKeeps};
/// use elman::{CellSizes, Direction, Layer, LstmCell, SequenceBatch};
/// use ndarray::Array3;
///
/// # fn main() -> elman::Result<()> {
/// let layer = Layer::new(LstmCell::<f32>::new(2, 3)?, Direction::Forward)?;
/// let parameters = layer.parameters();
/// let weights = layer.prepare(&parameters)?;
/// let batch = SequenceBatch::full(Array3::ones((1, 1000, 2)));
/// let grad_outputs = Array3::ones((1, 1000, 3));
/// let [whole, again] = [TraceKeeps::Everything, TraceKeeps::Borders].map(|keeps| {
///     let mut trace = Trace::keeping(keeps);
///     layer.forward_traced_into(&weights, &batch, None, &mut trace)?;
///     let arriving = ArrivingGradient { outputs: Some(grad_outputs.view()), final_state: None };
///     let mut grad = parameters.zeros_like();
///     layer.backward(&weights, &batch, &mut trace, arriving, &mut grad)?;
///     elman::Result::Ok(grad)
/// });
/// assert_eq!(whole?.values(), again?.values());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TraceKeeps {
    /// All that backward needs.
    #[default]
    Everything,
    /// The states at the borders of segments of about √T steps. Backward computes the rest again from
    /// there, segment by segment: for long sequences, from 65 steps on, in a small part of the memory,
    /// in one and a half times to twice the time.
    ///
    /// # Source
    ///
    /// T. Chen, B. Xu, C. Zhang and C. Guestrin, "Training deep nets with sublinear memory cost",
    /// arXiv:1604.06174.
    Borders,
}

impl TraceKeeps {
    /// For sequences of so many steps.
    pub(crate) fn of(self, seq_len: usize) -> Keep {
        match self {
            TraceKeeps::Everything => Keep::Trace,
            TraceKeeps::Borders => match segment_steps(seq_len) {
                steps if seq_len > 4 * steps => Keep::Borders(steps),
                _ => Keep::Trace,
            },
        }
    }
}
