//! The fifth notebook, the derivation: every formula of the simple cell in `docs/equations.md`
//! evaluated beside the library, with the largest difference between the two.
//!
//! ```text
//! cargo run -p elman --example derivation [DECIMALS]
//! ```

#[path = "support/numbers.rs"]
mod numbers;
#[path = "support/reference.rs"]
mod reference;

use std::error::Error;

use elman::cell::{step, step_backward};
use elman::gradient_check::Point;
use elman::{
    ActivationKind, Direction, GradientCheck, Layer, SequenceBatch, SimpleCell, SimpleState,
};
use ndarray::{Array1, Array2, Array3, ArrayView, Axis, Dimension};

use numbers::Numbers;
use reference::Reference;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers = Numbers::from_arguments()?;
    derive(&numbers, "004_published")?;
    derive(&numbers, "004_batch2")
}

/// The formulas for L = ½ Σ h_T², whose gradient at the last state is h_T itself.
fn derive(numbers: &Numbers, case_name: &str) -> Result<(), Box<dyn Error>> {
    println!("# {case_name}");
    let case = Reference::open(case_name)?;
    let (x, h_0): (Array3<f64>, Array2<f64>) = (case.get("x")?, case.get("h0")?);
    let (w, u): (Array2<f64>, Array2<f64>) = (case.get("Wx")?, case.get("Wh")?);
    let b: Array1<f64> = case.get("b")?;
    let cell = |kind| SimpleCell::<f64>::new(w.nrows(), w.ncols(), kind);
    // The cell whose φ is the identity stops at a_t.
    let (tanh, identity) = (cell(ActivationKind::Tanh)?, cell(ActivationKind::Identity)?);
    let layer = Layer::new(tanh.clone(), Direction::Forward)?;
    let mut parameters = layer.parameters();
    parameters.set("input_weights", w.view())?;
    parameters.set("recurrent_weights", u.view())?;
    parameters.set("bias", b.view())?;

    let (mut states, mut traces) = (vec![SimpleState { hidden: h_0 }], Vec::new());
    for (t, x_t) in x.axis_iter(Axis(1)).enumerate() {
        let (a_t, _) = step(&identity, &parameters, x_t, &states[t])?;
        let plain = x_t.dot(&w) + states[t].hidden.dot(&u) + &b;
        compare(&format!("{case_name} t={t} a_t"), a_t.hidden.view(), plain.view());
        let (h_t, trace) = step(&tanh, &parameters, x_t, &states[t])?;
        states.push(h_t);
        traces.push(trace);
    }
    let mut dh_t = states[traces.len()].clone();
    numbers.show(&format!("{case_name} h_last"), dh_t.hidden.view());

    let mut grad = parameters.zeros_like();
    let (mut dw, mut du, mut db) = (w.clone() * 0.0, u.clone() * 0.0, b * 0.0);
    let mut dx = x.clone() * 0.0;
    // From the last step to the first: each step's error comes from the step after it. The notebook
    // takes the last step's error for all of them, random numbers for h_{t-1}, and dh for a.
    for (t, x_t) in x.axis_iter(Axis(1)).enumerate().rev() {
        let back = step_backward(&tanh, &parameters, &traces[t], x_t, &dh_t, &mut grad)?;
        let da_t = &dh_t.hidden * states[t + 1].hidden.mapv(|h| 1.0 - h * h);
        let at = format!("{case_name} t={t}");
        compare(&format!("{at} da_t"), back.deltas.view(), da_t.view());
        compare(&format!("{at} dx_t"), back.inputs.view(), da_t.dot(&w.t()).view());
        compare(&format!("{at} dh_t-1"), back.previous.hidden.view(), da_t.dot(&u.t()).view());
        dw += &x_t.t().dot(&da_t);
        du += &states[t].hidden.t().dot(&da_t);
        db += &da_t.sum_axis(Axis(0));
        dx.index_axis_mut(Axis(1), t).assign(&back.inputs);
        dh_t = back.previous;
    }
    numbers.show(&format!("{case_name} dx"), dx.view());
    numbers.show(&format!("{case_name} dh_0"), dh_t.hidden.view());
    for (symbol, name, plain) in [
        ("dW", "input_weights", dw.into_dyn()),
        ("dU", "recurrent_weights", du.into_dyn()),
        ("db", "bias", db.into_dyn()),
    ] {
        numbers.show(&format!("{case_name} {symbol}"), grad.get(name)?);
        compare(&format!("{case_name} {symbol}"), grad.get(name)?, plain.view());
    }

    let mut point = Point::default();
    point.push("x", x.iter().copied().collect());
    let gradient: Vec<f64> = dx.iter().copied().collect();
    let report = GradientCheck::default().function(&mut point, &gradient, |values| {
        let moved =
            Array3::from_shape_fn(x.dim(), |(n, t, i)| values[(n * x.dim().1 + t) * x.dim().2 + i]);
        let weights = layer.prepare(&parameters)?;
        let run = layer.forward(&weights, &SequenceBatch::full(moved), Some(&states[0]))?;
        Ok(0.5 * run.final_state.hidden.mapv(|h| h * h).sum())
    })?;
    println!("{case_name} dx by central differences: {report}");
    Ok(())
}

/// Prints the largest `|left - right| / max(1, |right|)`.
fn compare<D: Dimension>(what: &str, left: ArrayView<'_, f64, D>, right: ArrayView<'_, f64, D>) {
    assert_eq!(left.shape(), right.shape(), "{what}");
    let errors = left.iter().zip(right).map(|(l, r)| (l - r).abs() / r.abs().max(1.0));
    println!("{what}: largest difference = {:.1e}", errors.fold(0.0, f64::max));
}
