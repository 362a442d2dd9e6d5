//! Dates: their place in the calendar as input, and splits in the order of time.

use serde_json::Value;

use super::Bench;

/// 60 shops, a week of each; what is sold depends on the day of the week alone.
fn shops(bench: &Bench) {
    let mut text = "shop,day,open,sold\n".to_owned();
    for shop in 0..60 {
        let first = 1 + shop % 20;
        for day in first..first + 7 {
            // The first of July 2024 was a Monday.
            let sold = if (day - 1) % 7 < 5 { 2 } else { 9 };
            text += &format!("{shop},2024-07-{day:02},1,{sold}\n");
        }
    }
    bench.write("shops.csv", text);
}

const TRAIN: &str = "train shops.csv --sequence shop --time day --target sold --task regress --each step \
                     --hidden-size 8 --quiet --json -o s.safetensors";

#[test]
fn the_day_of_the_week_is_input() {
    let bench = Bench::new();
    shops(&bench);
    let r2 = |document: &str, of: &str| {
        let document: Value = serde_json::from_str(document).unwrap();
        document[of]["targets"][0]["model"]["r2"].as_f64().unwrap()
    };
    let trained = bench.ok(&format!("{TRAIN} --calendar day --max-updates 600")).stdout;
    assert!(r2(&trained, "training") > 0.9, "{trained}");
    let channels = bench.ok("inspect s.safetensors --json").stdout;
    assert!(channels.contains("day_day_of_week_sin") && !channels.contains("time_of_day"));
    // What the model reads of other data is what it has learnt from, whatever clock they have.
    let shops = String::from_utf8(bench.read("shops.csv")).unwrap();
    let clocked = shops.replace(",1,", " 06:00,1,");
    bench.write("clocked.csv", clocked);
    let again = bench.ok("evaluate s.safetensors clocked.csv --json").stdout;
    assert!(r2(&again, "evaluation") > 0.9, "{again}");
    bench.ok("predict s.safetensors shops.csv -o p.csv");
    bench.write("undated.csv", shops.replace("2024-07-02", "Tuesday"));
    let ran = bench.run("predict s.safetensors undated.csv");
    let wanted = "expected a number or a date like 2024-05-31 or 2024-05-31T18:00:00, got";
    assert!(ran.stderr.contains(wanted) && ran.stderr.contains("\"Tuesday\""), "{}", ran.stderr);
    bench.write("other.csv", "shop,day,open\n1,2024-07-01,1\n");
    bench.ok("predict s.safetensors other.csv");
    bench.write("none.csv", "shop,date,open\n1,2024-07-01,1\n");
    let ran = bench.run("predict s.safetensors none.csv --time date");
    assert!(ran.stderr.contains("column \"day\""), "{}", ran.stderr);
}

/// Ten sequences whose target and channel are the number of their month, the last months first.
#[test]
fn the_last_sequences_are_set_aside() {
    let bench = Bench::new();
    let mut text = "run,on,x,y\n".to_owned();
    for month in (1..=10).rev() {
        text += &format!("{month},2024-{month:02}-05,{month},{month}\n");
    }
    bench.write("months.csv", text);
    let train = "train months.csv --sequence run --target y --task regress --epochs 1 --hidden-size 2 \
                 --json --quiet -o m.safetensors";
    let by_time = bench.ok(&format!("{train} --time on --validation-fraction 0.3 --split time"));
    let trained: Value = serde_json::from_str(&by_time.stdout).unwrap();
    assert_eq!(trained["validation"]["sequences"], 3);
    // Trained on months 1 to 7.
    assert_eq!(trained["training"]["targets"][0]["training_mean"], 4.0);
    // By the order of the file months 10 to 4 come first.
    let by_place =
        bench.ok(&format!("{train} --features x --validation-fraction 0.3 --split time"));
    let trained: Value = serde_json::from_str(&by_place.stdout).unwrap();
    assert_eq!(trained["training"]["targets"][0]["training_mean"], 7.0);
    bench.ok(&format!("{train} --time on --folds 3 --split time"));
    for (options, wanted) in [
        (
            "--split time",
            "--split: expected --validation-fraction or --folds beside it, got neither",
        ),
        (
            "--split time --validation-fraction 0.3 --group x",
            "--split: expected no --group beside it, got --group",
        ),
        ("--calendar y", "--calendar: expected a column that has no other role"),
        ("--calendar x", "months.csv: row 2, column \"x\": expected a date like 2024-05-31"),
        ("--layout wide --calendar on", "--calendar: expected none in the wide layout"),
    ] {
        let ran = bench.run(&format!("{train} {options}"));
        assert_eq!(ran.code, Some(1), "{options}");
        assert!(ran.stderr.starts_with(&format!("error: {wanted}")), "{}", ran.stderr);
    }
}
