//! The generic code that programs call most, compiled here: for `f32`, and in development for `f64` too.
//!
//! Below the second level of optimisation, and for size, a program links such an instance instead of compiling its
//! own, so tests, examples and the command line build faster. Otherwise the compiler shares none.

use std::hint::black_box;

use crate::error::Result;
use crate::io::Checkpoint;
use crate::model::Model;
use crate::network::Network;
use crate::optimizer::Optimizer;
use crate::real::Real;
use crate::see::{Explanation, Health};
use crate::stream::Stream;
use crate::text::{Likelihood, Writer, score_lines};
use crate::train::{Callback, MemberCallback, Run, Trainer, TrainingData};

#[used]
static INSTANCES: &[fn()] = &[
    keep::<f32>,
    #[cfg(debug_assertions)]
    keep::<f64>,
];

/// Takes the addresses of functions, so that the compiler has to make them.
fn keep<T: Real>() {
    black_box([
        Network::<T>::new as *const (),
        Network::<T>::initialize as *const (),
        Network::<T>::forward as *const (),
        Network::<T>::forward_traced as *const (),
        Network::<T>::backward as *const (),
        Network::<T>::backward_to_inputs as *const (),
        Network::<T>::sequence_gradients as *const (),
        Network::<T>::sequence_gradient_norms as *const (),
        Network::<T>::touched_into as *const (),
        Model::<T>::predict as *const (),
        Model::<T>::evaluate as *const (),
        Model::<T>::to_bytes as *const (),
        Model::<T>::from_bytes as *const (),
        Optimizer::<T>::new as *const (),
        Stream::<T>::new as *const (),
        Stream::<T>::from_state as *const (),
        Stream::<T>::step as *const (),
        Stream::<T>::step_tokens as *const (),
        Writer::<T>::new as *const (),
        Writer::<T>::write as *const (),
        Likelihood::of::<T> as *const (),
        score_lines::<T> as *const (),
        train::<T> as *const (),
        Trainer::cross_validate::<T> as *const (),
        Trainer::start_text::<T> as *const (),
        Checkpoint::resume_text_with::<T> as *const (),
        Run::<T>::checkpoint_to as *const (),
        Health::measure::<T> as *const (),
        Explanation::of::<T> as *const (),
    ]);
}

/// The ways to train, whose functions take anything that becomes training data.
fn train<T: Real>(
    trainer: &Trainer,
    data: TrainingData<'_>,
    callback: &mut Callback<'_>,
    of_members: &MemberCallback<'_>,
) -> Result<()> {
    trainer.fit_with::<T>(data, callback)?;
    trainer.fit_members::<T>(2, data, of_members)?;
    Ok(())
}
