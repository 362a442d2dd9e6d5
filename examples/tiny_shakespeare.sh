#!/bin/sh
# Trains on tiny_shakespeare with the default options and three seeds, and prints the loss of the last tenth
# of the text. Usage: examples/tiny_shakespeare.sh input.txt SECONDS
#
# input.txt is github.com/karpathy/char-rnn/blob/master/data/tinyshakespeare/input.txt.
set -eu
text=$1
seconds=$2
for seed in 1 2 3; do
    elman train "$text" --task text --test-fraction 0 --validation-fraction 0.1 \
        --max-seconds "$seconds" --seed "$seed" --quiet --output "shakespeare-$seed.safetensors" --json |
        sed -n 's/^ *"nats": \([0-9.]*\),$/\1/p' | head -n 1
done
elman generate shakespeare-1.safetensors --temperature 0.8 --length 600
