//! The settings of an option differ from each other: one that is accepted and ignored fails here.

use elman::cell::{
    CellKind, CellVisitor, ForgetGate, GruOptions, LstmOptions, Normalization, Peepholes,
    Recurrence, ResetPlacement, SimpleOptions,
};
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
    let simple = |activation| {
        outputs(CellKind::Simple(SimpleOptions { activation, ..SimpleOptions::DEFAULT }))
    };
    assert_all_differ(&kinds.map(simple));
    let lstm = |change: fn(&mut LstmActivations, ActivationKind)| {
        kinds.map(|kind| {
            let mut activations = LstmActivations::default();
            change(&mut activations, kind);
            outputs(CellKind::Lstm(LstmOptions { activations, ..LstmOptions::DEFAULT }))
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
                outputs(CellKind::Gru(GruOptions { reset, activations, ..GruOptions::DEFAULT }))
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

#[test]
fn every_option_of_a_cell_differs() {
    let usual = LstmOptions::DEFAULT;
    let (peepholes, forget_gate) = (Peepholes::Present, ForgetGate::Coupled);
    let lstm = [
        usual,
        LstmOptions { peepholes, ..usual },
        LstmOptions { forget_gate, ..usual },
        LstmOptions { peepholes, forget_gate, ..usual },
        LstmOptions { clip: Some(0.5), ..usual },
        LstmOptions { clip: Some(0.6), ..usual },
        LstmOptions { cell_clip: Some(0.3), ..usual },
        LstmOptions { cell_clip: Some(0.4), ..usual },
    ];
    assert_all_differ(&lstm.map(|options| outputs(CellKind::Lstm(options))));
    let usual = SimpleOptions::DEFAULT;
    let recurrence = Recurrence::Independent;
    let simple = [
        usual,
        SimpleOptions { recurrence, ..usual },
        SimpleOptions { clip: Some(0.5), ..usual },
        SimpleOptions { clip: Some(0.6), ..usual },
        SimpleOptions { recurrence, clip: Some(0.5), ..usual },
    ];
    assert_all_differ(&simple.map(|options| outputs(CellKind::Simple(options))));
    for reset in [ResetPlacement::After, ResetPlacement::Before] {
        let gru = [None, Some(0.5), Some(0.6)]
            .map(|clip| outputs(CellKind::Gru(GruOptions { reset, clip, ..GruOptions::DEFAULT })));
        assert_all_differ(&gru);
    }
}

#[test]
fn a_normalization_differs_and_so_does_its_epsilon() {
    let all = [Normalization::None, Normalization::LAYER, Normalization::Layer { epsilon: 0.25 }];
    assert_all_differ(&all.map(|normalization| {
        outputs(CellKind::Simple(SimpleOptions { normalization, ..SimpleOptions::DEFAULT }))
    }));
    assert_all_differ(&all.map(|normalization| {
        outputs(CellKind::Lstm(LstmOptions { normalization, ..LstmOptions::DEFAULT }))
    }));
    assert_all_differ(&all.map(|normalization| {
        outputs(CellKind::Gru(GruOptions { normalization, ..GruOptions::DEFAULT }))
    }));
}

#[test]
fn what_does_not_go_with_a_normalization_is_refused_by_name() {
    let normalization = Normalization::LAYER;
    let simple = SimpleOptions { normalization, ..SimpleOptions::DEFAULT };
    let lstm = LstmOptions { normalization, ..LstmOptions::DEFAULT };
    let gru = GruOptions { normalization, ..GruOptions::DEFAULT };
    let activations = GruActivations { candidate: ActivationKind::Silu, ..gru.activations };
    let none = Normalization::Layer { epsilon: 0.0 };
    let (recurrence, reset) = (Recurrence::Independent, ResetPlacement::Before);
    let (peepholes, forget_gate) = (Peepholes::Present, ForgetGate::Coupled);
    for (kind, message) in [
        (
            CellKind::Simple(SimpleOptions { normalization: none, ..simple }),
            "epsilon of the normalization: expected a positive number, got 0",
        ),
        (
            CellKind::Simple(SimpleOptions { recurrence, ..simple }),
            "recurrence: expected full beside a normalization, got independent",
        ),
        (
            CellKind::Simple(SimpleOptions { clip: Some(1.0), ..simple }),
            "clip: expected none beside a normalization, got 1",
        ),
        (
            CellKind::Lstm(LstmOptions { peepholes, ..lstm }),
            "peepholes: expected absent beside a normalization, got present",
        ),
        (
            CellKind::Lstm(LstmOptions { forget_gate, ..lstm }),
            "forget_gate: expected own beside a normalization, got coupled",
        ),
        (
            CellKind::Lstm(LstmOptions { projection_size: Some(2), ..lstm }),
            "projection_size: expected none beside a normalization, got 2",
        ),
        (
            CellKind::Lstm(LstmOptions { clip: Some(1.0), ..lstm }),
            "clip: expected none beside a normalization, got 1",
        ),
        (
            CellKind::Lstm(LstmOptions { cell_clip: Some(1.0), ..lstm }),
            "cell_clip: expected none beside a normalization, got 1",
        ),
        (
            CellKind::Gru(GruOptions { reset, ..gru }),
            "reset: expected after beside a normalization, got before",
        ),
        (
            CellKind::Gru(GruOptions { clip: Some(1.0), ..gru }),
            "clip: expected none beside a normalization, got 1",
        ),
        (
            CellKind::Gru(GruOptions { activations, ..gru }),
            "candidate: expected tanh, relu, sigmoid, hard-sigmoid or identity beside a \
             normalization, got silu",
        ),
    ] {
        assert_eq!(refusal(&kind), message);
    }
}

#[test]
fn a_projection_changes_the_outputs_and_their_length() {
    let projected = |size| {
        let options = LstmOptions { projection_size: Some(size), ..LstmOptions::DEFAULT };
        outputs(CellKind::Lstm(options))
    };
    assert_eq!(outputs(CellKind::Lstm(LstmOptions::DEFAULT)).dim().2, SIZES.hidden_size);
    assert_eq!((projected(3).dim().2, projected(4).dim().2), (3, 4));
}

#[test]
fn a_bound_that_is_never_reached_changes_no_more_than_rounding() {
    let far = Some(1e6);
    let lstm = LstmOptions { clip: far, cell_clip: far, ..LstmOptions::DEFAULT };
    let gru = |reset| GruOptions { reset, ..GruOptions::DEFAULT };
    let [after, before] = [ResetPlacement::After, ResetPlacement::Before].map(gru);
    for (bounded, plain) in [
        (CellKind::Lstm(lstm), CellKind::Lstm(LstmOptions::DEFAULT)),
        (CellKind::Gru(GruOptions { clip: far, ..after }), CellKind::Gru(after)),
        (CellKind::Gru(GruOptions { clip: far, ..before }), CellKind::Gru(before)),
        (
            CellKind::Simple(SimpleOptions { clip: far, ..SimpleOptions::DEFAULT }),
            CellKind::Simple(SimpleOptions::DEFAULT),
        ),
    ] {
        let (bounded, plain) = (outputs(bounded), outputs(plain));
        let distance = (&bounded - &plain).iter().fold(0.0f64, |most, value| most.max(value.abs()));
        assert!(distance < 1e-13, "{distance}");
    }
}

/// The message with which the options of a kind are refused, for cells of 3 inputs and 21 units.
fn refusal(kind: &CellKind) -> String {
    struct Refused;
    impl CellVisitor<f32> for Refused {
        type Output = String;
        fn visit<C: Cell<f32>>(self, make: impl Fn(CellSizes) -> elman::Result<C>) -> String {
            make(SIZES).map(|_| ()).unwrap_err().to_string()
        }
    }
    kind.visit(Refused).unwrap()
}

#[test]
fn an_option_that_cannot_apply_is_refused_by_name() {
    let lstm = LstmOptions::DEFAULT;
    let projected = |size| LstmOptions { projection_size: Some(size), ..lstm };
    let activations = LstmActivations {
        output: ActivationKind::Elu { alpha: f64::NAN },
        ..LstmActivations::DEFAULT
    };
    let affine = ActivationKind::Affine { alpha: 1.0, beta: f64::INFINITY };
    let gru = GruActivations { candidate: affine, ..GruActivations::DEFAULT };
    for (kind, message) in [
        (
            CellKind::Lstm(projected(0)),
            "projection_size: expected at least 1 and less than hidden_size, 21, got 0",
        ),
        (
            CellKind::Lstm(projected(21)),
            "projection_size: expected at least 1 and less than hidden_size, 21, got 21",
        ),
        (
            CellKind::Lstm(LstmOptions { clip: Some(0.0), ..lstm }),
            "clip: expected a positive number, got 0",
        ),
        (
            CellKind::Lstm(LstmOptions { cell_clip: Some(-1.0), ..lstm }),
            "cell_clip: expected a positive number, got -1",
        ),
        (
            CellKind::Lstm(LstmOptions { activations, ..lstm }),
            "alpha of elu(NaN): expected a finite number, got NaN",
        ),
        (
            CellKind::Gru(GruOptions { activations: gru, ..GruOptions::DEFAULT }),
            "beta of affine(1, inf): expected a finite number, got inf",
        ),
        (
            CellKind::Gru(GruOptions { clip: Some(f64::NAN), ..GruOptions::DEFAULT }),
            "clip: expected a positive number, got NaN",
        ),
        (
            CellKind::Simple(SimpleOptions { clip: Some(-2.0), ..SimpleOptions::DEFAULT }),
            "clip: expected a positive number, got -2",
        ),
    ] {
        assert_eq!(refusal(&kind), message);
    }
    // An option of another cell is unknown to this one.
    let refused = serde_json::from_str::<CellKind>(r#"{"gru":{"peepholes":"present"}}"#);
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("unknown field `peepholes`"), "{message}");
}
