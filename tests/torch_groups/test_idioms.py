"""Layer-wise rates and spared norms: told by modules and shapes, written as patterns."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
import torch
from torch import nn

import annealing as an
from annealing.torch import Scheduler, layerwise, no_decay, param_groups
from tests.torch_groups.models import Scale, Transformer, perceptron

LR = 0.1 * an.cosine()


def matched(model: nn.Module, patterns: dict[str, object]) -> set[str]:
    return {name for name, _ in model.named_parameters() if any(fnmatchcase(name, pattern) for pattern in patterns)}


def rates(model: nn.Module, groups: dict[str, dict[str, an.Schedule]]) -> dict[str, float]:
    plan = an.Recipe(lr=LR, groups=groups).over(10)
    return {name: plan.plans_for(name)["lr"](0) for name, _ in model.named_parameters()}


class TestNoDecay:
    def test_norms_and_biases_are_spared_and_nothing_else(self) -> None:
        model = Transformer()
        spared = {
            name
            for name, _ in model.named_parameters()
            if name.endswith("bias") or any(part in ("norm", "rms", "last") for part in name.split("."))
        }

        assert matched(model, no_decay(model)) == spared
        assert 0 < len(spared) < len(list(model.parameters()))

    def test_the_patterns_are_few_and_readable(self) -> None:
        assert list(no_decay(Transformer(blocks=24))) == ["*.norm.weight", "*.bias", "*.rms.weight", "last.weight"]

    def test_a_norm_over_two_dimensions_is_told_by_its_module(self) -> None:
        model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm([2, 4]))

        assert matched(model, no_decay(model)) == {"0.bias", "1.weight", "1.bias"}

    def test_a_scale_without_a_norms_name_is_told_by_its_shape(self) -> None:
        model = nn.Sequential(nn.Linear(4, 4), Scale(4))

        assert matched(model, no_decay(model)) == {"0.bias", "1.weight"}

    def test_the_biases_of_attention_are_told_by_their_names(self) -> None:
        model = nn.MultiheadAttention(4, 1, add_bias_kv=True)
        assert model.bias_k is not None
        assert model.bias_k.ndim == 3

        assert matched(model, no_decay(model)) == {"in_proj_bias", "out_proj.bias", "bias_k", "bias_v"}

    def test_more_can_be_spared(self) -> None:
        model = Transformer()

        assert matched(model, no_decay(model, nn.Embedding, "position")) == matched(model, no_decay(model)) | {
            "embed.weight",
            "position",
        }

    @pytest.mark.parametrize("depth", [1, 3])
    def test_it_holds_where_numbers_are_the_only_names(self, depth: int) -> None:
        blocks = [nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 4), Scale(4)) for _ in range(depth)]
        model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(*blocks), nn.Linear(4, 4))
        spared = {name for name, parameter in model.named_parameters() if parameter.ndim == 1}

        patterns = no_decay(model)

        assert matched(model, patterns) == spared
        assert len(patterns) == 3  # however many blocks there are

    def test_a_model_without_any_is_refused(self) -> None:
        with pytest.raises(ValueError, match="every parameter of this model is a weight"):
            no_decay(nn.Linear(2, 2, bias=False))

    def test_a_pattern_that_matches_nothing_is_refused(self) -> None:
        with pytest.raises(ValueError, match="'embedding' matches no parameter"):
            no_decay(Transformer(), "embedding")


class TestLayerwise:
    def test_a_layer_has_the_rate_of_the_one_above_times_the_decay(self) -> None:
        model = Transformer(blocks=3)

        found = rates(model, layerwise(LR, model, decay=0.5))

        expected = {"position": 4, "embed": 4, "blocks.0": 3, "blocks.1": 2, "blocks.2": 1, "last": 0, "head": 0}
        assert found == {
            name: 0.1 * 0.5 ** next(down for layer, down in expected.items() if name.startswith(layer)) for name in found
        }

    def test_the_patterns_say_which_layer_is_which(self) -> None:
        model = Transformer(blocks=2)

        assert list(layerwise(LR, model, decay=0.8)) == ["position*", "embed.*", "blocks.0.*", "blocks.1.*", "last.*", "head.*"]

    def test_patterns_say_the_same_as_the_model(self) -> None:
        model = Transformer(blocks=2)
        layers = ["embed.*", "blocks.0.*", "blocks.1.*", "head.*"]

        found, written = rates(model, layerwise(LR, model, decay=0.8)), rates(model, layerwise(LR, layers, decay=0.8))

        assert {name: found[name] for name in found if "position" not in name} == {
            name: written[name] for name in written if "position" not in name
        }

    def test_a_model_without_a_stack_has_its_children_as_layers(self) -> None:
        model = perceptron()

        assert list(layerwise(LR, model, decay=0.5)) == ["0.*", "2.*", "4.*"]
        assert rates(model, layerwise(LR, model, decay=0.5))["0.weight"] == pytest.approx(0.025)

    def test_a_stack_that_is_the_model_has_no_head(self) -> None:
        model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(3)))

        assert rates(model, layerwise(LR, model, decay=0.5))["2.weight"] == 0.1

    def test_a_frozen_layer_counts_and_has_no_pattern(self) -> None:
        model = Transformer(blocks=2)
        model.embed.requires_grad_(False)
        model.position.requires_grad_(False)
        model.blocks[1].requires_grad_(False)

        groups = layerwise(LR, model, decay=0.5)

        assert list(groups) == ["blocks.0.*", "last.*", "head.*"]
        assert rates(model, groups)["blocks.0.norm.weight"] == pytest.approx(0.1 * 0.5**2)

    def test_two_stacks_are_refused_since_only_their_author_knows_the_order(self) -> None:
        model = nn.ModuleDict({"encoder": Transformer().blocks, "decoder": Transformer().blocks})

        with pytest.raises(ValueError, match=r"2 stacks of layers, encoder \(3\) and decoder \(3\)"):
            layerwise(LR, model, decay=0.8)

    @pytest.mark.parametrize("decay", [0, -0.5, 1.5, float("nan")])
    def test_a_decay_out_of_range_is_refused(self, decay: float) -> None:
        with pytest.raises(ValueError, match="decay"):
            layerwise(LR, perceptron(), decay=decay)

    def test_one_pattern_alone_is_refused(self) -> None:
        with pytest.raises(TypeError, match="neither a model nor patterns"):
            layerwise(LR, "blocks.0.*", decay=0.8)


@pytest.mark.parametrize("model", [Transformer(), Transformer(tied=True), perceptron()])
def test_the_two_mappings_can_be_joined_without_loss(model: nn.Module) -> None:
    lower, spared = layerwise(LR, model, decay=0.8), no_decay(model)

    assert lower.keys() & spared.keys() == set()


def test_a_deep_model_has_two_groups_for_each_layer() -> None:
    model = Transformer(blocks=12)
    recipe = an.Recipe(lr=LR, weight_decay=0.1, groups=layerwise(LR, model, decay=0.8) | no_decay(model))

    optimizer = torch.optim.AdamW(param_groups(model, recipe))
    Scheduler(optimizer, recipe.over(10))

    assert len(list(model.parameters())) == 89
    assert len(optimizer.param_groups) == 1 + 2 * 12 + 2  # embedding; blocks; last norm and head
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0.0, 0.1}
