//! Numbers in words.

/// A number with three to four significant digits, without trailing zeros: `0.965`, `1235`, `1.2e7`.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        _ if !value.is_finite() => return value.to_string(),
        0.0 => return "0".to_owned(),
        _ if !(1e-4..1e6).contains(&size) => {
            let text = format!("{value:.2e}");
            // 1.00e-6 is 1e-6.
            return text.replacen(".00e", "e", 1);
        }
        0.0..0.01 => format!("{value:.5}"),
        0.01..1.0 => format!("{value:.4}"),
        1.0..10.0 => format!("{value:.3}"),
        10.0..100.0 => format!("{value:.2}"),
        100.0..1000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    };
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A share in per cent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// `1 step`, `2 steps`.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    match (count, thing.ends_with("ss")) {
        (1, _) => format!("1 {thing}"),
        (_, true) => format!("{count} {thing}es"),
        _ => format!("{count} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 0.5, 0.96494, 12.0, 1234.5, 2e7, -3e-7, 0.00123].map(number);
        assert_eq!(shown, ["0", "0.5", "0.9649", "12", "1234", "2e7", "-3e-7", "0.00123"]);
    }
}
