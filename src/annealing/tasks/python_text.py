"""`text`: a small character transformer on prose that comes with Python, the language reference of `help()`."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from annealing.core.errors import TaskError
from annealing.tasks.task import Pair, Task

CONTEXT = 32
"""Characters that a prediction may look back on."""
_TRAIN, _VALID = 2_048, 256  # windows
_WIDTH, _HEADS, _LAYERS = 32, 4, 2
_ALPHABET = "\n !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"


def text() -> Task:
    """Make the task: a 2-layer transformer of width 32 that predicts the next character of Python's own documentation.

    Every seed has its own windows, initial weights and order of batches: 2048 windows of 32 characters to train on and 256
    from another part of the text to validate. Batches of 16 make an epoch of 128 updates.

    >>> task = text()
    >>> [tuple(part.shape) for part in task.data("valid", seed=0)]
    [(256, 32), (256, 32)]

    Raises `TaskError` where the interpreter comes without its documentation.
    """
    _characters()
    return Task(
        model=Transformer,
        loss=_loss,
        train=_train,
        valid=_valid,
        batch_size=16,
        optimizer="adamw",
        metrics={"accuracy": _accuracy},
        name="text",
    )


class Transformer(torch.nn.Module):
    """A decoder of pre-normalised blocks, with learned positions and attention to what came before."""

    def __init__(self) -> None:
        super().__init__()
        self.characters = torch.nn.Embedding(len(_ALPHABET), _WIDTH)
        self.positions = torch.nn.Parameter(0.02 * torch.randn(CONTEXT, _WIDTH))
        self.blocks = torch.nn.ModuleList(_Block() for _ in range(_LAYERS))
        self.norm = torch.nn.LayerNorm(_WIDTH)
        self.head = torch.nn.Linear(_WIDTH, len(_ALPHABET))

    def forward(self, characters: Tensor) -> Tensor:
        """Return the scores of the next character after each: [batch, context, alphabet]."""
        x = self.characters(characters) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class _Block(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.before_attention, self.before_layers = torch.nn.LayerNorm(_WIDTH), torch.nn.LayerNorm(_WIDTH)
        self.query_key_value = torch.nn.Linear(_WIDTH, 3 * _WIDTH)
        self.joined = torch.nn.Linear(_WIDTH, _WIDTH)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(_WIDTH, 4 * _WIDTH), torch.nn.GELU(), torch.nn.Linear(4 * _WIDTH, _WIDTH)
        )
        self.register_buffer("past", torch.ones(CONTEXT, CONTEXT).tril().bool(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.joined(self._attended(self.before_attention(x)))
        return x + self.layers(self.before_layers(x))

    def _attended(self, x: Tensor) -> Tensor:
        """Attend in plain matrix products, which stack as they are."""
        parts = self.query_key_value(x).unflatten(-1, (3, _HEADS, _WIDTH // _HEADS))
        query, key, value = (part.squeeze(-3).transpose(-3, -2) for part in parts.split(1, dim=-3))
        scores = query @ key.transpose(-2, -1) * (_WIDTH // _HEADS) ** -0.5
        weights = scores.masked_fill(~self.past, -torch.inf).softmax(-1)  # pyright: ignore[reportOperatorIssue]
        return (weights @ value).transpose(-3, -2).flatten(-2)


@cache
def _characters() -> Tensor:
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise TaskError("the task text needs pydoc_data, the documentation of Python: install a full one.") from None
    place = {character: index for index, character in enumerate(_ALPHABET)}
    prose = "\n".join(topics[name] for name in sorted(topics))
    return torch.tensor([place[character] for character in prose if character in place])


def _windows(seed: int, count: int, begin: float, end: float) -> Pair:
    """Cut windows at random places between two shares of the text; the target of each character is the next."""
    characters = _characters()
    low, high = int(begin * len(characters)), int(end * len(characters)) - CONTEXT - 1
    starts = torch.randint(low, high, (count, 1), generator=torch.Generator().manual_seed(seed))
    places = starts + torch.arange(CONTEXT)
    return characters[places], characters[places + 1]


def _train(seed: int) -> Pair:
    return _windows(seed, _TRAIN, 0.0, 0.9)


def _valid(seed: int) -> Pair:
    return _windows(seed + 2**32, _VALID, 0.9, 1.0)


def _loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy per character, in nats."""
    return -outputs.log_softmax(-1).gather(-1, targets.unsqueeze(-1)).mean()


def _accuracy(outputs: Tensor, targets: Tensor) -> float:
    return (outputs.argmax(-1) == targets).float().mean().item()
