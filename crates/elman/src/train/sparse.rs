//! Updates that look at the rows of embeddings whose tokens were read, and at no others.

use std::ops::Range;

use crate::clip::Clip;
use crate::error::Result;
use crate::network::{Network, OutputWeights, Touched};
use crate::optimizer::Optimizer;
use crate::parameters::Parameters;
use crate::real::Real;
use crate::sequence::SequenceBatch;

/// Where the gradient of an update may differ from zero.
#[derive(Debug, Default)]
pub(super) struct Sparse<T> {
    touched: Touched,
    of_batch: Touched,
    /// The gradient there, without what lies between.
    values: Vec<T>,
}

impl<T: Real> Sparse<T> {
    /// `None` where each update moves every parameter: by its rule, or because every answer weighs
    /// every token.
    pub(super) fn of(network: &Network<T>, optimizer: &Optimizer<T>) -> Option<Self> {
        let config = network.config();
        let has_rows = !config.inputs.tokens.is_empty()
            && config.body.head.output_weights != OutputWeights::Embedding;
        (has_rows && optimizer.leaves_the_rest_alone()).then(Sparse::default)
    }

    /// Takes in what another batch of the update touches.
    pub(super) fn add(&mut self, network: &Network<T>, batch: &SequenceBatch<T>) -> Result<()> {
        network.touched_into(batch, &mut self.of_batch)?;
        self.touched.merge(&self.of_batch);
        Ok(())
    }

    /// Clips the gradient, and returns its norm before. The norm is summed up in the order of what
    /// was touched, which depends on the batches of the update alone.
    pub(super) fn clip(&mut self, clip: Clip, gradient: &mut Parameters<T>) -> Result<f64> {
        let Sparse { touched, values, .. } = self;
        values.clear();
        for range in touched.ranges() {
            values.extend_from_slice(&gradient.values()[range.clone()]);
        }
        let norm = clip.apply(values)?;
        let mut rest = values.as_slice();
        for range in touched.ranges() {
            let (own, further) = rest.split_at(range.len());
            gradient.values_mut()[range.clone()].copy_from_slice(own);
            rest = further;
        }
        Ok(norm)
    }

    /// What was touched, as ranges of the flat buffer.
    pub(super) fn ranges(&self) -> &[Range<usize>] {
        self.touched.ranges()
    }

    /// Sets the gradient to zero again, for the next update.
    pub(super) fn clear(&mut self, gradient: &mut Parameters<T>) {
        self.touched.clear(gradient);
        self.touched = Touched::default();
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::clip::Norm;
    use crate::dropout::DropoutMode;
    use crate::network::{NetworkTrace, TokenInput};
    use crate::optimizer::{AdamW, OptimizerConfig, Sgd};
    use crate::rng::Rng;
    use crate::sequence::TokenBatch;

    fn network() -> Network<f64> {
        let config = Network::builder(0).tokens(TokenInput::new(50, 3)).gru(4).mean().dense(2);
        let mut network = Network::new(config).unwrap();
        network.initialize(&mut Rng::new(5)).unwrap();
        network
    }

    #[test]
    fn what_is_touched_moves_as_if_all_had_been_looked_at() {
        let batches = [&[[7_u32, 8, 7], [3, 3, 9]][..], &[[7, 40, 41]]].map(|rows| {
            let rows: Vec<&[u32]> = rows.iter().map(<[u32; 3]>::as_slice).collect();
            SequenceBatch::from_tokens(vec![TokenBatch::from_sequences(&rows)]).unwrap()
        });
        for clip in [Clip::None, Clip::Norm { limit: 0.01, kind: Norm::L2 }] {
            let (mut dense, mut thin) = (network(), network());
            let config = OptimizerConfig::Sgd(Sgd::default());
            let mut optimizers =
                [&dense, &thin].map(|own| Optimizer::new(config, own.parameters()).unwrap());
            let mut sparse = Sparse::of(&thin, &optimizers[1]).unwrap();
            let mut grad = thin.parameters().zeros_like();
            for _ in 0..2 {
                for batch in &batches {
                    let mut trace = NetworkTrace::default();
                    thin.forward_traced(batch, None, DropoutMode::Off, &mut trace).unwrap();
                    let ones = Array3::ones(trace.outputs().dim());
                    thin.backward(batch, &mut trace, ones.view(), &mut grad).unwrap();
                    sparse.add(&thin, batch).unwrap();
                }
                let mut whole = grad.clone();
                let norm = clip.apply(whole.values_mut()).unwrap();
                assert!((sparse.clip(clip, &mut grad).unwrap() / norm - 1.0).abs() < 1e-12);
                dense.update(|own| optimizers[0].step(0.1, own, &whole)).unwrap();
                let ranges = sparse.ranges();
                thin.update(|own| optimizers[1].step_touched(0.1, own, &grad, ranges)).unwrap();
                sparse.clear(&mut grad);
                assert!(grad.values().iter().all(|g| g.abs() <= 0.0));
                let pairs = thin.parameters().values().iter().zip(dense.parameters().values());
                pairs.for_each(|(own, whole)| assert!((own - whole).abs() < 1e-14));
            }
            assert_ne!(dense.parameters().values(), network().parameters().values());
        }
    }

    #[test]
    fn rules_that_move_everything_are_not_sparse() {
        let own = network();
        let config = OptimizerConfig::AdamW(AdamW::default());
        let optimizer = Optimizer::new(config, own.parameters()).unwrap();
        assert!(Sparse::of(&own, &optimizer).is_none());
    }
}
