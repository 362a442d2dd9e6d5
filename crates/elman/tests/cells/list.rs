//! The cells that every suite runs on. A new cell, or a new option, is a line here.

use elman::cell::{
    CellKind, ForgetGate, GruOptions, LstmOptions, Normalization, Peepholes, Recurrence,
    ResetPlacement, SimpleOptions,
};
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
    let usual = SimpleOptions::DEFAULT;
    let others = ActivationKind::ALL.into_iter().filter(|kind| *kind != ActivationKind::Tanh);
    let mut all: Vec<_> = others.map(|activation| SimpleOptions { activation, ..usual }).collect();
    let recurrence = Recurrence::Independent;
    all.extend([
        SimpleOptions { clip: Some(0.7), ..usual },
        SimpleOptions { recurrence, ..usual },
        SimpleOptions {
            recurrence,
            activation: ActivationKind::Silu,
            clip: Some(0.9),
            normalization: Normalization::None,
        },
        SimpleOptions { normalization: Normalization::LAYER, ..usual },
        SimpleOptions {
            activation: ActivationKind::Identity,
            normalization: Normalization::Layer { epsilon: 0.25 },
            ..usual
        },
    ]);
    all
}

fn lstm_options() -> Vec<LstmOptions> {
    let usual = LstmOptions::DEFAULT;
    let (peepholes, forget_gate) = (Peepholes::Present, ForgetGate::Coupled);
    let (clip, cell_clip) = (Some(0.9), Some(0.4));
    // Functions that differ from the usual ones and from each other.
    let activations = LstmActivations {
        gate: ActivationKind::HardSigmoid,
        candidate: ActivationKind::Relu,
        output: ActivationKind::Sigmoid,
    };
    let other_activations = LstmActivations {
        gate: ActivationKind::ScaledHardSigmoid { alpha: 0.3, beta: 0.4 },
        candidate: ActivationKind::Gelu,
        output: ActivationKind::Softsign,
    };
    vec![
        LstmOptions { activations, ..usual },
        LstmOptions { activations: other_activations, ..usual },
        LstmOptions { peepholes, ..usual },
        LstmOptions { forget_gate, ..usual },
        LstmOptions { projection_size: Some(2), ..usual },
        LstmOptions { clip, ..usual },
        LstmOptions { cell_clip, ..usual },
        LstmOptions { peepholes, forget_gate, clip, ..usual },
        LstmOptions {
            activations: other_activations,
            peepholes,
            forget_gate,
            projection_size: Some(4),
            clip,
            cell_clip,
            normalization: Normalization::None,
        },
        LstmOptions { normalization: Normalization::LAYER, ..usual },
        LstmOptions { activations, normalization: Normalization::Layer { epsilon: 0.25 }, ..usual },
    ]
}

fn gru_options() -> Vec<GruOptions> {
    let activations =
        GruActivations { gate: ActivationKind::HardSigmoid, candidate: ActivationKind::Identity };
    let other_activations = GruActivations {
        gate: ActivationKind::ScaledHardSigmoid { alpha: 0.3, beta: 0.4 },
        candidate: ActivationKind::LeakyRelu { alpha: 0.1 },
    };
    let mut all = Vec::new();
    for reset in [ResetPlacement::After, ResetPlacement::Before] {
        let usual = GruOptions { reset, ..GruOptions::DEFAULT };
        all.extend([
            usual,
            GruOptions { activations, ..usual },
            GruOptions { activations: other_activations, ..usual },
            GruOptions { clip: Some(0.7), ..usual },
        ]);
    }
    let normalization = Normalization::Layer { epsilon: 0.25 };
    let usual = GruOptions::DEFAULT;
    all.extend([
        GruOptions { normalization: Normalization::LAYER, ..usual },
        GruOptions { activations, normalization, ..usual },
    ]);
    all
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
