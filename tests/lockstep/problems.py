"""Small problems to stack: every kind of thing a model may hold, in float64 where the law is exact."""

import torch

from annealing.tasks import Task

FEATURES, CLASSES, SAMPLES, BATCH = 6, 4, 40, 8


def data(seed, dtype=torch.float64, samples=SAMPLES):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(samples, FEATURES, generator=generator, dtype=torch.float64)
    y = (x[:, 0] + 0.5 * x[:, 1] * x[:, 2] > 0).long() + (x[:, 3] > 0.5).long()
    return x.to(dtype), y


def mlp(dtype=torch.float64, width=5):
    return lambda: torch.nn.Sequential(torch.nn.Linear(FEATURES, width), torch.nn.Tanh(), torch.nn.Linear(width, CLASSES)).to(
        dtype
    )


def normalised(dtype=torch.float64, width=5):
    """Buffers that training moves."""
    return torch.nn.Sequential(
        torch.nn.Linear(FEATURES, width), torch.nn.BatchNorm1d(width), torch.nn.ReLU(), torch.nn.Linear(width, CLASSES)
    ).to(dtype)


def dropping():
    """Dropout twice, once as a module and once as a function."""

    class Dropping(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = torch.nn.Linear(FEATURES, 7), torch.nn.Linear(7, CLASSES)
            self.drop = torch.nn.Dropout(0.3)

        def forward(self, x):
            x = self.drop(torch.relu(self.first(x)))
            return self.last(torch.nn.functional.dropout(x, 0.1, self.training))

    return Dropping().double()


def convolving():
    return torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 2, 3)), torch.nn.Conv2d(1, 3, 3, padding=1), torch.nn.ReLU(), torch.nn.Flatten(),
        torch.nn.Linear(18, CLASSES),
    ).double()  # fmt: skip


def recurrent():
    class Recurrent(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(1, FEATURES, batch_first=True)
            self.layer = torch.nn.Linear(FEATURES, CLASSES)

        def forward(self, x):
            return self.layer(self.lstm(x[:, :, None])[0][:, -1])

    return Recurrent().double()


def tied():
    """One matrix under two names."""

    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.there, self.back, self.head = (torch.nn.Linear(FEATURES, FEATURES) for _ in range(3))
            self.back.weight = self.there.weight

        def forward(self, x):
            return self.head(torch.tanh(self.back(torch.tanh(self.there(x)))))[:, :CLASSES]

    return Tied().double()


def half_frozen():
    """A frozen layer, and one that nothing reaches."""
    model = mlp()()
    model.unused = torch.nn.Linear(2, 2).double()
    model[0].requires_grad_(False)
    model.forward = lambda x, layers=list(model)[:3]: layers[2](layers[1](layers[0](x)))
    return model


def attending():
    return torch.nn.Sequential(
        torch.nn.Unflatten(1, (3, 2)),
        torch.nn.TransformerEncoderLayer(2, 1, 4, dropout=0.0, batch_first=True),
        torch.nn.Flatten(),
        torch.nn.Linear(FEATURES, CLASSES),
    ).double()


def problem(model=None, **changes):
    parts = {
        "model": model or mlp(),
        "loss": torch.nn.functional.cross_entropy,
        "train": data,
        "valid": lambda seed: data(seed + 1000),
        "batch_size": BATCH,
        "optimizer": "nesterov",
        "metrics": {"hits": lambda outputs, targets: (outputs.argmax(1) == targets).double().mean()},
        "name": "problem",
    }
    return Task(**(parts | changes))
