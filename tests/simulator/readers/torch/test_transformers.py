"""Networks of the package transformers, small and with random weights, have the MACs that are worked out by hand."""

from __future__ import annotations

import pytest

import stairline
from tests.simulator.readers.reading import macs, ops

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

WIDTH, HEADS, LAYERS, INNER, WORDS = 64, 4, 2, 128, 1000
SIZES = {
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": INNER,
}


def attention_macs(queries, keys):
    """2 n m d a head: queries by keys, and the weights by the values."""
    return 2 * queries * keys * (WIDTH // HEADS) * HEADS


def test_a_bert_has_its_macs_by_hand():
    config = transformers.BertConfig(**SIZES, vocab_size=WORDS, max_position_embeddings=64)
    n = 16
    words = torch.zeros(1, n, dtype=torch.long)
    graph = stairline.read(
        transformers.BertModel(config), {"input_ids": words, "attention_mask": torch.ones_like(words)}
    )
    layer = n * (4 * WIDTH * WIDTH + 2 * WIDTH * INNER) + attention_macs(n, n)
    assert macs(graph) == LAYERS * layer + WIDTH * WIDTH  # The pooler reads the first word.
    assert ops(graph).count("layer_norm") == 1 + 2 * LAYERS
    assert stairline.load("CPU").predict(graph).status == "ok"


def test_a_vision_transformer_has_its_macs_by_hand():
    config = transformers.ViTConfig(**SIZES, image_size=64, patch_size=16, num_labels=10)
    graph = stairline.read(transformers.ViTForImageClassification(config), torch.zeros(1, 3, 64, 64))
    n = 16 + 1
    layer = n * (4 * WIDTH * WIDTH + 2 * WIDTH * INNER) + attention_macs(n, n)
    assert macs(graph) == 16 * (3 * 16 * 16) * WIDTH + LAYERS * layer + WIDTH * 10
    assert stairline.load("CPU").predict(graph).status == "ok"


KEY_HEADS = 2


def decoder():
    """A decoder in which two heads of queries share one of keys and values."""
    config = transformers.LlamaConfig(
        **SIZES, vocab_size=WORDS, num_key_value_heads=KEY_HEADS, max_position_embeddings=64
    )
    return transformers.LlamaForCausalLM(config)


def decoder_macs(queries, keys):
    """Queries and the output are as wide as the network, keys and values half as wide; the inner part has three."""
    projections = 2 * WIDTH * WIDTH + 2 * WIDTH * (WIDTH * KEY_HEADS // HEADS) + 3 * WIDTH * INNER
    return LAYERS * (queries * projections + attention_macs(queries, keys)) + queries * WIDTH * WORDS


def test_the_first_pass_of_a_decoder_has_its_macs_by_hand():
    words = torch.zeros(1, 12, dtype=torch.long)
    graph = stairline.read(decoder(), {"input_ids": words, "use_cache": False})
    assert macs(graph) == decoder_macs(12, 12)
    assert stairline.load("CPU").predict(graph).status == "ok"


class Step(torch.nn.Module):
    """One further word, with the keys and values of those before it as inputs and outputs."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, word, *cached):
        cache = transformers.DynamicCache()
        for layer in range(LAYERS):
            cache.update(cached[2 * layer], cached[2 * layer + 1], layer)
        found = self.network(word, past_key_values=cache, use_cache=True)
        kept = [tensor for layer in found.past_key_values.layers for tensor in (layer.keys, layer.values)]
        return found.logits, *kept


def test_a_step_of_a_decoder_reads_its_cache_and_gives_it_back_one_longer():
    before = 20
    cached = [torch.zeros(1, KEY_HEADS, before, WIDTH // HEADS) for _ in range(2 * LAYERS)]
    graph = stairline.read(Step(decoder()), (torch.zeros(1, 1, dtype=torch.long), *cached))
    assert macs(graph) == decoder_macs(1, before + 1)
    given = (1, KEY_HEADS, before, WIDTH // HEADS)
    assert graph.shapes(graph.inputs) == ((1, 1), *[given] * 2 * LAYERS)
    longer = (1, KEY_HEADS, before + 1, WIDTH // HEADS)
    assert graph.shapes(graph.outputs) == ((1, 1, WORDS), *[longer] * 2 * LAYERS)
    assert stairline.load("CPU").predict(graph).status == "ok"
