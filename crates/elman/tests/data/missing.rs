//! Missing values: what stands for them, and that nothing of validation data is used.

use elman::data::{Dataset, Missing, ReadOptions, Standardization, TargetKind};

use super::{TestFile, labelled};

const TEXT: &str =
    "id,step,x,y,label\na,0,,1,u\na,1,2,NA,u\na,2,?,NaN,u\na,3,4,-,u\nb,0,6,7,v\nb,1,n/a,9,v\n";
const TS: &str = "@missing true\n@classLabel true u v\n@data\n?,2,NaN,4:1,?,?,?:u\n6,?:7,9:v\n";

/// From both formats, which must agree.
fn read(missing: Missing) -> Dataset {
    let csv = TestFile::new("csv", TEXT.as_bytes());
    let csv = csv.read(&ReadOptions { missing, ..labelled() }).unwrap();
    let ts = TestFile::new("ts", TS.as_bytes());
    let features = Some(vec!["x".into(), "y".into()]);
    let kind = TargetKind::Classes { known: None };
    let ts = ts.read(&ReadOptions { missing, features, kind, ..ReadOptions::default() }).unwrap();
    assert_eq!(csv.feature_names(), ts.feature_names());
    assert_eq!(bits(csv.values()), bits(ts.values()));
    csv
}

/// NaN is not equal to itself.
fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

const NAN: f64 = f64::NAN;

#[test]
fn a_mask_says_which_values_are_missing() {
    let data = read(Missing::Mask);
    assert_eq!(data.feature_names(), ["x", "y", "x_missing", "y_missing"]);
    let expected = [
        [NAN, 1.0, 1.0, 0.0],
        [2.0, NAN, 0.0, 1.0],
        [NAN, NAN, 1.0, 1.0],
        [4.0, NAN, 0.0, 1.0],
        [6.0, 7.0, 0.0, 0.0],
        [NAN, 9.0, 1.0, 0.0],
    ];
    assert_eq!(bits(data.values()), bits(&expected.concat()));
    // The means of 2, 4, 6 and of 1, 7, 9; the mask is a channel like any other.
    let scale = Standardization::of_dataset(&data).unwrap();
    assert_eq!(scale.means()[..2], [4.0, 17.0 / 3.0]);
    assert!((scale.deviations()[0] - (8.0f64 / 3.0).sqrt()).abs() < 1e-15);
    let batch = data.batch::<f64>(&[0], Some(&scale)).unwrap();
    assert_eq!(batch.values()[[0, 0, 0]], 0.0);
    assert_eq!(batch.values()[[0, 3, 0]], 0.0); // 4, the mean itself
    assert_eq!(batch.values()[[0, 1, 1]], 0.0);
    assert!(batch.values()[[0, 0, 1]] < 0.0);
}

#[test]
fn the_last_value_is_carried_forward_within_its_sequence() {
    let data = read(Missing::Last);
    assert_eq!(data.feature_names(), ["x", "y", "x_steps_since", "y_steps_since"]);
    let expected = [
        [NAN, 1.0, 1.0, 0.0],
        [2.0, 1.0, 0.0, 1.0],
        [2.0, 1.0, 1.0, 2.0],
        [4.0, 1.0, 0.0, 3.0],
        [6.0, 7.0, 0.0, 0.0],
        [6.0, 9.0, 1.0, 0.0],
    ];
    assert_eq!(bits(data.values()), bits(&expected.concat()));
}

#[test]
fn files_without_missing_values_have_the_same_channels() {
    let text = TEXT.replace("NaN", "0").replace("NA", "0").replace(",,", ",0,");
    let text = text.replace('?', "0").replace(",-,", ",0,").replace("n/a", "0");
    let file = TestFile::new("csv", text.as_bytes());
    let data = file.read(&ReadOptions { missing: Missing::Mask, ..labelled() }).unwrap();
    assert_eq!(data.feature_names(), read(Missing::Mask).feature_names());
    let masks = data.values().chunks_exact(4).flat_map(|step| &step[2..]);
    assert!(masks.clone().count() == 12 && masks.into_iter().all(|mask| *mask == 0.0));
}

#[test]
fn a_mean_is_needed_to_stand_for_a_missing_value() {
    let file = TestFile::new("csv", TEXT.as_bytes());
    let data = file.read(&ReadOptions { missing: Missing::Mask, ..labelled() }).unwrap();
    let error = data.batch::<f32>(&[0], None).unwrap_err().to_string();
    let expected = "row 2, column \"x\": expected standardised channels, of which the mean stands for \
                    missing values, got NaN";
    assert_eq!(file.without_path(&error), expected);
}

#[test]
fn scaling_of_the_training_part_does_not_see_the_rest() {
    let data = read(Missing::Mask);
    let training = Standardization::of_dataset(&data.subset(&[1]).unwrap()).unwrap();
    assert_eq!(training.means(), [6.0, 8.0, 0.5, 0.0]);
    // A channel of which the training part has no value at all: nothing is known, 0 stands for it.
    let only_missing = TestFile::new("csv", b"id,step,x,y,label\na,0,,1,u\nb,0,5,1,v\n");
    let options = ReadOptions { missing: Missing::Mask, ..labelled() };
    let first = only_missing.read(&options).unwrap().subset(&[0]).unwrap();
    let scale = Standardization::of_dataset(&first).unwrap();
    assert_eq!((scale.means()[0], scale.deviations()[0]), (0.0, 1.0));
}
