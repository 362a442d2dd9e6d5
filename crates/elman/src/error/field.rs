//! The options that a fault can be about.

use super::ArgumentName;

macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident $name:literal;)*) => {
        /// An option of this library that its callers may offer under a name of their own: a flag of
        /// a command line, a key of a file.
        ///
        /// An [`Error::Argument`](super::Error::Argument) carries the field that it is about, so that
        /// a caller can say which of its own options is wrong without reading the message.
        ///
        /// ```
        /// use elman::error::{Error, Field};
        /// use elman::{Network, NetworkConfig};
        ///
        /// let refused = Network::<f32>::new(Network::builder(3).gru(0).dense(2)).err();
        /// let Some(Error::Argument { name, field, .. }) = refused else { panic!() };
        /// assert_eq!((name.as_str(), field), ("layers[0].hidden_size", Some(Field::HiddenSize)));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Field {
            $($(#[$doc])* $field,)*
        }

        impl Field {
            /// Every field.
            pub const ALL: [Field; [$($name),*].len()] = [$(Field::$field),*];

            /// What it is called where it stands in one place only: `learning_rate` say.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Field::$field => $name,)*
                }
            }
        }
    };
}

fields! {
    /// The column that tells sequences apart.
    Sequence "sequence";
    /// The column that orders the steps.
    Time "time";
    /// The column or columns to predict.
    Target "target";
    /// The columns that are the input.
    Features "features";
    /// The columns of text that are token channels.
    Categories "categories";
    /// The column whose characters or words are the steps.
    Text "text";
    /// The columns of dates whose place in the calendar is input.
    Calendar "calendar";
    /// Which sequences are set aside.
    Split "split";
    /// The column of the weights of sequences.
    Weight "weight";
    /// The column that says which sequences belong together.
    Group "group";
    /// How the sequences lie in a file.
    Layout "layout";
    /// What there is a target for.
    Each "each";
    /// Whether the rows are sorted by time.
    Sort "sort";
    /// The columns to leave out.
    Exclude "exclude";
    /// What separates the fields of a row.
    Delimiter "delimiter";
    /// What stands before the decimals of a number.
    Decimal "decimal";
    /// The units of a layer.
    HiddenSize "hidden_size";
    /// The list of layers.
    Layers "layers";
    /// How the directions of a layer are merged.
    Merge "merge";
    /// Whether a layer's input is added to its output.
    Residual "residual";
    /// Dropout on a layer's input.
    LayerDropout "layer_dropout";
    /// Dropout on the hidden state in the recurrent products.
    StateDropout "state_dropout";
    /// Dropout on the candidate of a gated cell.
    UpdateDropout "update_dropout";
    /// Zoneout of the hidden state.
    Zoneout "zoneout";
    /// Zoneout of the other parts of the state.
    CellZoneout "cell_zoneout";
    /// What the head reads.
    Pooling "pooling";
    /// The width of learned attention.
    AttentionSize "attention_size";
    /// Dropout on what the head reads.
    Dropout "dropout";
    /// The hidden layers of the head.
    HeadHidden "head_hidden";
    /// Dropout behind the hidden layers of the head.
    HeadDropout "head_dropout";
    /// The embedding as the weights of the outputs.
    Tied "tied";
    /// The bound of what enters the activations of a cell.
    PreActivationClip "pre_activation_clip";
    /// The bound of the cell state of an LSTM.
    CellClip "cell_clip";
    /// The size of the projection of an LSTM.
    ProjectionSize "projection_size";
    /// How input weights start.
    InputInit "input_init";
    /// How recurrent weights start.
    RecurrentInit "recurrent_init";
    /// How biases start.
    BiasInit "bias_init";
    /// What is added to the bias of an LSTM's forget gate at the start.
    ForgetBias "forget_bias";
    /// The passes over the training data.
    Epochs "epochs";
    /// The batches of one update.
    Accumulation "accumulation";
    /// The steps after which the gradient is cut.
    Bptt "bptt";
    /// The networks of an ensemble.
    Members "members";
    /// The parts of a cross-validation.
    Folds "folds";
    /// The updates of a run, at most.
    MaxUpdates "max_updates";
    /// The seconds of a run, at most.
    MaxSeconds "max_seconds";
    /// The score that ends a run.
    TargetMetric "target_metric";
    /// The sequences of a batch.
    BatchSize "batch_size";
    /// The length of a step.
    LearningRate "learning_rate";
    /// The momentum of SGD.
    Momentum "momentum";
    /// The part of a gradient that momentum does not take in.
    Dampening "dampening";
    /// The decay of Adam's moments.
    Betas "betas";
    /// What is added to Adam's denominator.
    Epsilon "epsilon";
    /// Weight decay.
    WeightDecay "weight_decay";
    /// The limit of the gradient's norm.
    ClipNorm "clip_norm";
    /// The limit of each element of the gradient.
    ClipValue "clip_value";
    /// Epochs without a better one.
    Patience "patience";
    /// The part that is set aside for validation.
    ValidationFraction "validation_fraction";
    /// The part of each label that is spread over all classes.
    LabelSmoothing "label_smoothing";
    /// How the classes weigh.
    ClassWeights "class_weights";
    /// The intervals that predictions come with.
    Intervals "intervals";
    /// What is done to target numbers first.
    TargetTransform "target_transform";
    /// Where Huber's loss turns straight.
    HuberDelta "huber_delta";
    /// Where the smooth absolute error turns straight.
    SmoothL1Beta "smooth_l1_beta";
    /// The number of threads.
    Threads "threads";
}

impl Field {
    /// The field under the name that it has where it stands: `layers[2].hidden_size` say.
    #[must_use]
    pub fn called(self, name: impl Into<String>) -> ArgumentName {
        ArgumentName { name: name.into(), field: Some(self) }
    }
}
