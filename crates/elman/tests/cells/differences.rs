//! The settings of an option differ from each other: one that is accepted and ignored fails here.

use elman::cell::{CellKind, CellVisitor, GruOptions, LstmOptions, ResetPlacement, SimpleOptions};
use elman::{
    ActivationKind, Cell, CellSizes, Direction, GruActivations, GruCell, Layer, LstmActivations,
    Rng, SequenceBatch,
};
use ndarray::{Array2, Array3};

use crate::contract::{SIZES, setup};

/// The outputs of a cell with the parameters that [`setup`] draws.
struct Outputs;

impl CellVisitor<f64> for Outputs {
    type Output = Array3<f64>;

    fn visit<C: Cell<f64> + Clone>(
        self,
        make: impl Fn(CellSizes) -> elman::Result<C>,
    ) -> Array3<f64> {
        outputs_of(make(SIZES).unwrap())
    }
}

fn outputs(kind: CellKind) -> Array3<f64> {
    kind.visit(Outputs).unwrap()
}

fn outputs_of<C: Cell<f64> + Clone>(cell: C) -> Array3<f64> {
    let setup = setup(cell);
    let layer = Layer::new(setup.cell, Direction::Forward).unwrap();
    let weights = layer.prepare(&setup.parameters).unwrap();
    layer.forward(&weights, &setup.batch, Some(&setup.initial)).unwrap().outputs
}

/// That every two arrays differ by more than rounding.
fn assert_all_differ(outputs: &[Array3<f64>]) {
    for (index, left) in outputs.iter().enumerate() {
        for right in &outputs[index + 1..] {
            let distance = (left - right).iter().fold(0.0f64, |most, value| most.max(value.abs()));
            assert!(distance > 1e-3, "{distance}");
        }
    }
}

#[test]
fn every_activation_of_every_place_differs() {
    let kinds = ActivationKind::ALL;
    let simple = |activation| outputs(CellKind::Simple(SimpleOptions { activation }));
    assert_all_differ(&kinds.map(simple));
    let lstm = |change: fn(&mut LstmActivations, ActivationKind)| {
        kinds.map(|kind| {
            let mut activations = LstmActivations::default();
            change(&mut activations, kind);
            outputs(CellKind::Lstm(LstmOptions { activations }))
        })
    };
    assert_all_differ(&lstm(|all, kind| all.gate = kind));
    assert_all_differ(&lstm(|all, kind| all.candidate = kind));
    assert_all_differ(&lstm(|all, kind| all.output = kind));
    for reset in [ResetPlacement::After, ResetPlacement::Before] {
        let gru = |change: fn(&mut GruActivations, ActivationKind)| {
            kinds.map(|kind| {
                let mut activations = GruActivations::default();
                change(&mut activations, kind);
                outputs(CellKind::Gru(GruOptions { reset, activations }))
            })
        };
        assert_all_differ(&gru(|all, kind| all.gate = kind));
        assert_all_differ(&gru(|all, kind| all.candidate = kind));
    }
}

#[test]
fn the_reset_placements_differ_with_the_same_weights() {
    let run = |reset| {
        let cell = GruCell::<f64>::new(SIZES.input_size, SIZES.hidden_size, reset).unwrap();
        // The parameters that only the reset after has come last, so the others are the same.
        let setup = setup(cell);
        let layer = Layer::new(setup.cell, Direction::Forward).unwrap();
        let mut parameters = setup.parameters;
        if reset == ResetPlacement::After {
            parameters.get_mut("recurrent_bias").unwrap().fill(0.0);
        }
        let weights = layer.prepare(&parameters).unwrap();
        let mut rng = Rng::new(29);
        let values = Array3::from_shape_simple_fn((2, 5, SIZES.input_size), || rng.normal());
        let hidden = Array2::from_elem((2, SIZES.hidden_size), 0.5);
        let start = elman::GruState { hidden };
        layer.forward(&weights, &SequenceBatch::full(values), Some(&start)).unwrap().outputs
    };
    assert_all_differ(&[run(ResetPlacement::After), run(ResetPlacement::Before)]);
}
