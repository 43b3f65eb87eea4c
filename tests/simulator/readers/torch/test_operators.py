"""Single operators of PyTorch: what is read gives tensors of the sizes that PyTorch gives when it runs them."""

from __future__ import annotations

import pytest

import stairline
from tests.simulator.readers.reading import ops

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

IMAGE, ROWS, PLACES = torch.rand(1, 4, 8, 6), torch.rand(2, 6, 8), torch.zeros(2, 6, dtype=torch.long)


class Applied(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x, *others):
        return self.function(x, *others)


ON_IMAGES = {
    "a pooling that rounds up": lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True),
    "an average with borders": lambda x: F.avg_pool2d(x, 3, 2, 1),
    "an adaptive pooling": lambda x: F.adaptive_avg_pool2d(x, (3, 2)),
    "a group normalisation": lambda x: F.group_norm(x, 2),
    "an instance normalisation": F.instance_norm,
    "a resize": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"),
    "a border": lambda x: F.pad(x, (1, 2, 3, 0)),
    "a reflected border": lambda x: F.pad(x, (1, 2, 3, 0), mode="reflect"),
    "a gated unit": lambda x: F.glu(x, 1),
    "pixels out of channels": lambda x: F.pixel_shuffle(x, 2),
    "halves of the channels": lambda x: x.chunk(2, 1)[1],
    "the variance of all pixels": lambda x: torch.var(x, (2, 3), keepdim=True),
    "a limitation": lambda x: x.clamp(min=0.2).clamp(max=0.5),
    "a mask": lambda x: x.masked_fill(x > 0.5, 0.0),
}
ON_ROWS = {
    "a largest element": lambda x: x.max(1).values,
    "the place of the largest of all": lambda x: x.argmax(),
    "the best three": lambda x: x.topk(3, -1).indices,
    "a sort": lambda x: x.sort(-1).values,
    "a length": lambda x: F.normalize(x, dim=-1),
    "the logarithm of a sum": lambda x: x.logsumexp(1),
    "a normalisation over two axes": lambda x: F.layer_norm(x, (6, 8)),
    "an equation": lambda x: torch.einsum("bij,bkj->bik", x, x),
    "attention to what came before": lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True),
    "a new axis": lambda x: torch.stack([x, x], 1),
    "one row": lambda x: x[:, -1],
    "every other row": lambda x: x[:, ::2],
    "rows around": lambda x: torch.roll(x, (1, -2), (1, 2)),
    "rows backwards": lambda x: x.flip(1),
    "rows repeated": lambda x: x.repeat(1, 2, 3),
    "a row for each": lambda x: x[:, None].expand(-1, 3, -1, -1),
    "axes moved": lambda x: x.movedim(0, 2),
    "a bias and a product": lambda x: torch.baddbmm(x[:, :, :6], x, x.transpose(1, 2)),
    "a sum with a factor": lambda x: torch.add(x, x, alpha=2),
    "whole quotients": lambda x: x // 2,
}
WITH_PLACES = {
    "rows at places": lambda x, places: x[places.clamp(0, 1)],
    "rows at the same places": lambda x, places: x[:, places[0]],
    "elements at places": lambda x, places: x[torch.arange(2), places[:, 0]],
    "elements along an axis": lambda x, places: x[:, :, 0].gather(1, places),
    "elements put in places": lambda x, places: x[:, :, 0].scatter(1, places, 1.0),
    "words": lambda x, places: F.embedding(places, x[0]),
}
CASES = (
    [(name, function, (IMAGE,)) for name, function in ON_IMAGES.items()]
    + [(name, function, (ROWS,)) for name, function in ON_ROWS.items()]
    + [(name, function, (ROWS, PLACES)) for name, function in WITH_PLACES.items()]
)


@pytest.mark.parametrize(("function", "example"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_operator_is_known_and_gives_a_tensor_of_the_size_that_it_gives_in_pytorch(function, example):
    graph = stairline.read(Applied(function), example)
    (found,) = graph.shapes(graph.outputs)
    assert sorted(found) == sorted(function(*example).shape or (1,))
    assert not [op for op in ops(graph) if ":" in op]
    stairline.load("CPU").predict(graph)


def test_a_write_into_part_of_a_tensor_is_said_to_be_left_out():
    class Writing(nn.Module):
        def forward(self, x):
            y = F.relu(x)
            y[:, 0] = x[:, 1]
            return y

    graph = stairline.read(Writing(), ROWS)
    assert any("writes into part of a tensor, and its time is left out" in note for note in graph.notes)


def test_a_size_that_depends_on_the_data_is_refused_by_the_tensor_that_has_it():
    with pytest.raises(stairline.ReadError, match="tensor 'nonzero': a size depends on the data"):
        stairline.read(Applied(torch.nonzero), ROWS)
