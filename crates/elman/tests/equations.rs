//! Checks that the docs say what the code does, and tests the formulas that no other test states.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use elman::layer::ArrivingGradient;
use elman::loss::{CrossEntropy, Reduction, RegressionLoss};
use elman::real::Float;
use elman::{
    ActivationKind, Direction, Layer, Parameters, Rng, SequenceBatch, SimpleCell, SimpleState,
};
use ndarray::{Array2, Array3, Axis, array};

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The text of `path::function` or `path::Type::function` without white space: from the function's
/// name to the brace that ends it.
///
/// Code that rustfmt has formatted closes a body with a brace at the indentation of its `fn`.
fn text_of(root: &Path, reference: &str) -> Result<String, String> {
    let (path, function) = reference.split_once("::").unwrap();
    let text = std::fs::read_to_string(root.join(path)).map_err(|e| format!("{path}: {e}"))?;
    body(&text, function).ok_or_else(|| format!("{path}: no function {function}"))
}

fn body(text: &str, name: &str) -> Option<String> {
    let (of, function) = name.split_once("::").unwrap_or(("", name));
    let is_impl = |line: &str| {
        line.starts_with("impl") && line.contains(&format!(" for {of}")) || of.is_empty()
    };
    let starts = [format!("fn {function}("), format!("fn {function}<")];
    let mut lines = text
        .lines()
        .skip_while(|line| !is_impl(line))
        .skip_while(|line| !starts.iter().any(|start| line.contains(start.as_str())));
    let first = lines.next()?;
    let indentation = &first[..first.len() - first.trim_start().len()];
    let end = format!("{indentation}}}");
    let mut found = squeeze(first);
    for line in lines.take_while(|line| *line != end) {
        found += &squeeze(line);
    }
    Some(found)
}

#[test]
fn a_line_is_looked_for_in_its_own_function_only() {
    let text = "impl X {\n    fn a<T>(\n        x: T,\n    ) -> T {\n        if x {\n        }\n        one\n    }\n\n    \
                fn b() {\n        two\n    }\n}\n";
    assert_eq!(body(text, "a").unwrap(), "fna<T>(x:T,)->T{ifx{}one");
    assert_eq!(body(text, "b").unwrap(), "fnb(){two");
    assert_eq!(body(text, "c"), None);
    let text = "impl B for X {\n    fn a() {\n        one\n    }\n}\nimpl B for Y {\n    fn a() {\n        two\n    }\n}\n";
    assert_eq!(body(text, "X::a").unwrap(), "fna(){one");
    assert_eq!(body(text, "Y::a").unwrap(), "fna(){two");
    assert_eq!(body(text, "Z::a"), None);
}

#[test]
fn every_line_of_code_and_every_check_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/equations.md")).unwrap();
    // The code spans between single backticks, with the text before each.
    let prose: String = page.split("```").step_by(2).collect();
    let pieces: Vec<&str> = prose.split('`').collect();
    let mut faults = Vec::new();
    let (mut functions, mut lines) = (0, 0);
    let mut function = String::new();
    for (before, span) in pieces.iter().zip(&pieces[1..]).step_by(2) {
        if span.contains(".rs::") {
            functions += 1;
            match text_of(&root, span) {
                Ok(text) => function = text,
                Err(fault) => faults.push(fault),
            }
        } else if matches!(before.trim(), ":" | "and") {
            lines += 1;
            if !function.contains(&squeeze(span)) {
                faults.push(format!("not in the function named before it: {span}"));
            }
        }
    }
    assert!(faults.is_empty(), "docs/equations.md:\n{}", faults.join("\n"));
    let [computed, checked] = ["\n- computed: ", "\n- checked: "].map(|s| page.matches(s).count());
    assert_eq!(computed, checked, "every formula has its line of code and its check");
    assert!(computed >= 15 && functions >= 2 * computed && lines >= computed);
}

/// The first code block of a text.
fn first_block(text: &str) -> String {
    let from = |text: &str, start: &str| text.split_once(start).unwrap().1.to_owned();
    from(&from(text, "```"), "\n").split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_readme_shows_the_lines_of_the_first_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("crates/elman/src/lib.rs")).unwrap();
    let page: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("//!")).collect();
    let page: Vec<&str> = page.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, readme) = readme.split_once("```rust\n").unwrap();
    let shown = readme.split_once("```").unwrap().0;
    assert_eq!(shown, first_block(&page.join("\n")));
}

struct Gradients {
    parameters: Parameters<f64>,
    inputs: Array3<f64>,
    initial: SimpleState<f64>,
}

#[test]
fn chunks_that_hand_on_the_gradient_of_their_state_make_the_whole() {
    let mut rng = Rng::new(4);
    let cell = SimpleCell::<f64>::new(2, 3, ActivationKind::Tanh).unwrap();
    let layer = Layer::new(cell, Direction::Forward).unwrap();
    let mut parameters = layer.parameters();
    parameters.values_mut().iter_mut().for_each(|value| *value = 0.5 * rng.normal());
    let weights = layer.prepare(&parameters).unwrap();
    let inputs = Array3::from_shape_simple_fn((4, 7, 2), || rng.normal());
    let grad_outputs = Array3::from_shape_simple_fn((4, 7, 3), || rng.normal());
    let state = |rng: &mut Rng| SimpleState {
        hidden: Array2::from_shape_simple_fn((4, 3), || rng.normal()),
    };
    let (initial, grad_final) = (state(&mut rng), state(&mut rng));
    let run = |steps: std::ops::Range<usize>, initial: &_, grad_final: Option<&_>| {
        let cut = |values: &Array3<f64>| {
            values.slice_axis(Axis(1), (steps.start..steps.end).into()).to_owned()
        };
        let batch = SequenceBatch::full(cut(&inputs));
        let mut trace = layer.forward_traced(&weights, &batch, Some(initial)).unwrap();
        let grad_outputs = cut(&grad_outputs);
        let arriving =
            ArrivingGradient { outputs: Some(grad_outputs.view()), final_state: grad_final };
        let last = layer.final_state(&trace);
        let mut grad = parameters.zeros_like();
        let back = layer.backward(&weights, &batch, &mut trace, arriving, &mut grad).unwrap();
        let found =
            Gradients { parameters: grad, inputs: back.inputs, initial: back.initial_state };
        (found, last)
    };
    let (whole, _) = run(0..7, &initial, Some(&grad_final));
    let (_, carried) = run(0..4, &initial, None);
    let (second, _) = run(4..7, &carried, Some(&grad_final));
    let (first, _) = run(0..4, &initial, Some(&second.initial));
    let (truncated, _) = run(0..4, &initial, None);

    assert_eq!(first.initial, whole.initial);
    assert_eq!(first.inputs, whole.inputs.slice_axis(Axis(1), (..4).into()));
    assert_eq!(second.inputs, whole.inputs.slice_axis(Axis(1), (4..).into()));
    // The sums over t are taken in another order: equal but for rounding.
    let parts = first.parameters.values().iter().zip(second.parameters.values());
    for ((first, second), whole) in parts.zip(whole.parameters.values()) {
        assert!((first + second - whole).abs() < 1e-13, "{first} + {second}, not {whole}");
    }
    assert_ne!(truncated.initial, whole.initial);
}

#[test]
fn the_gradient_of_cross_entropy_is_p_minus_y_over_n() {
    let z = array![[0.5, -1.0, 2.0], [3.0, 0.0, -2.0]];
    let y = array![[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let exponentials = z.mapv(Float::exp);
    let p = &exponentials / &exponentials.sum_axis(Axis(1)).insert_axis(Axis(1));
    let expected = (p - &y) / 2.0;
    let loss = CrossEntropy::default();
    let (mut by_class, mut by_distribution) = (Array2::zeros((2, 3)), Array2::zeros((2, 3)));
    loss.gradient(z.view(), [1, 2].as_slice().into(), by_class.view_mut()).unwrap();
    loss.gradient(z.view(), y.view().into(), by_distribution.view_mut()).unwrap();
    for found in [by_class, by_distribution] {
        assert!((&found - &expected).iter().all(|error| error.abs() < 1e-15), "{found}");
    }
}

#[test]
fn the_gradient_of_the_mean_squared_error_is_twice_the_difference_over_n() {
    let predictions = array![[[0.5, -1.0, 2.0], [1.0, 0.25, 0.0]]];
    let targets = array![[[0.0, 1.0, 3.5], [-1.0, 0.25, 0.5]]];
    let mut grad = Array3::zeros((1, 2, 3));
    let (p, t) = (predictions.view(), targets.view());
    RegressionLoss::Mse.gradient(Reduction::Mean, p, t, grad.view_mut()).unwrap();
    let expected = 2.0 * (&predictions - &targets) / 6.0;
    assert!((&grad - &expected).iter().all(|error| error.abs() < 1e-16), "{grad}");
}
