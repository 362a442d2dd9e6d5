//! Steps against the formulas worked by hand, and what is refused.

mod formulas;

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
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        let rms = RmsProp::default();
        let (adagrad, nadam, adamw) = (Adagrad::default(), NAdam::default(), AdamW::default());
        let cases = [
            (OptimizerConfig::RmsProp(RmsProp { alpha: bad, ..rms }), "alpha"),
            (OptimizerConfig::RmsProp(RmsProp { momentum: bad, ..rms }), "momentum"),
            (OptimizerConfig::RmsProp(RmsProp { epsilon: bad, ..rms }), "epsilon"),
            (OptimizerConfig::RmsProp(RmsProp { weight_decay: bad, ..rms }), "weight_decay"),
            (OptimizerConfig::Adagrad(Adagrad { rate_decay: bad, ..adagrad }), "rate_decay"),
            (OptimizerConfig::Adagrad(Adagrad { initial_sum: bad, ..adagrad }), "initial_sum"),
            (OptimizerConfig::Adagrad(Adagrad { epsilon: bad, ..adagrad }), "epsilon"),
            (OptimizerConfig::Adagrad(Adagrad { weight_decay: bad, ..adagrad }), "weight_decay"),
            (OptimizerConfig::NAdam(NAdam { beta1: bad, ..nadam }), "beta1"),
            (OptimizerConfig::NAdam(NAdam { beta2: bad, ..nadam }), "beta2"),
            (OptimizerConfig::NAdam(NAdam { momentum_decay: bad, ..nadam }), "momentum_decay"),
            (OptimizerConfig::NAdam(NAdam { epsilon: bad, ..nadam }), "epsilon"),
            (OptimizerConfig::NAdam(NAdam { weight_decay: bad, ..nadam }), "weight_decay"),
            (OptimizerConfig::AdamW(AdamW { beta1: bad, ..adamw }), "beta1"),
            (OptimizerConfig::AdamW(AdamW { weight_decay: bad, ..adamw }), "weight_decay"),
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
    let configs = every_rule(Sgd { momentum, ..Sgd::default() });
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
        for bad in [-0.1, 1.0, f64::NAN] {
            let rates = Rates { learning_rate: 0.1, momentum: Some(bad) };
            let message = optimizer.step(rates, &mut p, &grad).unwrap_err().to_string();
            assert!(message.contains("momentum: expected"), "{message}");
        }
        for other in &others {
            let other = Parameters::<f64>::zeros(vec![other.clone()]).unwrap();
            let message = optimizer.step(0.1, &mut p, &other).unwrap_err().to_string();
            assert!(
                message.starts_with("gradient: parameter 0: expected weights [2]"),
                "{message}"
            );
            let refused = optimizer.step(0.1, &mut other.clone(), &other).unwrap_err().to_string();
            assert!(refused.starts_with("parameters: parameter 0: expected weights [2]"));
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
    let more = [OptimizerConfig::Sgd(nesterov), OptimizerConfig::Adam(amsgrad)];
    for config in every_rule(Sgd::default()).into_iter().chain(more) {
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<OptimizerConfig>(&text).unwrap(), config);
        assert_eq!(Optimizer::new(config, &parameters(&[0.0])).unwrap().config(), config);
    }
    for bad in [
        r#"{"kind": "adam", "beta": 0.9}"#,
        r#"{"kind": "sgd", "momentum": {"nesterov": {"factor": 0.9, "dampening": 0.1}}}"#,
        r#"{"kind": "adam-w"}"#,
        r#"{"kind": "rmsprop", "centered": true}"#,
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
        OptimizerConfig::Adam(Adam::default()),
        OptimizerConfig::AdamW(AdamW { weight_decay: 0.0, ..AdamW::default() }),
        OptimizerConfig::NAdam(NAdam::default()),
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

#[test]
fn the_other_rules_near_the_bottom_of_a_bowl() {
    // Scaled by what they have seen, these two go on in steps of the rate (RMSprop) or in ever
    // smaller ones (Adagrad).
    let rules = [
        (OptimizerConfig::RmsProp(RmsProp::default()), 0.01),
        (OptimizerConfig::RmsProp(RmsProp { momentum: 0.5, ..RmsProp::default() }), 0.005),
        (OptimizerConfig::Adagrad(Adagrad::default()), 0.5),
    ];
    for (config, rate) in rules {
        let mut p = parameters(&[0.0]);
        let mut optimizer = Optimizer::new(config, &p).unwrap();
        for _ in 0..2000 {
            let grad = parameters(&[p.values()[0] - 1.0]);
            optimizer.step(rate, &mut p, &grad).unwrap();
        }
        assert!((p.values()[0] - 1.0).abs() < 0.02, "{config:?}: {}", p.values()[0]);
    }
}

#[test]
fn a_checkpoint_of_any_rule_goes_on_with_the_same_bits() {
    let grad = |step: u32| parameters(&[f64::from(step % 3) - 0.7, 1.0 / f64::from(step + 1)]);
    for config in every_rule(sgd(Momentum::Classical { factor: 0.9, dampening: 0.5 })) {
        let mut whole = parameters(&[1.0, -2.0]);
        let mut parts = whole.clone();
        let mut optimizer = Optimizer::new(config, &whole).unwrap();
        let mut current = optimizer.clone();
        for step in 0..9 {
            optimizer.step(0.01, &mut whole, &grad(step)).unwrap();
            let text = serde_json::to_string(&current.progress()).unwrap();
            let mut resumed = Optimizer::new(config, &parts).unwrap();
            let progress = serde_json::from_str(&text).unwrap();
            resumed.restore(progress, current.moments().to_vec()).unwrap();
            resumed.step(0.01, &mut parts, &grad(step)).unwrap();
            current = resumed;
        }
        assert_eq!(whole, parts, "{config:?}");
    }
}

#[test]
fn foreign_moments_are_refused() {
    let p = parameters(&[1.0]);
    let mut adam = Optimizer::new(OptimizerConfig::default(), &p).unwrap();
    let progress = adam.progress();
    let message = adam.restore(progress, Vec::new()).unwrap_err().to_string();
    assert_eq!(message, "moments: expected mean, square, got none");
    let mut moments = adam.moments().to_vec();
    moments[1].values = parameters(&[1.0, 2.0]);
    let message = adam.restore(progress, moments).unwrap_err().to_string();
    assert!(message.starts_with("moment square: parameter 0: expected weights [1]"), "{message}");
    let progress = OptimizerProgress { products: [f64::NAN, 0.5], ..progress };
    let message = adam.restore(progress, adam.moments().to_vec()).unwrap_err().to_string();
    assert!(message.starts_with("products"), "{message}");
}

#[test]
fn a_schedule_may_change_the_momentum() {
    let rates = |momentum| Rates { learning_rate: 0.1, momentum: Some(momentum) };
    let mut p = parameters(&[1.0]);
    let config = OptimizerConfig::Sgd(sgd(Momentum::Classical { factor: 0.9, dampening: 0.0 }));
    let mut optimizer = Optimizer::new(config, &p).unwrap();
    optimizer.step(rates(0.5), &mut p, &parameters(&[2.0])).unwrap();
    optimizer.step(rates(0.25), &mut p, &parameters(&[4.0])).unwrap();
    // m = 2, then 0.25·2 + 4.
    assert_near(p.values(), &[1.0 - 0.2 - 0.45]);
    // With β₁ = 0 and then ½: m = 2, then 3, whose correction divides by 1 − 0·½.
    let adam = Adam { beta2: 0.0, epsilon: 1e-30, ..Adam::default() };
    let mut p = parameters(&[1.0]);
    let mut optimizer = Optimizer::new(OptimizerConfig::Adam(adam), &p).unwrap();
    optimizer.step(rates(0.0), &mut p, &parameters(&[2.0])).unwrap();
    optimizer.step(rates(0.5), &mut p, &parameters(&[4.0])).unwrap();
    assert_near(p.values(), &[1.0 - 0.1 - 0.1 * 0.75]);
    let mut plain = Optimizer::new(OptimizerConfig::Adagrad(Adagrad::default()), &p).unwrap();
    let message = plain.step(rates(0.5), &mut p, &parameters(&[1.0])).unwrap_err().to_string();
    assert_eq!(message, "momentum: expected none for a rule without momentum, got 0.5");
}

#[test]
fn groups_have_rates_and_decays_of_their_own() {
    let shapes = ["in.weights", "in.bias", "out.weights"];
    let shapes = shapes.iter().map(|name| ParameterShape::new(*name, &[1])).collect();
    let mut p = Parameters::<f64>::zeros(shapes).unwrap();
    p.values_mut().fill(1.0);
    let grad = p.clone();
    let groups = ParameterGroups {
        groups: vec![ParameterGroup {
            names: "out.*".into(),
            rate_factor: 0.5,
            weight_decay: Some(2.0),
        }],
        ..ParameterGroups::default()
    };
    let config = OptimizerConfig::Sgd(Sgd { weight_decay: 1.0, ..Sgd::default() });
    let mut optimizer = Optimizer::with_groups(config, &groups, &p).unwrap();
    optimizer.step(0.1, &mut p, &grad).unwrap();
    // g = 1 + 1, 1, and 1 + 2 at half the rate.
    assert_near(p.values(), &[0.8, 0.9, 0.85]);
}

/// One of every kind.
fn every_rule(sgd: Sgd) -> Vec<OptimizerConfig> {
    let centred = RmsProp { centring: Centring::Centred, ..RmsProp::default() };
    vec![
        OptimizerConfig::Sgd(sgd),
        OptimizerConfig::Adam(Adam::default()),
        OptimizerConfig::Adam(Adam { second_moment: SecondMoment::Maximum, ..Adam::default() }),
        OptimizerConfig::AdamW(AdamW::default()),
        OptimizerConfig::NAdam(NAdam::default()),
        OptimizerConfig::RmsProp(RmsProp::default()),
        OptimizerConfig::RmsProp(centred),
        OptimizerConfig::RmsProp(RmsProp { momentum: 0.9, ..RmsProp::default() }),
        OptimizerConfig::RmsProp(RmsProp { momentum: 0.9, ..centred }),
        OptimizerConfig::Adagrad(Adagrad::default()),
    ]
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
