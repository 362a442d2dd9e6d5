//! Steps against the formulas worked by hand, and what is refused.

use ndarray::array;
use proptest::prelude::*;

use super::*;

fn parameters(values: &[f64]) -> Parameters<f64> {
    let shapes = vec![ParameterShape::new("weights", &[values.len()])];
    let mut parameters = Parameters::zeros(shapes).unwrap();
    parameters.values_mut().copy_from_slice(values);
    parameters
}

/// The parameter after each of the gradients, from 1.
fn run(config: OptimizerConfig, rate: f64, grads: &[f64]) -> Vec<f64> {
    let mut p = parameters(&[1.0]);
    let mut optimizer = Optimizer::new(config, &p).unwrap();
    let step = |&g: &f64| {
        optimizer.step(rate, &mut p, &parameters(&[g])).unwrap();
        p.values()[0]
    };
    grads.iter().map(step).collect()
}

fn assert_near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() < 1e-14, "{found:?} for {expected:?}");
    }
}

fn sgd(momentum: Momentum) -> Sgd {
    Sgd { momentum, ..Sgd::default() }
}

#[test]
fn plain_descent_goes_against_the_gradient() {
    let found = run(OptimizerConfig::Sgd(sgd(Momentum::None)), 0.1, &[2.0, -1.0]);
    assert_near(&found, &[0.8, 0.9]);
}

#[test]
fn weight_decay_pulls_to_zero_and_maximize_turns_only_the_gradient() {
    let config = Sgd { weight_decay: 0.5, ..sgd(Momentum::None) };
    assert_near(&run(OptimizerConfig::Sgd(config), 0.1, &[0.0]), &[0.95]);
    let config = Sgd { objective: Objective::Maximize, ..config };
    // g = −2 + 0.5
    assert_near(&run(OptimizerConfig::Sgd(config), 0.1, &[2.0]), &[1.15]);
}

#[test]
fn momentum_starts_undampened() {
    let config = sgd(Momentum::Classical { factor: 0.5, dampening: 0.25 });
    // m = 2, then 1 + 0.75·4 = 4, then 2 + 0 = 2
    let found = run(OptimizerConfig::Sgd(config), 0.1, &[2.0, 4.0, 0.0]);
    assert_near(&found, &[0.8, 0.4, 0.2]);
}

#[test]
fn nesterov_looks_ahead() {
    let config = sgd(Momentum::Nesterov { factor: 0.5 });
    // m = 2, d = 3; m = 1 + 4 = 5, d = 6.5
    assert_near(&run(OptimizerConfig::Sgd(config), 0.1, &[2.0, 4.0]), &[0.7, 0.05]);
}

#[test]
fn the_first_adam_step_is_the_rate() {
    // m̂ = g and v̂ = g², whatever the size of g.
    for g in [3.0, 1e-3, 1e6] {
        let adam = Adam { epsilon: 1e-30, ..Adam::default() };
        assert_near(&run(OptimizerConfig::Adam(adam), 0.01, &[g]), &[0.99]);
    }
}

#[test]
fn adam_follows_its_formula() {
    let adam = Adam { beta1: 0.5, beta2: 0.75, epsilon: 0.1, ..Adam::default() };
    // m = 1, v = 1: m̂ = 2, v̂ = 4. Then m = 0.5, v = 0.75: m̂ = 2/3, v̂ = 12/7.
    let first = 1.0 - 0.1 * 2.0 / 2.1;
    let second = first - 0.1 * (2.0 / 3.0) / (f64::sqrt(12.0 / 7.0) + 0.1);
    assert_near(&run(OptimizerConfig::Adam(adam), 0.1, &[2.0, 0.0]), &[first, second]);
    // AMSGrad: v stays at its largest, 1, and v̂ = 16/7.
    let amsgrad = Adam { second_moment: SecondMoment::Maximum, ..adam };
    let second = first - 0.1 * (2.0 / 3.0) / (f64::sqrt(16.0 / 7.0) + 0.1);
    assert_near(&run(OptimizerConfig::Adam(amsgrad), 0.1, &[2.0, 0.0]), &[first, second]);
}

#[test]
fn adam_decay_and_maximize_act_on_the_gradient() {
    // With a vanishing ε the first step is the sign of g = ±∇L + λ p.
    let adam = Adam { epsilon: 1e-30, weight_decay: 3.0, ..Adam::default() };
    assert_near(&run(OptimizerConfig::Adam(adam), 0.01, &[-2.0]), &[0.99]);
    assert_near(&run(OptimizerConfig::Adam(adam), 0.01, &[-4.0]), &[1.01]);
    let adam = Adam { objective: Objective::Maximize, ..adam };
    assert_near(&run(OptimizerConfig::Adam(adam), 0.01, &[4.0]), &[1.01]);
    assert_near(&run(OptimizerConfig::Adam(adam), 0.01, &[2.0]), &[0.99]);
}

#[test]
fn amsgrad_does_not_forget_nan() {
    let adam = Adam { second_moment: SecondMoment::Maximum, ..Adam::default() };
    let found = run(OptimizerConfig::Adam(adam), 0.1, &[f64::NAN, 1.0]);
    assert!(found.iter().all(|p| p.is_nan()));
}

#[test]
fn a_rate_of_zero_changes_nothing_but_the_moments() {
    let config = OptimizerConfig::Sgd(sgd(Momentum::Nesterov { factor: 0.9 }));
    let mut p = parameters(&[1.0, -2.0]);
    let mut optimizer = Optimizer::new(config, &p).unwrap();
    optimizer.step(0.0, &mut p, &parameters(&[5.0, 5.0])).unwrap();
    assert_eq!(p.values(), [1.0, -2.0]);
    optimizer.step(0.1, &mut p, &parameters(&[0.0, 0.0])).unwrap();
    // m = 0.9·5, d = 0.9·m
    assert_near(p.values(), &[1.0 - 0.405, -2.0 - 0.405]);
}

#[test]
fn settings_out_of_range_are_refused() {
    let sgd = |momentum, weight_decay| {
        OptimizerConfig::Sgd(Sgd { momentum, weight_decay, ..Sgd::default() })
    };
    let adam = Adam::default();
    let p = parameters(&[0.0]);
    for bad in [-0.1, 1.0, f64::NAN, f64::INFINITY] {
        let classical = |factor, dampening| sgd(Momentum::Classical { factor, dampening }, 0.0);
        let cases = [
            (classical(bad, 0.0), "factor"),
            (classical(0.9, bad), "dampening"),
            (sgd(Momentum::Nesterov { factor: bad }, 0.0), "factor"),
            (sgd(Momentum::Nesterov { factor: 0.0 }, 0.0), "factor"),
            (OptimizerConfig::Adam(Adam { beta1: bad, ..adam }), "beta1"),
            (OptimizerConfig::Adam(Adam { beta2: bad, ..adam }), "beta2"),
        ];
        for (config, word) in cases {
            let message = Optimizer::new(config, &p).unwrap_err().to_string();
            assert!(message.contains(word), "{config:?}: {message}");
        }
    }
    let zero = Optimizer::new(OptimizerConfig::Adam(Adam { epsilon: 0.0, ..adam }), &p);
    assert!(zero.unwrap_err().to_string().contains("epsilon"));
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        let cases = [
            (sgd(Momentum::None, bad), "weight_decay"),
            (OptimizerConfig::Adam(Adam { weight_decay: bad, ..adam }), "weight_decay"),
            (OptimizerConfig::Adam(Adam { epsilon: bad, ..adam }), "epsilon"),
        ];
        for (config, word) in cases {
            let message = Optimizer::new(config, &p).unwrap_err().to_string();
            assert!(message.contains(word), "{config:?}: {message}");
        }
    }
}

#[test]
fn bad_steps_are_refused_and_change_nothing() {
    let momentum = Momentum::Nesterov { factor: 0.9 };
    let configs = [
        OptimizerConfig::Sgd(sgd(Momentum::None)),
        OptimizerConfig::Sgd(sgd(momentum)),
        OptimizerConfig::default(),
    ];
    let others = [
        ParameterShape::new("weights", &[3]),
        ParameterShape::new("bias", &[2]),
        ParameterShape::new("weights", &[2, 1]),
    ];
    for config in configs {
        let mut p = parameters(&[1.0, 2.0]);
        let grad = parameters(&[1.0, 1.0]);
        let mut optimizer = Optimizer::new(config, &p).unwrap();
        for rate in [-1e-3, f64::NAN, f64::INFINITY] {
            let message = optimizer.step(rate, &mut p, &grad).unwrap_err().to_string();
            assert!(message.contains("learning_rate"), "{message}");
        }
        for other in &others {
            let other = Parameters::<f64>::zeros(vec![other.clone()]).unwrap();
            let message = optimizer.step(0.1, &mut p, &other).unwrap_err().to_string();
            assert!(
                message.starts_with("gradient: parameter 0: expected weights [2]"),
                "{message}"
            );
            let refused = optimizer.step(0.1, &mut other.clone(), &other).is_err();
            assert_eq!(refused, config != configs[0], "only plain descent keeps no moment");
        }
        assert_eq!(p.values(), [1.0, 2.0]);
        // The refused steps left no trace in the moments either.
        let mut fresh = parameters(&[1.0, 2.0]);
        Optimizer::new(config, &fresh).unwrap().step(0.1, &mut fresh, &grad).unwrap();
        optimizer.step(0.1, &mut p, &grad).unwrap();
        assert_eq!(p, fresh);
    }
}

#[test]
fn settings_survive_a_settings_file() {
    let nesterov = Sgd { weight_decay: 0.1, ..sgd(Momentum::Nesterov { factor: 0.8 }) };
    let amsgrad = Adam { second_moment: SecondMoment::Maximum, ..Adam::default() };
    for config in [OptimizerConfig::Sgd(nesterov), OptimizerConfig::Adam(amsgrad)] {
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<OptimizerConfig>(&text).unwrap(), config);
        assert_eq!(Optimizer::new(config, &parameters(&[0.0])).unwrap().config(), config);
    }
    for bad in [
        r#"{"kind": "adam", "beta": 0.9}"#,
        r#"{"kind": "sgd", "momentum": {"nesterov": {"factor": 0.9, "dampening": 0.1}}}"#,
        r#"{"kind": "adamw"}"#,
        r#"{"beta1": 0.9}"#,
    ] {
        assert!(serde_json::from_str::<OptimizerConfig>(bad).is_err(), "{bad}");
    }
}

#[test]
fn every_optimizer_finds_the_bottom_of_a_bowl() {
    let configs = [
        OptimizerConfig::Sgd(sgd(Momentum::None)),
        OptimizerConfig::Sgd(sgd(Momentum::Classical { factor: 0.5, dampening: 0.1 })),
        OptimizerConfig::Sgd(sgd(Momentum::Nesterov { factor: 0.5 })),
        OptimizerConfig::default(),
    ];
    for config in configs {
        let mut p = parameters(&[0.0, 0.0]);
        let mut grad = p.zeros_like();
        let mut optimizer = Optimizer::new(config, &p).unwrap();
        for _ in 0..2000 {
            let gradient = array![p.values()[0] - 1.0, 0.5 * (p.values()[1] + 2.0)];
            grad.set("weights", gradient.view()).unwrap();
            optimizer.step(0.05, &mut p, &grad).unwrap();
        }
        let (x, y) = (p.values()[0], p.values()[1]);
        assert!((x - 1.0).abs() < 1e-6 && (y + 2.0).abs() < 1e-6, "{config:?}: {x} {y}");
    }
}

proptest! {
    #[test]
    fn an_adam_step_has_a_bound(grads in prop::collection::vec(-1e3..1e3f64, 1..20)) {
        // Kingma and Ba, section 2.1: |Δp| ≤ η max(1, (1 − β₁)/√(1 − β₂)).
        let rate = 0.01;
        let bound = rate * (0.1 / f64::sqrt(0.001)) * (1.0 + 1e-9);
        let found = run(OptimizerConfig::default(), rate, &grads);
        let mut last = 1.0;
        for p in found {
            prop_assert!((p - last).abs() <= bound, "{} {}", p - last, bound);
            last = p;
        }
    }
}
