//! Weights gate by gate, for libraries that do not keep the gates of a matrix side by side.

/// The gates of `values` `[rows, G·H]`, each `[rows, H]`.
#[must_use]
pub fn split_gates(values: &[f32], gates: usize, hidden_size: usize) -> Vec<Vec<f32>> {
    let gate = |gate: usize| {
        let rows = values.chunks(gates * hidden_size);
        rows.flat_map(|row| row.iter().skip(gate * hidden_size).take(hidden_size))
            .copied()
            .collect()
    };
    (0..gates).map(gate).collect()
}

/// The `[rows, G·H]` whose gates these are: undoes [`split_gates`].
#[must_use]
pub fn join_gates(gates: &[Vec<f32>], hidden_size: usize) -> Vec<f32> {
    let rows = gates.first().map_or(0, |gate| gate.len() / hidden_size);
    let row = |row: usize| {
        gates.iter().flat_map(move |gate| gate.iter().skip(row * hidden_size).take(hidden_size))
    };
    (0..rows).flat_map(row).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_columns_side_by_side() {
        // Two rows of three gates with two units each.
        let values: Vec<f32> = (0..12u8).map(f32::from).collect();
        let gates = split_gates(&values, 3, 2);
        assert_eq!(gates[1], [2.0, 3.0, 8.0, 9.0]);
        assert_eq!(join_gates(&gates, 2), values);
    }
}
