//! What training does to the recurrence of a layer so that it learns less by heart.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Field, Result};

/// The chances with which training disturbs the recurrence of a layer; all 0 by default.
///
/// Every draw is a function of (seed, update, layer, sequence, step, unit): it does not depend on the
/// batch, on its order, on chunks or on threads ([`rng::Mask`](crate::rng::Mask)).
///
/// ```
/// use elman::layer::RecurrentRegularization;
///
/// let zoneout = RecurrentRegularization { zoneout: 0.1, ..RecurrentRegularization::default() };
/// assert!(zoneout.check().is_ok());
/// let certain = RecurrentRegularization { zoneout: 1.0, ..zoneout };
/// let message = certain.check().unwrap_err().to_string();
/// assert_eq!(message, "zoneout: expected a probability from 0 up to but not including 1, got 1");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecurrentRegularization {
    /// Drops values of `h_{t-1}` where it enters the recurrent products, one mask for all steps of a
    /// sequence; what is kept is scaled by `1 / (1 - p)`.
    ///
    /// Y. Gal and Z. Ghahramani, "A theoretically grounded application of dropout in recurrent neural
    /// networks", arXiv:1512.05287.
    pub state_dropout: f64,
    /// Drops values of the candidate with which a gated cell updates its state, a mask for each step;
    /// what is kept is scaled by `1 / (1 - p)`.
    ///
    /// S. Semeniuta, A. Severyn and E. Barth, "Recurrent dropout without memory loss",
    /// arXiv:1603.05118.
    pub update_dropout: f64,
    /// Lets values of the hidden state stay as they were, a mask for each step; in inference each value
    /// is the mean of both outcomes.
    ///
    /// D. Krueger et al., "Zoneout: regularizing RNNs by randomly preserving hidden activations",
    /// arXiv:1606.01305.
    pub zoneout: f64,
    /// The same for the other parts of the state: the cell state of an LSTM.
    pub cell_zoneout: f64,
}

impl RecurrentRegularization {
    /// That all are probabilities.
    ///
    /// # Errors
    ///
    /// Names the one that is not.
    pub fn check(&self) -> Result<()> {
        for (field, probability) in [
            (Field::StateDropout, self.state_dropout),
            (Field::UpdateDropout, self.update_dropout),
            (Field::Zoneout, self.zoneout),
            (Field::CellZoneout, self.cell_zoneout),
        ] {
            if !(0.0..1.0).contains(&probability) {
                let expected = "a probability from 0 up to but not including 1";
                return Err(Error::argument(field.called(field.name()), expected, probability));
            }
        }
        Ok(())
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_off(&self) -> bool {
        *self == RecurrentRegularization::default()
    }

    /// Whether states stay with some chance, which inference has to know of.
    #[must_use]
    pub fn zones_out(&self) -> bool {
        self.zoneout > 0.0 || self.cell_zoneout > 0.0
    }
}
