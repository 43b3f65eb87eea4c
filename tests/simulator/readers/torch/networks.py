"""Networks of PyTorch with the structures that people use, and a count of their MACs that knows no graph.

Imported only where PyTorch is installed.
"""

from __future__ import annotations

from math import prod

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn


def conv_bn(c_in, c_out, kernel=3, stride=1, groups=1, activation=nn.ReLU6):
    conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out), activation())


class Squeezing(nn.Module):
    """Convolutions, squeeze and excitation, a transposed convolution, and a concatenation that is cut again."""

    def __init__(self):
        super().__init__()
        self.stem, self.depthwise = conv_bn(3, 16, 3, 2), conv_bn(16, 16, 5, 1, 16, nn.Hardswish)
        self.squeeze, self.excite, self.pool = nn.Conv2d(16, 4, 1), nn.Conv2d(4, 16, 1), nn.AdaptiveAvgPool2d(1)
        self.grow, self.up, self.head = conv_bn(16, 32, 1), nn.ConvTranspose2d(32, 8, 4, 2, 1), nn.Linear(8, 10)

    def forward(self, x):
        x = self.depthwise(self.stem(x))
        x = self.grow(x * F.hardsigmoid(self.excite(F.relu(self.squeeze(self.pool(x))))))
        x = F.max_pool2d(F.leaky_relu(self.up(x)), 3, 2, 1)
        x = torch.cat([x, F.interpolate(x, scale_factor=1.0)], 1)[:, :8]
        return self.head(x.mean([2, 3])).softmax(-1)


class Inverted(nn.Module):
    """Inverted residual blocks, the middle one with a shortcut."""

    def __init__(self):
        super().__init__()
        self.stem = conv_bn(3, 16, 3, 2)
        self.blocks = nn.ModuleList([self.block(16, 24, 2), self.block(24, 24, 1), self.block(24, 32, 2)])
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(32, 10))

    @staticmethod
    def block(c_in, c_out, stride):
        wide = 6 * c_in
        last = nn.Sequential(nn.Conv2d(wide, c_out, 1, bias=False), nn.BatchNorm2d(c_out))
        return nn.Sequential(conv_bn(c_in, wide, 1), conv_bn(wide, wide, 3, stride, wide), last)

    def forward(self, x):
        x = self.stem(x)
        for place, block in enumerate(self.blocks):
            x = x + block(x) if place == 1 else block(x)
        return self.head(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


class Residual(nn.Module):
    """A residual block with a shortcut of its own, whose operators work in place."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(conv_bn(3, 16, 7, 2), nn.MaxPool2d(3, 2, 1))
        self.first, self.second = conv_bn(16, 32, 3, 2), nn.Sequential(nn.Conv2d(32, 32, 3, 1, 1), nn.BatchNorm2d(32))
        self.shortcut, self.relu, self.head = nn.Conv2d(16, 32, 1, 2), nn.ReLU(inplace=True), nn.Linear(32, 10)

    def forward(self, x):
        x = self.stem(x)
        y = self.second(self.first(x))
        y += self.shortcut(x)
        return self.head(torch.flatten(F.adaptive_avg_pool2d(self.relu(y), 1), 1))


class Recurrent(nn.Module):
    """Words through two layers of LSTM in both directions, whose last states a linear layer reads."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(50, 32)
        self.lstm, self.head = nn.LSTM(32, 24, 2, batch_first=True, bidirectional=True), nn.Linear(48, 5)

    def forward(self, words):
        steps, (last, _) = self.lstm(self.words(words))
        return self.head(torch.cat([last[-2], last[-1]], -1)), steps


class Patches(nn.Module):
    """A vision transformer of two layers, of PyTorch's own encoder."""

    def __init__(self, width=48, heads=4, patches=16):
        super().__init__()
        self.patch = nn.Conv2d(3, width, 8, 8)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.place = nn.Parameter(torch.zeros(1, patches + 1, width))
        layer = nn.TransformerEncoderLayer(width, heads, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.place
        return self.head(self.encoder(x)[:, 0])


class Windows(nn.Module):
    """Attention within shifted windows of an image, written out."""

    def __init__(self, width=32, heads=2):
        super().__init__()
        self.heads, self.norm = heads, nn.LayerNorm(width)
        self.qkv, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(heads, 16, 16))

    def forward(self, x):
        batch, h, w, c = x.shape
        y = torch.roll(self.norm(x), (-2, -2), (1, 2)).view(batch, h // 4, 4, w // 4, 4, c)
        y = y.permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, c)
        q, k, v = self.qkv(y).reshape(-1, 16, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q * (c // self.heads) ** -0.5) @ k.transpose(-2, -1) + self.bias
        y = self.join((scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, 16, c))
        y = y.view(batch, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(batch, h, w, c)
        return x + torch.roll(y, (2, 2), (1, 2))


class Modern(nn.Module):
    """A block of ConvNeXt, then channels that are shuffled and become pixels."""

    def __init__(self):
        super().__init__()
        self.stem, self.depthwise = nn.Conv2d(3, 24, 4, 4), nn.Conv2d(24, 24, 7, 1, 3, groups=24)
        self.norm, self.wide, self.narrow = nn.LayerNorm(24), nn.Linear(24, 96), nn.Linear(96, 24)
        self.scale = nn.Parameter(torch.ones(24, 1, 1))

    def forward(self, x):
        x = self.stem(x)
        y = self.narrow(F.gelu(self.wide(self.norm(self.depthwise(x).permute(0, 2, 3, 1)))))
        x = x + self.scale * y.permute(0, 3, 1, 2)
        batch, c, h, w = x.shape
        x = x.view(batch, 2, c // 2, h, w).transpose(1, 2).contiguous().view(batch, c, h, w)
        return F.interpolate(F.pixel_shuffle(x, 2), size=(20, 20), mode="bilinear", align_corners=False)


def image(size):
    return (torch.zeros(1, 3, size, size),)


NETWORKS = {
    "squeeze-and-excitation": (Squeezing, image(32)),
    "inverted residuals": (Inverted, image(64)),
    "residual": (Residual, image(64)),
    "recurrent": (Recurrent, (torch.zeros(1, 12, dtype=torch.long),)),
    "vision transformer": (Patches, image(32)),
    "shifted windows": (Windows, (torch.zeros(1, 8, 8, 32),)),
    "ConvNeXt": (Modern, image(32)),
}
"""Networks and their example inputs."""


def counted_macs(module, example):
    """MACs of a module's layers as it runs, from the shapes that they see, and of the attention written out in it."""
    total = 0

    def count(part, inputs, output):
        nonlocal total
        total += _MACS[type(part)](part, inputs[0], output)

    hooks = [part.register_forward_hook(count) for part in module.modules() if type(part) in _MACS]
    # The fast path of PyTorch's encoder runs as one operator, past its parts.
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad():
            module.eval()(*example)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for hook in hooks:
            hook.remove()
    return total


def _convolution(part, _x, y):
    return y.numel() * part.in_channels // part.groups * prod(part.kernel_size)


def _transposed(part, x, _y):
    return x.numel() * part.out_channels // part.groups * prod(part.kernel_size)


def _lstm(part, x, _y):
    steps, directions, wide = x.shape[0] * x.shape[1], 2 if part.bidirectional else 1, part.hidden_size
    inner = [part.input_size, *(directions * wide for _ in range(part.num_layers - 1))]
    return sum(steps * directions * 4 * wide * (size + wide) for size in inner)


def _attention(_part, x, _y):
    """Four products with weights; the last one counts no hook, as its module is never called."""
    batch, steps, wide = x.shape
    return batch * (4 * steps * wide * wide + 2 * steps * steps * wide)


def _windows(_part, x, _y):
    """Two products of 16 by 16 in each window of 16 pixels; linear layers have hooks of their own."""
    return x.numel() // 16 * 2 * 16 * 16


_MACS = {
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _transposed,
    nn.Linear: lambda part, _x, y: y.numel() * part.in_features,
    nn.LSTM: _lstm,
    nn.MultiheadAttention: _attention,
    Windows: _windows,
}
