//! Back-propagation against central differences.

use elman::gradient_check::GradientCheck;

use crate::list::{batch, every_cell, every_network, network, tied};

#[test]
fn every_network_agrees_with_central_differences() {
    for described in every_network().into_iter().chain(every_cell()).chain(tied()) {
        let mut network = network(&described.config);
        let before = network.parameters().clone();
        let batch = batch(&described.config, 7.5);
        let report = GradientCheck::default().network(&mut network, &batch).unwrap();
        assert!(report.agrees(), "{}: {report}", described.name);
        assert_eq!(network.parameters(), &before);
        assert!(report.compared > network.parameters().values().len() / 2, "{}", described.name);
    }
}
