//! One layer of a stack: dropout, the cells of its directions, their merge, the residual connection.

use std::ops::Range;

use elman_kernels::Level;
use elman_kernels::pointwise::{add_assign, resize};

use super::bound::Bound;
use super::merge::{Gradient, Joint, JointArrays, add, add_valid};
use super::{Arriving, LayerConfig, LayerTrace, Residual, RowsMut, Scratch, StackInput};
use crate::dropout::{DropoutMode, Droppable, MaskSpan, Place};
use crate::error::{Error, Field, Result};
use crate::layer::time_loop::{
    BackwardArrays, Draws, ForwardArrays, Gradients, Keep, Keeping, LoopTrace, Noise, Shape, Span,
};
use crate::layer::{Direction, RecurrentRegularization};
use crate::parameters::ParameterShape;
use crate::real::Real;

/// One layer of a stack.
pub(super) struct StackLayer<T> {
    pub(super) parts: Vec<Part<T>>,
    pub(super) joint: Joint,
    index: usize,
    dropout: f64,
    dropout_span: MaskSpan,
    pub(super) regularization: RecurrentRegularization,
}

/// One direction of a layer, and where its parameters stand in the flat buffer.
pub(super) struct Part<T> {
    pub(super) cell: Box<dyn Bound<T>>,
    name: String,
    pub(super) direction: Direction,
    parameters: Range<usize>,
}

/// What a backward run of a layer is given.
pub(super) struct Backward<'a, T> {
    pub arriving: Arriving<'a, T>,
    /// Of the whole stack.
    pub parameters: &'a mut [T],
    /// `[B, T, I]`, if wanted.
    pub inputs: Option<&'a mut [T]>,
    /// `[B, S]` for each direction.
    pub initial: &'a mut [Vec<T>],
    /// Becomes what arrives at the sides, `[B, T, sides]`, if wanted.
    pub arrivals: Option<&'a mut Vec<T>>,
    /// That of the forward run.
    pub mode: DropoutMode<'a>,
    pub scratch: &'a mut Scratch<T>,
}

impl<T: Real> StackLayer<T> {
    /// The layer at `index`, whose parameters begin at `start`.
    pub fn new(
        config: &LayerConfig,
        index: usize,
        input_size: usize,
        start: usize,
        make: &impl Fn(usize, usize, Direction) -> Result<Box<dyn Bound<T>>>,
    ) -> Result<Self> {
        let mut parts: Vec<Part<T>> = Vec::new();
        let mut start = start;
        for &direction in config.directions.each() {
            let cell = make(index, input_size, direction)?;
            refuse_noise(config, index, cell.as_ref())?;
            let sizes = cell.parameter_shapes();
            let end = start + sizes.iter().map(ParameterShape::len).sum::<usize>();
            let side = match direction {
                Direction::Forward => "forward",
                Direction::Reverse => "reverse",
            };
            let name = format!("layers.{index}.{side}");
            parts.push(Part { cell, name, direction, parameters: start..end });
            start = end;
        }
        let sizes: Vec<usize> = parts.iter().map(|part| part.cell.output_size()).collect();
        let side = sizes.first().copied().unwrap_or(0);
        if let Some(other) = sizes.iter().find(|size| **size != side) {
            return Err(Error::shape(format!("layers[{index}]: outputs"), &[side], &[*other]));
        }
        config.width(index, input_size, side)?;
        let sides = side * parts.len();
        let joint = Joint { merge: config.merge, residual: config.residual, side, sides };
        Ok(StackLayer {
            parts,
            joint,
            index,
            dropout: config.dropout,
            dropout_span: config.dropout_span,
            regularization: config.regularization,
        })
    }

    pub fn width(&self) -> usize {
        self.joint.width()
    }

    pub fn directions(&self) -> usize {
        self.parts.len()
    }

    pub fn parameters_end(&self) -> usize {
        self.parts.last().map_or(0, |part| part.parameters.end)
    }

    pub fn states(&self) -> impl Iterator<Item = (&str, usize)> {
        self.parts.iter().map(|part| (part.name.as_str(), part.cell.state_size()))
    }

    pub fn parameter_shapes(&self) -> impl Iterator<Item = ParameterShape> {
        self.parts.iter().flat_map(|part| {
            part.cell.parameter_shapes().into_iter().map(|shape| ParameterShape {
                name: format!("{}.{}", part.name, shape.name),
                shape: shape.shape,
            })
        })
    }

    pub fn refresh(&mut self, parameters: &[T]) {
        for part in &mut self.parts {
            part.cell.refresh(&parameters[part.parameters.clone()]);
        }
    }

    pub fn forward(
        &self,
        input: StackInput<'_, T>,
        mode: DropoutMode<'_>,
        keep: Keep,
        kept: &mut LayerTrace<T>,
    ) {
        let StackInput { span, inputs } = input;
        let LayerTrace { mask, sides, merged, runs } = kept;
        let droppable = Droppable {
            values: inputs,
            batch_size: span.batch_size(),
            steps: span.seq_len,
            place: Place::Layer(self.index),
            probability: self.dropout,
            span: self.dropout_span,
        };
        let read = mask.apply(mode, droppable);
        let steps = span.batch_size() * span.seq_len;
        resize(sides, steps * self.joint.sides);
        for (side, (part, run)) in self.parts.iter().zip(runs).enumerate() {
            let arrays = ForwardArrays { inputs: read, outputs: sides };
            part.cell.forward(self.shape(input, side, mode), arrays, Keeping { trace: run, keep });
        }
        if self.joint.is_plain() {
            merged.clear();
        } else {
            resize(merged, steps * self.width());
            self.joint.forward(span, JointArrays { sides, inputs }, merged);
        }
    }

    fn shape<'a>(&self, input: StackInput<'a, T>, side: usize, mode: DropoutMode<'a>) -> Shape<'a> {
        let output_offset = side * self.joint.side;
        let noise = self.noise(side, mode);
        Shape { span: input.span, output_stride: self.joint.sides, output_offset, noise }
    }

    /// What is done to the states of one direction.
    fn noise<'a>(&self, side: usize, mode: DropoutMode<'a>) -> Option<Noise<'a>> {
        let draws = match mode {
            DropoutMode::Off if self.regularization.zones_out() => None,
            DropoutMode::On(draws) if !self.regularization.is_off() => Some(Draws {
                source: draws.source,
                layer: 2 * self.index + side,
                sequences: draws.sequences,
                first_step: draws.first_step,
                starts: &[],
            }),
            DropoutMode::Off | DropoutMode::On(_) => return None,
        };
        Some(Noise { chances: self.regularization, draws })
    }

    pub fn traced(&self, steps: usize, kept: &LayerTrace<T>) -> bool {
        let merged = if self.joint.is_plain() { 0 } else { steps * self.width() };
        kept.runs.len() == self.parts.len()
            && kept.sides.len() == steps * self.joint.sides
            && kept.merged.len() == merged
            && self.parts.iter().zip(&kept.runs).all(|(part, run)| part.cell.traced(steps, run))
    }

    /// The outputs in the final states of the directions, side by side, of one sequence.
    fn final_sides(&self, runs: &[LoopTrace<T>], row: usize, sides: &mut [T]) {
        for ((part, run), side) in
            self.parts.iter().zip(runs).zip(sides.chunks_exact_mut(self.joint.side))
        {
            let state = &run.final_state[row * part.cell.state_size()..];
            side.copy_from_slice(&state[..self.joint.side]);
        }
    }

    /// For each output of a final state: which of its values come from the step `t` of the input, if
    /// there is a residual connection.
    fn final_inputs(&self, row: usize, input: &StackInput<'_, T>) -> Vec<(Range<usize>, usize)> {
        let length = input.span.lengths[row];
        if self.joint.residual == Residual::None || length == 0 {
            return Vec::new();
        }
        let width = self.width();
        let each = self.parts.iter().enumerate().map(|(side, part)| {
            let t = match part.direction {
                Direction::Forward => length - 1,
                Direction::Reverse => 0,
            };
            let columns = side * self.joint.side..(side + 1) * self.joint.side;
            (columns, (row * input.span.seq_len + t) * width)
        });
        each.collect()
    }

    pub fn final_outputs(
        &self,
        input: StackInput<'_, T>,
        kept: &LayerTrace<T>,
        mut rows: RowsMut<'_, T>,
    ) {
        let mut sides = vec![T::ZERO; self.joint.sides];
        for (row, output) in rows.each(self.width()).enumerate() {
            self.final_sides(&kept.runs, row, &mut sides);
            self.joint.merge(&sides, output);
            for (columns, at) in self.final_inputs(row, &input) {
                let inputs = &input.inputs[at..][columns.clone()];
                add(&mut output[columns], inputs);
            }
        }
    }

    pub fn backward(
        &self,
        input: StackInput<'_, T>,
        kept: &mut LayerTrace<T>,
        given: Backward<'_, T>,
    ) {
        let Backward { arriving, parameters, initial, arrivals, mode, scratch, .. } = given;
        let mut grad_inputs = given.inputs;
        let LayerTrace { mask, sides, runs, .. } = kept;
        let read = mask.applied(input.inputs);
        let Scratch { second, sides: grad_sides, finals } = scratch;
        let grad_sides = match arriving.outputs {
            Some(grad) if !self.joint.is_plain() => {
                resize(grad_sides, sides.len());
                let gradient = Gradient { outputs: grad, sides: grad_sides };
                self.joint.backward(input.span, sides, gradient);
                Some(grad_sides.as_slice())
            }
            plain => plain,
        };
        let all_finals = arriving.finals.map(|grad| self.split_finals(grad, runs));
        if let Some(target) = arrivals {
            target.clear();
            resize(target, sides.len());
            self.arrive(input.span, grad_sides, all_finals.as_deref(), target);
        }
        for (side, (part, run)) in self.parts.iter().zip(runs.iter_mut()).enumerate() {
            let target = match (&mut grad_inputs, side) {
                (None, _) => None,
                (Some(first), 0) => Some(&mut **first),
                (Some(first), _) => {
                    resize(second, first.len());
                    Some(second.as_mut_slice())
                }
            };
            if let Some(grad) = &all_finals {
                self.widen(grad, side, part.cell.state_size(), finals);
            }
            let gradients = Gradients {
                outputs: grad_sides,
                final_state: all_finals.is_some().then_some(finals.as_slice()),
                inputs: target,
                initial: &mut initial[side],
                parameters: &mut parameters[part.parameters.clone()],
            };
            let arrays = BackwardArrays { inputs: read, outputs: sides };
            part.cell.backward(self.shape(input, side, mode), arrays, run, gradients);
        }
        let Some(grad_inputs) = grad_inputs else { return };
        if self.parts.len() > 1 {
            add_assign(Level::current(), grad_inputs, second);
        }
        mask.backward(grad_inputs);
        if self.joint.residual == Residual::Identity {
            self.residual_backward(input, arriving, grad_inputs);
        }
    }

    /// The gradient of the sides of every step, that of the final outputs at the step they come from.
    fn arrive(
        &self,
        span: Span<'_>,
        outputs: Option<&[T]>,
        finals: Option<&[T]>,
        target: &mut [T],
    ) {
        if let Some(outputs) = outputs {
            add_valid(span, target, outputs);
        }
        let (side, sides) = (self.joint.side, self.joint.sides);
        for (row, grad) in finals.unwrap_or(&[]).chunks_exact(sides).enumerate() {
            let length = span.lengths[row];
            for (index, part) in self.parts.iter().enumerate() {
                let t = match part.direction {
                    Direction::Forward => length.wrapping_sub(1),
                    Direction::Reverse => 0,
                };
                if t < length {
                    let start = (row * span.seq_len + t) * sides + index * side;
                    add(&mut target[start..start + side], &grad[index * side..][..side]);
                }
            }
        }
    }

    /// The gradient of the sides of the final outputs, `[B, sides]`.
    fn split_finals<'a>(&self, grad: &'a [T], runs: &[LoopTrace<T>]) -> std::borrow::Cow<'a, [T]> {
        if self.joint.width() == self.joint.sides {
            return grad.into();
        }
        let rows = grad.len() / self.width();
        let mut all = vec![T::ZERO; rows * self.joint.sides];
        let mut sides = vec![T::ZERO; self.joint.sides];
        let outputs = grad.chunks_exact(self.width());
        for (row, (target, grad)) in all.chunks_exact_mut(self.joint.sides).zip(outputs).enumerate()
        {
            self.final_sides(runs, row, &mut sides);
            self.joint.split(&sides, grad, target);
        }
        all.into()
    }

    /// The gradient of one direction's final states `[B, S]` from that of all sides `[B, sides]`: only
    /// the output of a state is looked at.
    fn widen(&self, grad: &[T], side: usize, state_size: usize, finals: &mut Vec<T>) {
        finals.clear();
        for row in grad.chunks_exact(self.joint.sides) {
            finals.extend_from_slice(&row[side * self.joint.side..][..self.joint.side]);
            finals.extend(std::iter::repeat_n(T::ZERO, state_size - self.joint.side));
        }
    }

    fn residual_backward(
        &self,
        input: StackInput<'_, T>,
        arriving: Arriving<'_, T>,
        grad_inputs: &mut [T],
    ) {
        if let Some(grad) = arriving.outputs {
            add_valid(input.span, grad_inputs, grad);
        }
        let Some(finals) = arriving.finals else { return };
        for (row, grad) in finals.chunks_exact(self.width()).enumerate() {
            for (columns, at) in self.final_inputs(row, &input) {
                add(&mut grad_inputs[at..][columns.clone()], &grad[columns]);
            }
        }
    }
}

/// Refuses noise that the cell cannot take.
fn refuse_noise<T: Real>(config: &LayerConfig, index: usize, cell: &dyn Bound<T>) -> Result<()> {
    let RecurrentRegularization { state_dropout, update_dropout, cell_zoneout, .. } =
        config.regularization;
    let has_inner = cell.state_size() > cell.output_size();
    for (field, chance, can, expected) in [
        (
            Field::StateDropout,
            state_dropout,
            cell.drops_state(),
            "a cell with recurrent products of its hidden state alone",
        ),
        (
            Field::UpdateDropout,
            update_dropout,
            cell.drops_update(),
            "a gated cell without normalization",
        ),
        (
            Field::CellZoneout,
            cell_zoneout,
            has_inner,
            "a cell whose state has more than its output",
        ),
    ] {
        if chance > 0.0 && !can {
            let name = field.called(format!("layers[{index}].regularization.{}", field.name()));
            return Err(Error::argument(name, format!("0, or {expected}"), config.cell.name()));
        }
    }
    Ok(())
}
