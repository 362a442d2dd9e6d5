//! Data sets from arrays: batches, subsets, standardisation and the split for validation.

use elman::data::{ClassTargets, Dataset, Split, Standardization, Targets, ValueTargets, split};
use elman::rng::Rng;
use ndarray::{Array2, array};

use super::{TestFile, labelled};

fn three() -> Dataset {
    let classes = ClassTargets::new("kind", vec!["a".into(), "b".into()], vec![1, 0, 1])
        .expect("arrays that fit");
    let sequences = [
        array![[1.0, 10.0], [2.0, 20.0]],
        Array2::zeros((0, 2)),
        array![[3.0, 30.0], [4.0, 40.0], [5.0, 50.0]],
    ];
    let views: Vec<_> = sequences.iter().map(|array| array.view()).collect();
    let names = vec!["x".into(), "y".into()];
    Dataset::from_sequences(&views, names, Targets::Classes(classes)).expect("arrays that fit")
}

/// `sizes[c]` sequences of class `c`, class after class.
fn of_classes(sizes: &[usize]) -> Dataset {
    let indices: Vec<usize> =
        sizes.iter().enumerate().flat_map(|(class, &size)| vec![class; size]).collect();
    let labels = (0..sizes.len()).map(|class| format!("c{class}")).collect();
    let step = array![[0.0]];
    let views = vec![step.view(); indices.len()];
    let classes = ClassTargets::new("kind", labels, indices).expect("arrays that fit");
    Dataset::from_sequences(&views, vec!["x".into()], Targets::Classes(classes))
        .expect("arrays that fit")
}

#[test]
fn batch_holds_the_sequences_asked_for_and_zeros() {
    let batch = three().batch::<f32>(&[2, 0, 1, 2], None).unwrap();
    assert_eq!(batch.lengths(), [3, 2, 0, 3]);
    let expected = array![[1.0f32, 10.0], [2.0, 20.0], [0.0, 0.0]];
    assert_eq!(batch.values().index_axis(ndarray::Axis(0), 1), expected);
    let last = array![[3.0f32, 30.0], [4.0, 40.0], [5.0, 50.0]];
    assert_eq!(batch.values().index_axis(ndarray::Axis(0), 3), last);
}

#[test]
fn batch_is_standardised_but_not_its_padding() {
    let scale = Standardization::new(vec![1.0, 10.0], vec![2.0, 5.0]).unwrap();
    let batch = three().batch::<f64>(&[0, 2], Some(&scale)).unwrap();
    let first = array![[0.0, 0.0], [0.5, 2.0], [0.0, 0.0]];
    assert_eq!(batch.values().index_axis(ndarray::Axis(0), 0), first);
}

#[test]
fn batch_refuses_what_it_cannot_hold() {
    let scale = Standardization::new(vec![0.0], vec![1.0]).unwrap();
    let wrong = three().batch::<f32>(&[0], Some(&scale)).unwrap_err();
    assert_eq!(wrong.to_string(), "standardization: expected shape [2], got [1]");
    for index in [3, usize::MAX] {
        let past = three().batch::<f32>(&[0, index], None).unwrap_err().to_string();
        assert_eq!(past, format!("index: expected below 3 (sequences), got {index}"));
        assert_eq!(three().subset(&[index]).unwrap_err().to_string(), past);
        assert!(three().sequence(index).is_none());
    }
    let large = array![[0.0], [1e300]];
    let dataset =
        Dataset::from_sequences(&[large.view()], vec!["x".into()], Targets::None).unwrap();
    assert!(dataset.batch::<f64>(&[0], None).is_ok());
    let error = dataset.batch::<f32>(&[0], None).unwrap_err().to_string();
    let expected =
        "sequence \"0\", step 1, column \"x\": expected a number in the range of f32, got 1";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn subset_keeps_order_ids_and_targets() {
    let subset = three().subset(&[2, 0]).unwrap();
    assert_eq!(subset.ids(), ["2", "0"]);
    assert_eq!(subset.lengths(), [3, 2]);
    assert_eq!(subset.sequence(1).unwrap(), array![[1.0, 10.0], [2.0, 20.0]]);
    let Targets::Classes(classes) = subset.targets() else { panic!("classes") };
    assert_eq!(classes.indices(), [1, 1]);
    let values = ValueTargets::new(vec!["v".into()], array![[1.0], [2.0], [3.0]]).unwrap();
    let step = array![[0.0]];
    let dataset =
        Dataset::from_sequences(&[step.view(); 3], vec!["x".into()], Targets::Values(values));
    let subset = dataset.unwrap().subset(&[2, 2, 0]).unwrap();
    let Targets::Values(values) = subset.targets() else { panic!("values") };
    assert_eq!(values.values(), array![[3.0], [3.0], [1.0]]);
}

#[test]
fn arrays_that_do_not_fit_are_refused() {
    let (pair, wild) = (array![[1.0, 2.0]], array![[1.0], [f64::NAN]]);
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let from = |array: &Array2<f64>, features: &[&str], targets| {
        let made = Dataset::from_sequences(&[array.view()], names(features), targets);
        made.unwrap_err().to_string()
    };
    let two = || ClassTargets::new("k", names(&["a"]), vec![0, 0]).unwrap();
    let cases = [
        (from(&pair, &["x"], Targets::None), "sequence 0: expected shape [1, 1], got [1, 2]"),
        (
            from(&pair, &["x", "x"], Targets::None),
            "feature_names: expected each name once, got \"x\" twice",
        ),
        (
            from(&Array2::zeros((1, 0)), &[], Targets::None),
            "feature_names: expected at least one, got none",
        ),
        (
            from(&wild, &["x"], Targets::None),
            "sequence 0, step 1, \"x\": expected a finite number, got NaN",
        ),
        (from(&pair, &["x", "y"], Targets::Classes(two())), "targets: expected shape [1], got [2]"),
        (
            ClassTargets::new("k", names(&["a", "a"]), vec![]).unwrap_err().to_string(),
            "labels: expected each label once, got \"a\" twice",
        ),
        (
            ClassTargets::new("k", names(&["a"]), vec![1]).unwrap_err().to_string(),
            "class index: expected below 1 (labels), got 1",
        ),
        (
            ValueTargets::new(names(&["v"]), array![[1.0, 2.0]]).unwrap_err().to_string(),
            "target values: expected shape [1, 1], got [1, 2]",
        ),
        (
            ValueTargets::new(names(&["v"]), array![[f64::INFINITY]]).unwrap_err().to_string(),
            "target \"v\" of sequence 0: expected a finite number, got inf",
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn there_must_be_something_to_learn() {
    let message = |dataset: &Dataset| dataset.check_trainable().unwrap_err().to_string();
    let empty = of_classes(&[2, 2]).subset(&[]).unwrap();
    assert_eq!(message(&empty), "data: expected at least one sequence, got none");
    let one_class = of_classes(&[0, 2]);
    assert_eq!(message(&one_class), "kind: expected at least two classes, got only \"c1\"");
    let step = array![[0.0]];
    let bare = Dataset::from_sequences(&[step.view()], vec!["x".into()], Targets::None).unwrap();
    assert_eq!(message(&bare), "targets: expected a target for each sequence, got none");
    let file = TestFile::new("csv", b"id,step,x,label\na,0,1,up\nb,0,2,up\n");
    let found = file.without_path(&message(&file.read(&labelled()).unwrap()));
    assert_eq!(found, "column \"label\": expected at least two classes, got only \"up\"");
    assert!(of_classes(&[1, 1]).check_trainable().is_ok());
}

#[test]
fn constant_columns_become_exactly_0() {
    let rows = Array2::from_shape_fn((10, 2), |(_, column)| if column == 0 { 0.1 } else { 1e300 });
    let scale = Standardization::of_rows(rows.view()).unwrap();
    assert_eq!(scale.means(), [0.1, 1e300]);
    assert_eq!(scale.deviations(), [1.0, 1.0]);
    let zeros = Standardization::of_rows(array![[0.0], [-0.0]].view()).unwrap();
    assert_eq!((zeros.apply(0, 0.0), zeros.deviations()[0]), (0.0, 1.0));
}

/// 0.3 and 0.1 + 0.2 are one ulp apart: what is left is the rounding of a sum, no scale.
#[test]
fn columns_constant_up_to_rounding_have_deviation_1() {
    for (value, next) in
        [(0.3, 0.1 + 0.2), (1e300, 1e300f64.next_up()), (-7e-9, -7e-9f64.next_up())]
    {
        let rows =
            Array2::from_shape_fn((70, 1), |(row, _)| if row % 7 == 0 { next } else { value });
        let scale = Standardization::of_rows(rows.view()).unwrap();
        assert_eq!(scale.deviations(), [1.0], "{value}");
        // The mean of 70 numbers is off by the rounding of 70 sums at most.
        assert!(scale.apply(0, value).abs() <= 70.0 * f64::EPSILON * value.abs());
    }
    // scikit-learn 1.9.1's bound for 4 numbers of mean 1 is 4·2⁻⁵² = 8.9e-16.
    for (size, expected) in [(4e-16, 1.0), (2e-15, 2e-15)] {
        let rows = array![[1.0 - size], [1.0 + size], [1.0 - size], [1.0 + size]];
        let found = Standardization::of_rows(rows.view()).unwrap().deviations()[0];
        assert!((found - expected).abs() <= 0.1 * expected, "{size}: {found}");
    }
}

#[test]
fn deviation_of_tiny_and_huge_numbers_is_neither_0_nor_infinite() {
    for size in [f64::from_bits(1), 1e-300, 1e-200, 1.0, 1e200, 1e300] {
        let scale = Standardization::of_rows(array![[-size], [size]].view()).unwrap();
        assert_eq!((scale.means()[0], scale.deviations()[0]), (0.0, size));
    }
    let error = Standardization::of_rows(array![[0.0, f64::MAX], [1.0, -f64::MAX]].view());
    assert!(error.is_ok(), "{error:?}");
    let error = Standardization::of_rows(array![[1.0, f64::MAX], [2.0, 1e308]].view());
    let error = error.unwrap_err().to_string();
    let expected = "column 1: expected numbers with a finite mean and deviation, got mean inf";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn standardisation_of_a_data_set_names_the_column() {
    let values = array![[1.0, f64::MAX], [2.0, 1e308]];
    let names = vec!["x".into(), "pressure".into()];
    let dataset = Dataset::from_sequences(&[values.view()], names, Targets::None).unwrap();
    let error = Standardization::of_dataset(&dataset).unwrap_err().to_string();
    assert!(error.starts_with("column \"pressure\": "), "{error}");
    let none = Standardization::of_dataset(&dataset.subset(&[]).unwrap()).unwrap_err();
    assert_eq!(none.to_string(), "standardization: expected at least one step, got none");
}

#[test]
fn saved_standardisation_is_checked_when_read() {
    let scale = Standardization::new(vec![0.1, -2.0], vec![0.3, 4.0]).unwrap();
    let text = serde_json::to_string(&scale).unwrap();
    assert_eq!(text, r#"{"means":[0.1,-2.0],"deviations":[0.3,4.0]}"#);
    assert_eq!(serde_json::from_str::<Standardization>(&text).unwrap(), scale);
    for (bad, message) in [
        (r#"{"means":[1],"deviations":[]}"#, "deviations: expected shape [1], got [0]"),
        (
            r#"{"means":[1],"deviations":[0]}"#,
            "deviations[0]: expected a finite number above 0, got 0",
        ),
        (r#"{"means":[1],"deviations":[1],"more":1}"#, "unknown field `more`"),
    ] {
        let error = serde_json::from_str::<Standardization>(bad).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn split_takes_its_share_of_each_class() {
    let cases: [(&[usize], f64, &[usize]); 6] = [
        (&[10, 20, 30], 0.2, &[2, 4, 6]),
        // Shares 0.5, 0.5, 2.5 and 5.5 sum to 9: four are rounded down, two remain for the first.
        (&[1, 1, 5, 11], 0.5, &[0, 0, 3, 6]),
        // The class of one keeps its only sequence.
        (&[1, 9], 0.9, &[0, 8]),
        (&[0, 4, 4], 0.25, &[0, 1, 1]),
        (&[2, 2], 0.999, &[1, 1]),
        (&[5, 5], 0.0, &[0, 0]),
    ];
    for (sizes, fraction, expected) in cases {
        let dataset = of_classes(sizes);
        let Split { training, validation } = split(&dataset, fraction, &mut Rng::new(3)).unwrap();
        let Targets::Classes(classes) = dataset.targets() else { panic!("classes") };
        let mut taken = vec![0; sizes.len()];
        validation.iter().for_each(|&index| taken[classes.indices()[index]] += 1);
        assert_eq!(taken, expected, "{sizes:?} {fraction}");
        let mut all: Vec<usize> = training.iter().chain(&validation).copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..dataset.len()).collect::<Vec<_>>());
        assert!(training.is_sorted() && validation.is_sorted());
    }
}

#[test]
fn split_without_classes_takes_its_share_of_all() {
    let step = array![[0.0]];
    let names = vec!["x".into()];
    let dataset = Dataset::from_sequences(&[step.view(); 10], names, Targets::None).unwrap();
    let made = split(&dataset, 0.25, &mut Rng::new(1)).unwrap();
    assert_eq!((made.training.len(), made.validation.len()), (7, 3));
}

#[test]
fn split_depends_on_the_seed_alone() {
    let dataset = of_classes(&[50, 50]);
    let of_seed = |seed| split(&dataset, 0.3, &mut Rng::new(seed)).unwrap();
    assert_eq!(of_seed(1), of_seed(1));
    assert_ne!(of_seed(1), of_seed(2));
}

#[test]
fn every_sequence_can_be_set_aside() {
    let dataset = of_classes(&[4, 4]);
    let mut rng = Rng::new(0);
    let mut times = [0; 8];
    for _ in 0..400 {
        let made = split(&dataset, 0.25, &mut rng).unwrap();
        made.validation.iter().for_each(|&index| times[index] += 1);
    }
    // Each is drawn 400/4 times on average, with a deviation below 9: five of these either way.
    assert!(times.iter().all(|count| (55..=145).contains(count)), "{times:?}");
}

#[test]
fn fractions_that_leave_nothing_are_refused() {
    let message = |sizes: &[usize], fraction| {
        split(&of_classes(sizes), fraction, &mut Rng::new(0)).unwrap_err().to_string()
    };
    for fraction in [-0.1, 1.0, f64::NAN, f64::INFINITY] {
        let expected =
            format!("validation fraction: expected at least 0 and below 1, got {fraction}");
        assert_eq!(message(&[5, 5], fraction), expected);
    }
    for (sizes, fraction) in [(vec![3, 3], 0.01), (vec![1, 1, 1], 0.5), (vec![], 0.5)] {
        let total: usize = sizes.iter().sum();
        let expected = format!(
            "validation fraction: expected a share that leaves sequences both for training and for \
             validation, got {fraction} of {total} sequences"
        );
        assert_eq!(message(&sizes, fraction), expected);
    }
}
