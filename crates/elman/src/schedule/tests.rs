//! Schedules at the places where they turn, and what is refused.

use super::*;

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-15, "{found} for {expected}");
}

fn rate(schedule: &Schedule, update: u64) -> f64 {
    schedule.rates(0.8, update).learning_rate
}

/// One of every kind.
fn all() -> Vec<Schedule> {
    vec![
        Schedule::Constant,
        Schedule::Step { every: 5, factor: 0.5 },
        Schedule::MultiStep { at: vec![3, 8], factor: 0.1 },
        Schedule::Exponential { factor: 0.9 },
        Schedule::Cosine { updates: 20, least_rate: 0.1 },
        Schedule::CosineRestarts { first: 4, growth: 2, least_rate: 0.1 },
        Schedule::OneCycle(OneCycle::new(30)),
        Schedule::Plateau(Plateau::default()),
    ]
}

#[test]
fn steps_turn_where_they_are_asked_to() {
    let step = Schedule::Step { every: 5, factor: 0.5 };
    assert_eq!([0, 4, 5, 9, 10].map(|u| rate(&step, u)), [0.8, 0.8, 0.4, 0.4, 0.2]);
    let steps = Schedule::MultiStep { at: vec![3, 8], factor: 0.5 };
    assert_eq!([2, 3, 7, 8, 1_000_000].map(|u| rate(&steps, u)), [0.8, 0.4, 0.4, 0.2, 0.2]);
}

#[test]
fn cosines_start_at_the_base_rate_and_end_at_the_least() {
    let cosine = Schedule::Cosine { updates: 20, least_rate: 0.1 };
    near(rate(&cosine, 0), 0.8);
    near(rate(&cosine, 10), 0.45);
    near(rate(&cosine, 20), 0.1);
    near(rate(&cosine, 40), 0.8);
    // 4, then 12, then 36 updates.
    let restarts = Schedule::CosineRestarts { first: 4, growth: 3, least_rate: 0.1 };
    for start in [0, 4, 16, 52] {
        near(rate(&restarts, start), 0.8);
    }
    for middle in [2, 10, 34] {
        near(rate(&restarts, middle), 0.45);
    }
    let even = Schedule::CosineRestarts { first: 4, growth: 1, least_rate: 0.1 };
    near(rate(&even, 4_000_000_002), 0.45);
}

#[test]
fn one_cycle_stays_at_its_last_rate() {
    for phases in [CyclePhases::Two, CyclePhases::Three] {
        for annealing in [Annealing::Cosine, Annealing::Linear] {
            let cycle = OneCycle { phases, annealing, ..OneCycle::new(40) };
            let schedule = Schedule::OneCycle(cycle);
            near(rate(&schedule, 0), 0.8 / 25.0);
            near(rate(&schedule, 11), 0.8);
            near(rate(&schedule, 39), 0.8 / 25.0 / 1e4);
            near(rate(&schedule, 1000), 0.8 / 25.0 / 1e4);
            let first = if phases == CyclePhases::Three { 0.8 / 25.0 } else { f64::NAN };
            if first.is_finite() {
                near(rate(&schedule, 22), first);
            }
        }
    }
    // Nothing but the fall, and nothing at all.
    let falling = OneCycle { warmup_share: 0.0, ..OneCycle::new(10) };
    assert!(rate(&Schedule::OneCycle(falling), 1) < 0.8);
    assert!(rate(&Schedule::OneCycle(OneCycle::new(1)), 0).is_finite());
}

#[test]
fn the_momentum_of_a_cycle_goes_against_its_rate() {
    let momentum = Some(MomentumRange { least: 0.85, most: 0.95 });
    let cycle = Schedule::OneCycle(OneCycle { momentum, ..OneCycle::new(40) });
    let momentum = |update| cycle.rates(0.8, update).momentum.unwrap();
    near(momentum(0), 0.95);
    near(momentum(11), 0.85);
    near(momentum(39), 0.95);
    assert_eq!(Schedule::OneCycle(OneCycle::new(40)).rates(0.8, 3).momentum, None);
}

#[test]
fn a_warmup_comes_before_any_schedule() {
    for schedule in all() {
        let plain = Scheduler::new(schedule.clone(), None, 0.8).unwrap();
        let warmup = Warmup { updates: 10, start_factor: 0.25 };
        let warm = Scheduler::new(schedule, Some(warmup), 0.8).unwrap();
        let first = plain.rates(0).learning_rate;
        near(warm.rates(0).learning_rate, 0.25 * first);
        near(warm.rates(4).learning_rate, 0.55 * first);
        for update in 0..40 {
            assert_eq!(warm.rates(10 + update), plain.rates(update));
        }
    }
}

#[test]
fn a_plateau_goes_on_where_a_checkpoint_left_it() {
    let plateau = Plateau { patience: 1, cooldown: 2, factor: 0.5, ..Plateau::default() };
    let mut whole = Scheduler::new(Schedule::Plateau(plateau), None, 0.1).unwrap();
    let mut current = whole.clone();
    let metrics = [3.0, 2.0, 2.5, f64::NAN, 2.5, 2.5, 2.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    for metric in metrics {
        whole.observe(metric);
        let text = serde_json::to_string(&current.plateau_state()).unwrap();
        let mut resumed = Scheduler::new(Schedule::Plateau(plateau), None, 0.1).unwrap();
        resumed.restore(serde_json::from_str(&text).unwrap());
        resumed.observe(metric);
        assert_eq!(resumed, whole);
        current = resumed;
    }
    assert_eq!(whole.plateau_state().reductions, 3);
    near(whole.rates(0).learning_rate, 0.0125);
    assert!(whole.observes());
}

#[test]
fn a_plateau_does_not_go_below_its_least_rate() {
    let plateau = Plateau { patience: 0, factor: 0.1, least_rate: 0.03, ..Plateau::default() };
    let mut scheduler = Scheduler::new(Schedule::Plateau(plateau), None, 0.1).unwrap();
    for _ in 0..5 {
        scheduler.observe(1.0);
    }
    assert_eq!(scheduler.rates(0).learning_rate, 0.03);
    let mut low = Scheduler::new(Schedule::Plateau(plateau), None, 0.01).unwrap();
    low.observe(1.0);
    low.observe(1.0);
    assert_eq!(low.rates(0).learning_rate, 0.01);
}

#[test]
fn only_a_plateau_listens_to_metrics() {
    for schedule in all().into_iter().filter(|schedule| !matches!(schedule, Schedule::Plateau(_))) {
        let mut scheduler = Scheduler::new(schedule, None, 0.8).unwrap();
        let before = scheduler.clone();
        for _ in 0..20 {
            scheduler.observe(1.0);
        }
        assert_eq!(scheduler, before);
        assert!(!scheduler.observes());
    }
}

#[test]
fn bad_settings_are_refused_by_name() {
    let cycle = OneCycle::new(30);
    let plateau = Plateau::default();
    let range = |least, most| OneCycle { momentum: Some(MomentumRange { least, most }), ..cycle };
    let three = OneCycle { phases: CyclePhases::Three, ..cycle };
    let cases = [
        (Schedule::Step { every: 0, factor: 0.5 }, "schedule: every: expected 1 or more, got 0"),
        (Schedule::Step { every: 1, factor: 0.0 }, "schedule: factor"),
        (Schedule::Exponential { factor: 1.5 }, "schedule: factor"),
        (Schedule::Exponential { factor: f64::NAN }, "schedule: factor"),
        (Schedule::MultiStep { at: vec![], factor: 0.5 }, "schedule: at: expected at least one"),
        (
            Schedule::MultiStep { at: vec![3, 3], factor: 0.5 },
            "schedule: at[1]: expected an update after 3",
        ),
        (Schedule::Cosine { updates: 0, least_rate: 0.0 }, "schedule: updates"),
        (Schedule::Cosine { updates: 1, least_rate: -1.0 }, "schedule: least_rate"),
        (Schedule::CosineRestarts { first: 0, growth: 1, least_rate: 0.0 }, "schedule: first"),
        (Schedule::CosineRestarts { first: 1, growth: 0, least_rate: 0.0 }, "schedule: growth"),
        (Schedule::OneCycle(OneCycle { updates: 0, ..cycle }), "one-cycle: updates"),
        (Schedule::OneCycle(OneCycle { warmup_share: 1.5, ..cycle }), "one-cycle: warmup_share"),
        (
            Schedule::OneCycle(OneCycle { warmup_share: 0.6, ..three }),
            "a number in [0, 0.5], got 0.6",
        ),
        (
            Schedule::OneCycle(OneCycle { initial_divisor: 0.5, ..cycle }),
            "one-cycle: initial_divisor",
        ),
        (
            Schedule::OneCycle(OneCycle { final_divisor: f64::NAN, ..cycle }),
            "one-cycle: final_divisor",
        ),
        (Schedule::OneCycle(range(-0.1, 0.9)), "one-cycle: momentum: least"),
        (Schedule::OneCycle(range(0.9, 0.8)), "one-cycle: momentum: most: expected 0.9 or more"),
        (Schedule::OneCycle(range(0.9, 1.0)), "one-cycle: momentum: most"),
        (Schedule::Plateau(Plateau { factor: 1.0, ..plateau }), "plateau: factor"),
        (Schedule::Plateau(Plateau { least_rate: -1.0, ..plateau }), "plateau: least_rate"),
        (
            Schedule::Plateau(Plateau { threshold: Threshold::Absolute(-1.0), ..plateau }),
            "plateau: threshold",
        ),
    ];
    for (schedule, word) in cases {
        let message = Scheduler::new(schedule, None, 0.1).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
    let warmup = |updates, start_factor| {
        let warmup = Some(Warmup { updates, start_factor });
        Scheduler::new(Schedule::Constant, warmup, 0.1).unwrap_err().to_string()
    };
    assert!(warmup(0, 0.5).contains("warmup: updates"));
    assert!(warmup(1, 1.5).contains("warmup: start_factor"));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let message = Scheduler::new(Schedule::Constant, None, bad).unwrap_err().to_string();
        assert!(message.contains("learning_rate"), "{message}");
    }
}

#[test]
fn settings_survive_a_settings_file() {
    for schedule in all() {
        let text = serde_json::to_string(&schedule).unwrap();
        assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), schedule, "{text}");
    }
    let text = r#"{"kind": "one-cycle", "updates": 30}"#;
    let cycle = Schedule::OneCycle(OneCycle::new(30));
    assert_eq!(serde_json::from_str::<Schedule>(text).unwrap(), cycle);
    let text = r#"{"kind": "plateau", "threshold": {"absolute": 0.01}, "goal": "maximize"}"#;
    let plateau = Plateau {
        threshold: Threshold::Absolute(0.01),
        goal: Goal::Maximize,
        ..Plateau::default()
    };
    assert_eq!(serde_json::from_str::<Schedule>(text).unwrap(), Schedule::Plateau(plateau));
    for bad in [
        r#"{"kind": "cosine"}"#,
        r#"{"kind": "cosine", "updates": 3, "eta_min": 0}"#,
        r#"{"kind": "plateau", "mode": "min"}"#,
        r#"{"kind": "constant", "factor": 0.5}"#,
    ] {
        assert!(serde_json::from_str::<Schedule>(bad).is_err(), "{bad}");
    }
}
