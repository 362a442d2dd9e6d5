//! Prints arrays as NumPy does, to be laid beside a notebook's.

use std::error::Error;

use ndarray::{ArrayView, ArrayViewD, Axis, Dimension};

/// Prints numbers with a number of decimals.
pub struct Numbers {
    decimals: usize,
}

impl Numbers {
    /// The decimals are the example's only argument; without it they are NumPy's 8.
    pub fn from_arguments() -> Result<Self, Box<dyn Error>> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let decimals = match arguments.as_slice() {
            [] => 8,
            [decimals] => decimals
                .parse()
                .map_err(|_| format!("decimals: expected a number, got {decimals}"))?,
            [_, other, ..] => return Err(format!("expected one argument, got {other} too").into()),
        };
        Ok(Numbers { decimals })
    }

    /// `name = 0.5` for an array without axes; otherwise its name and shape, then its rows.
    pub fn show<D: Dimension>(&self, name: &str, array: ArrayView<'_, f64, D>) {
        let format = |value: &f64| format!("{value:.*}", self.decimals);
        let width = array.iter().map(|value| format(value).len()).max().unwrap_or(0);
        if array.ndim() == 0 {
            array.iter().for_each(|value| println!("{name} = {}", format(value)));
            return;
        }
        println!("{name} {:?} =", array.shape());
        println!(
            "{}",
            brackets(array.into_dyn(), 0, &|value| format!("{:>width$}", format(value)))
        );
    }
}

fn brackets(array: ArrayViewD<'_, f64>, depth: usize, format: &dyn Fn(&f64) -> String) -> String {
    if array.ndim() == 1 {
        let values: Vec<String> = array.iter().map(format).collect();
        return format!("[{}]", values.join(" "));
    }
    let parts = array.axis_iter(Axis(0)).map(|part| brackets(part, depth + 1, format));
    let separator = format!("\n{}", " ".repeat(depth + 1));
    format!("[{}]", parts.collect::<Vec<_>>().join(&separator))
}
