//! The cells that every suite runs on. A new cell, or a new option, is a line here.

use elman::cell::{CellKind, GruOptions, LstmOptions, ResetPlacement, SimpleOptions};
use elman::{
    Activation, ActivationKind, CellSizes, CustomActivation, GruActivations, LstmActivations, Real,
    SimpleCell,
};

#[path = "../../../../examples/custom_cell.rs"]
#[allow(dead_code, reason = "the example's main is not called")]
mod custom_cell;

pub use custom_cell::LeakyCell;

/// Every kind of the library with its default options, then with others.
pub fn every_kind() -> Vec<CellKind> {
    let mut kinds = CellKind::ALL.to_vec();
    kinds.extend(simple_options().into_iter().map(CellKind::Simple));
    kinds.extend(lstm_options().into_iter().map(CellKind::Lstm));
    kinds.extend(gru_options().into_iter().map(CellKind::Gru));
    kinds
}

fn simple_options() -> Vec<SimpleOptions> {
    let others = ActivationKind::ALL.into_iter().filter(|kind| *kind != ActivationKind::Tanh);
    others.map(|activation| SimpleOptions { activation }).collect()
}

fn lstm_options() -> Vec<LstmOptions> {
    // Functions that differ from the usual ones and from each other.
    let activations = LstmActivations {
        gate: ActivationKind::HardSigmoid,
        candidate: ActivationKind::Relu,
        output: ActivationKind::Sigmoid,
    };
    vec![LstmOptions { activations }]
}

fn gru_options() -> Vec<GruOptions> {
    let activations =
        GruActivations { gate: ActivationKind::HardSigmoid, candidate: ActivationKind::Identity };
    let (before, usual) = (ResetPlacement::Before, GruOptions::DEFAULT);
    vec![
        GruOptions { reset: before, ..usual },
        GruOptions { activations, ..usual },
        GruOptions { reset: before, activations },
    ]
}

/// A simple cell with a function that the library does not know.
pub fn custom_activation<T: Real>(sizes: CellSizes) -> SimpleCell<T> {
    let softsign = Activation::Custom(CustomActivation {
        function: |a: T| a / (T::ONE + a.abs()),
        derivative: |a: T| T::ONE / ((T::ONE + a.abs()) * (T::ONE + a.abs())),
    });
    SimpleCell::new(sizes.input_size, sizes.hidden_size, softsign).unwrap()
}

/// A user's own cell.
#[allow(dead_code, reason = "not every suite runs in f64")]
pub fn own_cell(sizes: CellSizes) -> LeakyCell {
    LeakyCell { inputs: sizes.input_size, units: sizes.hidden_size }
}

/// Calls `check(what, make)` for every cell of one number type, `make` being a function from the sizes
/// to the cell.
macro_rules! for_every_cell {
    (f32, $check:path) => {
        for_every_cell!(@known f32, $check)
    };
    (f64, $check:path) => {{
        for_every_cell!(@known f64, $check);
        $check("own cell", &$crate::list::own_cell);
    }};
    (@known $element:ty, $check:path) => {{
        struct Check<'a>(&'a str);
        impl elman::cell::CellVisitor<$element> for Check<'_> {
            type Output = ();
            fn visit<C: elman::Cell<$element> + Clone + 'static>(
                self,
                make: impl Fn(elman::CellSizes) -> elman::Result<C>,
            ) {
                $check(self.0, &|sizes| make(sizes).unwrap());
            }
        }
        for kind in $crate::list::every_kind() {
            kind.visit(Check(&format!("{kind:?}"))).unwrap();
        }
        $check("custom activation", &$crate::list::custom_activation::<$element>);
    }};
}
