//! Each rule against its formula, step by step.

use super::*;

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
fn rmsprop_follows_its_formula() {
    let rms = RmsProp { alpha: 0.75, epsilon: 0.1, ..RmsProp::default() };
    // v = 1, then 0.75 + 0.25·16 = 4.75.
    let first = 1.0 - 0.1 * 2.0 / 1.1;
    let second = 4.0 / (f64::sqrt(4.75) + 0.1);
    let grads = [2.0, 4.0];
    let found = run(OptimizerConfig::RmsProp(rms), 0.1, &grads);
    assert_near(&found, &[first, first - 0.1 * second]);
    // m = 2/1.1, then half of it and the second quotient.
    let momentum = RmsProp { momentum: 0.5, ..rms };
    let found = run(OptimizerConfig::RmsProp(momentum), 0.1, &grads);
    assert_near(&found, &[first, first - 0.1 * (1.0 / 1.1 + second)]);
    // ḡ = 0.5, then 1.375: v − ḡ² = 0.75, then 2.859375.
    let centred = RmsProp { centring: Centring::Centred, ..rms };
    let first = 1.0 - 0.1 * 2.0 / (f64::sqrt(0.75) + 0.1);
    let second = 4.0 / (f64::sqrt(2.859_375) + 0.1);
    let found = run(OptimizerConfig::RmsProp(centred), 0.1, &grads);
    assert_near(&found, &[first, first - 0.1 * second]);
}

#[test]
fn adagrad_follows_its_formula() {
    let adagrad = Adagrad { rate_decay: 0.5, initial_sum: 5.0, epsilon: 0.1, ..Adagrad::default() };
    // s = 9, then 25; the second rate is 0.1 / 1.5.
    let first = 1.0 - 0.1 * 2.0 / 3.1;
    let second = first + 0.1 / 1.5 * 4.0 / 5.1;
    assert_near(&run(OptimizerConfig::Adagrad(adagrad), 0.1, &[2.0, -4.0]), &[first, second]);
}

#[test]
fn nadam_follows_its_formula() {
    let nadam =
        NAdam { beta1: 0.5, beta2: 0.75, epsilon: 0.1, momentum_decay: 1.0, ..NAdam::default() };
    // μ = ½ (1 − ½·0.96), ½ (1 − ½·0.96²), ½ (1 − ½·0.96³)
    let [a, b, c] = [0.5 * (1.0 - 0.48), 0.5 * (1.0 - 0.4608), 0.5 * (1.0 - 0.442_368)];
    // m = 1, v = 1, v̂ = 4; then m = 0.5 + 2, v = 0.75 + 4 and v̂ = 4.75 / (7/16).
    let first = 0.1 * ((1.0 - a) / (1.0 - a) * 2.0 + b / (1.0 - a * b) * 1.0) / 2.1;
    let root = f64::sqrt(4.75 / 0.4375) + 0.1;
    let second = 0.1 * ((1.0 - b) / (1.0 - a * b) * 4.0 + c / (1.0 - a * b * c) * 2.5) / root;
    let found = run(OptimizerConfig::NAdam(nadam), 0.1, &[2.0, 4.0]);
    assert_near(&found, &[1.0 - first, 1.0 - first - second]);
}

#[test]
fn decoupled_decay_does_not_pass_through_the_moments() {
    let adamw = AdamW { weight_decay: 0.5, epsilon: 1e-30, ..AdamW::default() };
    // 1 − 0.1·0.5, then the rate against the gradient's sign; the size of the gradient says nothing.
    for g in [3.0, 1e-6] {
        assert_near(&run(OptimizerConfig::AdamW(adamw), 0.1, &[g]), &[0.95 - 0.1]);
    }
    let nadam = |decay| NAdam { weight_decay: 0.5, decay, ..NAdam::default() };
    let decoupled = run(OptimizerConfig::NAdam(nadam(Decay::Decoupled)), 0.1, &[0.0]);
    assert_near(&decoupled, &[0.95]);
    let coupled = run(OptimizerConfig::NAdam(nadam(Decay::InGradient)), 0.1, &[0.0]);
    assert!((coupled[0] - decoupled[0]).abs() > 1e-3);
}
