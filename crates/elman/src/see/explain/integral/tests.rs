use super::*;

#[test]
fn the_points_integrate_powers_exactly() {
    for pieces in [1, 3] {
        let nodes = nodes(pieces);
        for power in 0..16 {
            let sum: f64 = nodes.iter().map(|n| n.weight * n.place.powi(power)).sum();
            let exact = 1.0 / f64::from(power + 1);
            assert!((sum - exact).abs() < 1e-14, "{pieces} pieces, power {power}: {sum}");
        }
    }
}
