//! The second notebook, `TimeRNN`: one gradient for every step, and a state that lives from call to
//! call, can be set and can be reset.
//!
//! ```text
//! cargo run -p elman --example stateful_rnn [DECIMALS]
//! ```

#[path = "support/numbers.rs"]
mod numbers;
#[path = "support/reference.rs"]
mod reference;

use std::error::Error;

use elman::layer::ArrivingGradient;
use elman::optimizer::{Optimizer, OptimizerConfig, Sgd};
use elman::{ActivationKind, Direction, Layer, SequenceBatch, SimpleCell, SimpleState};
use ndarray::{Array3, Ix1, Ix2};

use numbers::Numbers;
use reference::Reference;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers = Numbers::from_arguments()?;
    let case = Reference::open("001_stateful_blocks")?;
    let cell = SimpleCell::<f64>::new(3, 6, ActivationKind::Tanh)?;
    let layer = Layer::new(cell, Direction::Forward)?;
    let mut parameters = layer.parameters();
    parameters.set("input_weights", case.get::<Ix2>("Wx")?.view())?;
    parameters.set("recurrent_weights", case.get::<Ix2>("Wh")?.view())?;
    // The notebook takes b apart and never adds it; a_t = x_t·W + h_{t-1}·U + b here.
    parameters.set("bias", case.get::<Ix1>("b")?.view())?;
    let weights = layer.prepare(&parameters)?;

    // Stateful is a variable of the caller's, in the number type of the weights: the notebook keeps
    // f32 states beside f64 weights. `None` starts from zeros.
    let mut state: Option<SimpleState<f64>> = None;
    for block in ["block0", "block1"] {
        println!("# {block}");
        let batch = SequenceBatch::full(case.get(&format!("{block}.xs"))?);
        let mut trace = layer.forward_traced(&weights, &batch, state.as_ref())?;
        numbers.show(&format!("{block} hs"), trace.outputs());
        state = Some(layer.final_state(&trace));

        // Back-propagation ends at the block's border (truncated). What would cross it is handed
        // back as dh: passing it on as `final_state` of the block before undoes the truncation.
        let grad_outputs: Array3<f64> = case.get(&format!("{block}.dhs"))?;
        let arriving = ArrivingGradient { outputs: Some(grad_outputs.view()), final_state: None };
        let mut grad = parameters.zeros_like();
        let back = layer.backward(&weights, &batch, &mut trace, arriving, &mut grad)?;
        numbers.show(&format!("{block} dxs"), back.inputs.view());
        numbers.show(&format!("{block} dh"), back.initial_state.hidden.view());

        let mut after = parameters.clone(); // both blocks start from the same weights
        Optimizer::new(OptimizerConfig::Sgd(Sgd::default()), &after)?
            .step(0.1, &mut after, &grad)?;
        for (symbol, name) in [("W", "input_weights"), ("U", "recurrent_weights"), ("b", "bias")] {
            numbers.show(&format!("{block} d{symbol}"), grad.get(name)?);
            numbers.show(&format!("{block} {symbol} after the step"), after.get(name)?);
        }
    }

    println!("# set");
    let noted = SimpleState { hidden: case.get("block2.h0")? };
    let batch = SequenceBatch::full(case.get("block2.xs")?);
    let run = layer.forward(&weights, &batch, Some(&noted))?;
    numbers.show("block2 hs", run.outputs.view());

    println!("# reset");
    let batch = SequenceBatch::full(case.get("block0.xs")?);
    let run = layer.forward(&weights, &batch, None)?;
    numbers.show("block0 hs again", run.outputs.view());
    Ok(())
}
