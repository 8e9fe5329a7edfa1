"""A sweep of a LightningModule's own training step, which fit() cannot tell was made."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from annealing.core.errors import ArgumentError, ConflictError
from annealing.rangetest import suggest
from tests.conftest import require

lightning = require("lightning")
from annealing.lightning import record_sweep, scan_rates  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")


class Net(lightning.pytorch.LightningModule):
    """Logs, drops and normalises."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = torch.nn.Sequential(
            torch.nn.Linear(1, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.2), torch.nn.Linear(8, 1)
        )
        self.seen: list[int] = []

    def training_step(self, batch: Any, index: int) -> Any:
        self.seen.append(index)
        loss = torch.nn.functional.mse_loss(self.net(batch[0]), 3 * batch[0])
        self.log("train_loss", loss)
        return {"loss": loss}

    def train_dataloader(self) -> Any:
        x = torch.linspace(-1, 1, 64).reshape(64, 1)
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x), batch_size=16, shuffle=True)

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        return {"optimizer": optimizer, "lr_scheduler": torch.optim.lr_scheduler.ConstantLR(optimizer)}


def trainer(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lightning.pytorch.Trainer(
            max_epochs=1, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
            enable_checkpointing=False, default_root_dir=folder, accumulate_grad_batches=2,
        )  # fmt: skip


def test_it_is_recorded_and_fit_trains_as_if_it_had_not_been(tmp_path: Path) -> None:
    plain, swept = Net(), Net()
    runner = trainer(tmp_path)
    torch.manual_seed(1)
    sweep = record_sweep(runner, swept, start=1e-4, end=10.0, updates=60)

    assert len(sweep.loss) > 30
    assert suggest(sweep, "minimum").rate is not None
    assert swept.seen == []
    assert "log" not in vars(swept)
    runner.fit(swept)
    torch.manual_seed(1)
    trainer(tmp_path).fit(plain)
    assert all(torch.equal(a, b) for a, b in zip(plain.state_dict().values(), swept.state_dict().values(), strict=True))


class Several(Net):
    def configure_optimizers(self) -> Any:
        return [torch.optim.SGD(self.parameters(), lr=0.1), torch.optim.SGD(self.parameters(), lr=0.2)], []


def test_several_optimizers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConflictError, match="returned 2 optimizers"):
        record_sweep(trainer(tmp_path), Several())


class Validated(Net):
    """Validates by what it logs, or by what it returns."""

    def __init__(self, returns: bool = False) -> None:
        super().__init__()
        self.returns = returns

    def validation_step(self, batch: Any, index: int) -> Any:
        loss = torch.nn.functional.mse_loss(self.net(batch[0]), 3 * batch[0])
        if self.returns:
            return {"loss": loss}
        self.log("val_loss", loss, prog_bar=True)
        return None

    def val_dataloader(self) -> Any:
        return torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(torch.linspace(-1, 1, 32).reshape(32, 1)), batch_size=32
        )


def test_constant_rates_are_scanned_and_fitting_goes_as_if_they_had_not_been(tmp_path: Path) -> None:
    plain, scanned, returning = Validated(), Validated(), Validated(returns=True)
    runner = trainer(tmp_path)
    torch.manual_seed(1)
    found = scan_rates(runner, scanned, rates=[1e-9, 0.05, 1e9], updates=20)
    torch.manual_seed(1)
    same = scan_rates(runner, returning, rates=[1e-9, 0.05, 1e9], updates=20)

    assert found.loss[1] < 0.5 * found.loss[0]  # which is not the first one: without training, batch norm learns its means
    assert found.edge_of_divergence == 1e9
    assert same.loss.tolist() == found.loss.tolist()
    assert "log" not in vars(scanned)
    torch.manual_seed(1)
    runner.fit(scanned)
    torch.manual_seed(1)
    trainer(tmp_path).fit(plain)
    assert all(torch.equal(a, b) for a, b in zip(plain.state_dict().values(), scanned.state_dict().values(), strict=True))


def test_a_validation_that_gives_no_loss_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="logs none as 'valid'"):
        scan_rates(trainer(tmp_path), Validated(), rates=[0.1, 0.2, 0.3], updates=1, monitor="valid")
