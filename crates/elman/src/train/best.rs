//! The best weights so far, and whether it is time to give up looking for better ones.

use crate::parameters::Parameters;
use crate::real::Real;

/// The weights of the best epoch so far.
pub(super) struct Best<T> {
    weights: Parameters<T>,
    epoch: usize,
    cost: f64,
}

impl<T: Real> Best<T> {
    /// The weights before the first epoch: better than nothing.
    pub(super) fn start(weights: &Parameters<T>) -> Self {
        Best { weights: weights.clone(), epoch: 0, cost: f64::INFINITY }
    }

    /// Takes the weights of an epoch if they are better; those of an earlier epoch win a tie.
    pub(super) fn offer(&mut self, epoch: usize, cost: f64, weights: &Parameters<T>) -> bool {
        let better = cost < self.cost;
        if better {
            self.weights.values_mut().copy_from_slice(weights.values());
            self.epoch = epoch;
            self.cost = cost;
        }
        better
    }

    /// The epoch of the best weights; 0 before the first.
    pub(super) fn epoch(&self) -> usize {
        self.epoch
    }

    /// The best weights.
    pub(super) fn weights(&self) -> &Parameters<T> {
        &self.weights
    }

    /// The best weights, to be overwritten.
    pub(super) fn weights_mut(&mut self) -> &mut Parameters<T> {
        &mut self.weights
    }

    /// What the best epoch cost; infinite before the first.
    pub(super) fn cost(&self) -> f64 {
        self.cost
    }

    /// Says which epoch the weights are of.
    pub(super) fn set(&mut self, epoch: usize, cost: f64) {
        (self.epoch, self.cost) = (epoch, cost);
    }

    /// Whether `patience` epochs have gone by since the best one.
    pub(super) fn is_over(&self, epoch: usize, patience: Option<usize>) -> bool {
        patience.is_some_and(|patience| epoch - self.epoch >= patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::ParameterShape;

    fn weights(value: f32) -> Parameters<f32> {
        let mut weights = Parameters::zeros(vec![ParameterShape::new("w", &[1])]).unwrap();
        weights.values_mut()[0] = value;
        weights
    }

    #[test]
    fn the_lowest_cost_wins_and_the_earlier_of_two_equal_ones() {
        let mut best = Best::start(&weights(0.0));
        let offers = [(1, 0.5, true), (2, 0.3, true), (3, 0.3, false), (4, 0.4, false)];
        for (epoch, cost, better) in offers {
            assert_eq!(best.offer(epoch, cost, &weights(epoch as f32)), better, "{epoch}");
        }
        assert_eq!((best.epoch(), best.weights()), (2, &weights(2.0)));
        assert!(!best.is_over(4, Some(3)) && best.is_over(5, Some(3)) && !best.is_over(99, None));
    }
}
