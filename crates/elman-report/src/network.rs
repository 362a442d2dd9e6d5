//! A network drawn as boxes with shapes.

use elman::network::{NetworkConfig, Readout};
use elman::{Directions, LayerConfig, Residual};

use crate::html::escape;

/// More layers are drawn as one box.
const MOST_BOXES: usize = 8;

/// A network as a small picture, from its inputs to its outputs: for a report, or for a notebook.
///
/// ```
/// use elman::Network;
/// use elman_report::network::diagram;
///
/// let svg = diagram(&Network::builder(12).gru(64).bidirectional().mean().dense(9));
/// assert!(svg.contains("12 channels") && svg.contains("gru · 64 units") && svg.contains("9 outputs"));
/// ```
#[must_use]
pub fn diagram(config: &NetworkConfig) -> String {
    let boxes = boxes(config);
    let (width, height, gap) = (172.0, 52.0, 26.0);
    let total = boxes.len() as f64 * (height + gap) - gap;
    let mut svg = format!(
        "<svg viewBox=\"0 0 300 {total:.0}\" role=\"img\" aria-label=\"The network\" \
         style=\"max-width:300px\">"
    );
    for (index, (first, second)) in boxes.iter().enumerate() {
        let top = index as f64 * (height + gap);
        if index > 0 {
            let from = top - gap;
            svg += &format!(
                "<path class=\"axis\" d=\"M150 {from:.0}V{:.0}m-4 -6l4 6l4 -6\"/>",
                top - 1.0
            );
        }
        let left = 150.0 - width / 2.0 - 20.0;
        svg += &format!(
            "<rect class=\"box\" x=\"{left}\" y=\"{top:.0}\" width=\"{}\" height=\"{height}\" rx=\"6\"/>\
             <text x=\"150\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>\
             <text class=\"soft\" x=\"150\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            width + 40.0,
            top + 22.0,
            escape(first),
            top + 40.0,
            escape(second)
        );
    }
    svg + "</svg>"
}

/// Two lines for each box: what it is, and the shape that leaves it.
fn boxes(config: &NetworkConfig) -> Vec<(String, String)> {
    let inputs = &config.inputs;
    let tokens = inputs.tokens.iter().map(|channel| {
        format!("tokens of {} as {}", channel.vocabulary_size, channel.embedding_size)
    });
    let numeric = (inputs.numeric > 0).then(|| plural(inputs.numeric, "channel"));
    let first: Vec<String> = numeric.into_iter().chain(tokens).collect();
    let mut all = vec![(first.join(" + "), format!("[B, T, {}]", inputs.width()))];
    let layers = &config.body.layers;
    let mut width = 0;
    for (index, layer) in layers.iter().enumerate() {
        width = output_width(layer);
        if index < MOST_BOXES || index + 1 == layers.len() {
            all.push((words(layer), format!("[B, T, {width}]")));
        } else if index == MOST_BOXES {
            all.push((plural(layers.len() - MOST_BOXES - 1, "more layer"), "…".to_owned()));
        }
    }
    if let Readout::Pooled(poolings) = &config.body.readout {
        let names: Vec<&str> = poolings.iter().map(|pooling| pooling.name()).collect();
        all.push((names.join(" + ") + " over time", format!("[B, {}]", width * names.len())));
    }
    let every = matches!(config.body.readout, Readout::EveryStep);
    let shape =
        |size: usize| if every { format!("[B, T, {size}]") } else { format!("[B, {size}]") };
    for dense in &config.body.head.hidden {
        all.push((format!("dense · {} units", dense.size), shape(dense.size)));
    }
    let outputs = config.output_size();
    all.push((format!("dense · {}", plural(outputs, "output")), shape(outputs)));
    all
}

fn words(layer: &LayerConfig) -> String {
    let direction = match layer.directions {
        Directions::Forward => "",
        Directions::Reverse => " · reverse",
        Directions::Both => " · both directions",
    };
    let residual = if layer.residual == Residual::Identity { " · + input" } else { "" };
    format!("{} · {} units{direction}{residual}", layer.cell, layer.hidden_size)
}

/// The values of one output of a layer; a projection makes it another, which only the network knows.
fn output_width(layer: &LayerConfig) -> usize {
    let side = match &layer.cell {
        elman::CellKind::Lstm(options) => options.projection_size.unwrap_or(layer.hidden_size),
        _ => layer.hidden_size,
    };
    match (layer.directions, layer.merge) {
        (Directions::Both, elman::Merge::Concatenate) => 2 * side,
        _ => side,
    }
}

fn plural(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}
