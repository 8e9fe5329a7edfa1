"""QASA: the model, the protocol on any sampler of dimod's kind, the fit, and correlations against a null."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annealing.beyond.qasa import (
    Qubits,
    correlation,
    down_probability,
    fit_qubits,
    group_difference,
    measure,
    response,
    simulated_chip,
    simulated_table,
    sweep,
)
from annealing.beyond.qasa.fit import polish, scaled_of
from annealing.beyond.qasa.model import scaled_response
from annealing.core.errors import ArgumentError, KindError
from tests.conftest import require

FIELDS = sweep(step=0.05).values()
parameters = st.tuples(st.floats(1, 20), st.floats(-0.05, 0.05), st.floats(0, 0.2), st.floats(0, 0.1))


@given(parameters)
def test_the_derivatives_of_the_response_are_those_of_the_response(row) -> None:
    scaled = scaled_of(Qubits.of(row)) + 1e-3  # inside of the bounds, so that both sides can be looked at
    _, slopes = scaled_response(FIELDS, scaled)
    for column, by in enumerate(1e-5 * np.eye(4)):
        numeric = (scaled_response(FIELDS, scaled + by)[0] - scaled_response(FIELDS, scaled - by)[0]) / 2e-5
        assert slopes[:, column] == pytest.approx(numeric, abs=2e-6)


@given(parameters)
def test_the_response_rises_where_noise_is_small_and_saturates(row) -> None:
    beta, bias, saturation, _ = row
    far = response([-1e3, 1e3], Qubits.of(row))

    assert far == pytest.approx([-1 / np.sqrt(1 + saturation**2), 1 / np.sqrt(1 + saturation**2)], abs=1e-3)
    assert response(FIELDS, Qubits(beta, bias, 0.0, 0.0)) == pytest.approx(np.tanh(beta * (FIELDS + bias)))


def test_the_protocol_has_81_fields() -> None:
    fields = sweep().values()

    assert len(fields) == 81
    assert np.diff(fields) == pytest.approx(0.025)


def test_a_chip_is_measured_through_the_interface_of_dimod() -> None:
    dimod = require("dimod")
    from dimod.testing import assert_sampler_api

    truth = Qubits.of([[11.0, 0.05, 0.02, 0.03], [6.0, -0.05, 0.1, 0.0]])
    chip = simulated_chip(truth, names=["left", "right"], seed=1)
    assert_sampler_api(chip)
    assert isinstance(chip, dimod.Sampler)
    table = measure(chip, fields=sweep(step=0.25), reads=2_500, reads_per_call=1_000, annealing_time=5)
    expected = 2_500 * down_probability(table.fields, truth).T

    assert table.qubits == ("left", "right")
    assert np.abs(table.down - expected).max() < 5 * np.sqrt(2_500 / 4)


def test_reversed_spins_hide_the_bias() -> None:
    require("dimod")
    chip = simulated_chip(Qubits.of([[11.0, 0.1, 0.0, 0.0]]), seed=1)
    middle = [
        measure(chip, fields=sweep(step=0.5), reads=2_000, reads_per_call=20, reverse=reverse).down[2, 0] / 2_000
        for reverse in (False, True)
    ]

    assert middle[0] == pytest.approx((1 + np.tanh(1.1)) / 2, abs=0.03)
    assert middle[1] == pytest.approx(0.5, abs=0.1)


class Spy:
    """A sampler with the options of D-Wave's, that notes what it is asked."""

    def __init__(self, dimod) -> None:
        self.child = dimod.RandomSampler()
        self.parameters = {"num_reads": [], "auto_scale": [], "flux_drift_compensation": [], "annealing_time": []}
        self.properties = {"qubits": [3, 5, 9], "h_range": [-1.0, 1.0]}
        self.asked = []

    def sample(self, bqm, *, num_reads, **options):
        self.asked.append((dict(bqm.linear), dict(bqm.quadratic), num_reads, options))
        return self.child.sample(bqm, num_reads=num_reads).aggregate()


def test_a_device_is_asked_for_fields_alone_unscaled_and_uncorrected() -> None:
    spy = Spy(require("dimod"))
    table = measure(spy, fields=sweep(step=0.5), reads=250, reads_per_call=100, annealing_time=5.0)

    linear, quadratic, _, options = spy.asked[0]
    assert linear == {3: -1.0, 5: -1.0, 9: -1.0}
    assert quadratic == {}
    assert options == {"auto_scale": False, "flux_drift_compensation": False, "annealing_time": 5.0}
    assert [reads for _, _, reads, _ in spy.asked[:3]] == [100, 100, 50]
    assert table.qubits == (3, 5, 9)
    assert table.down.mean() == pytest.approx(125, abs=15)


def test_samplers_without_options_or_names_can_be_measured() -> None:
    dimod = require("dimod")
    table = measure(dimod.RandomSampler(), fields=sweep(step=0.5), reads=50, qubits=["a"])

    assert table.down.shape == (5, 1)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda spy: measure(spy, fields=sweep(-2, 2, 0.5)), "h_range|range"),
        (lambda spy: measure(object()), "no sampler"),
        (lambda spy: measure(spy, fields=0.5), "sweep"),
        (lambda spy: measure(spy.child), "qubits="),
        (lambda spy: measure(spy.child, qubits=[0], annealing_time=5), "leave it out"),
        (lambda spy: sweep(-1, 1, 0.3), "do not lead"),
        (lambda spy: simulated_chip(Qubits.of([[1.0, 0.0, -1.0, 0.0]])), "below 0"),
        (lambda spy: simulated_chip(Qubits.of([[1.0, 0.0, 0.0, 0.0]]), names=[1, 2]), "one each"),
        (lambda spy: simulated_chip(Qubits.of([[1.0, 0.0, 0.0, 0.0]])).sample_ising({0: 1}, {(0, 1): 1}), "couplers"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, says) -> None:
    spy = Spy(require("dimod"))

    with pytest.raises((ArgumentError, KindError), match=says):
        call(spy)


TRUTH = Qubits.of(
    np.stack(
        [np.linspace(9, 13, 12), np.linspace(-0.01, 0.01, 12), np.linspace(0.005, 0.03, 12), np.linspace(0.02, 0.04, 12)], axis=1
    )
)
TABLE = simulated_table(TRUTH, reads=100_000, seed=5)


def test_a_fit_recovers_the_parameters_within_its_own_errors() -> None:
    fitted = fit_qubits(TABLE)
    off = (fitted.parameters.rows() - TRUTH.rows()) / fitted.errors

    assert np.abs(off).max() < 4.5
    assert 0.6 < np.sqrt((off**2).mean()) < 1.4
    assert (fitted.evidence > 100).all()


def test_fisher_scoring_from_close_by_ends_where_l_bfgs_does() -> None:
    fitted = fit_qubits(TABLE)
    polished = polish(TABLE.fields, (TABLE.down / TABLE.reads).T, scaled_of(TRUTH))

    assert polished == pytest.approx(scaled_of(fitted.parameters), rel=2e-3, abs=2e-3)


def test_a_plain_qubit_needs_no_four_parameters() -> None:
    fitted = fit_qubits(simulated_table(Qubits.of([[8.0, 0.01, 0.0, 0.0]] * 6), reads=10_000, seed=1))

    assert (fitted.evidence < 6).all()
    assert fitted.parameters.inverse_temperature == pytest.approx(8, rel=0.05)


def test_errors_that_go_together_are_not_taken_for_a_correlation() -> None:
    table = simulated_table(Qubits.of([[11.0, 0.0, 0.02, 0.03]] * 40), reads=10_000, seed=2)  # all alike
    fitted = fit_qubits(table)
    found = correlation(table, fitted, "inverse_temperature", "noise", chips=9)

    assert found.rho > 0.6  # what a naive reading would call a discovery
    assert np.median(found.null) > 0.2  # and simulated chips without any have some as well


def test_groups_are_told_apart_where_they_differ() -> None:
    fitted = fit_qubits(TABLE)

    assert group_difference(fitted.parameters, "inverse_temperature", np.arange(12) < 6) < 0.01
    assert group_difference(fitted.parameters, "inverse_temperature", np.arange(12) % 2 == 0) > 0.3
    with pytest.raises(ArgumentError, match="both kinds"):
        group_difference(fitted.parameters, "noise", np.zeros(12, bool))
    with pytest.raises(ArgumentError, match="no parameter"):
        correlation(TABLE, fitted, "beta", "noise")
