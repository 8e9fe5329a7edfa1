"""Warm up, stay, decay: nearly as good as a cosine, and one trunk serves runs of several lengths."""

from __future__ import annotations

from annealing.core.composition import chain
from annealing.core.families import constant
from annealing.core.phases import cosine, hold, linear, warmup
from annealing.core.schedule import Schedule
from annealing.reproduce.digits import Bench, judged, loss_curves, tuned
from annealing.reproduce.finding import Finding, Scale, noted
from annealing.reproduce.paired import beats, gap_share, share_of_gap
from annealing.reproduce.study import Study

EPOCHS = 25


def with_cooldown(share: int) -> Schedule:
    """A short warm-up, the peak, and a linear cooldown over the last `share` per cent."""
    return chain(warmup("2%"), hold(), linear(f"{share}%"))


ARMS = {
    "wsd 20 %": with_cooldown(20),
    "wsd 10 %": with_cooldown(10),
    "wsd 40 %": with_cooldown(40),
    "cosine": cosine(),
    "constant": constant(),
}


def run(scale: Scale, seed: int) -> Finding:
    """Tune five arms at full length, then cool one trunk down at three times and tune each length by itself."""
    bench = Bench.of(scale, seed, epochs=EPOCHS)
    arms = tuned(bench, ARMS)
    base, best = arms["constant"].losses, arms["cosine"].losses
    trunk, warm = arms["wsd 20 %"], max(1, bench.updates // 50)
    branched = []
    for share in (50, 75):
        shorter = Bench(bench.updates * share // 100, bench.tuning, bench.evaluation)
        own = tuned(shorter, {"alone": ARMS["wsd 20 %"]})["alone"]
        cooled = chain(warmup(warm), hold(), linear("20%"))
        branch = judged(shorter, {"branch": (trunk.rate * cooled).over(shorter.updates)})["branch"]
        name = f"cooled down at {share} % of the trunk: not worse than a run tuned for that length"
        branched.append(beats(name, branch.losses, own.losses, t=-2.0))
    statistics = (
        share_of_gap("wsd 20 %: what it lacks to cosine, of what cosine gains", trunk.losses, best, base, limit=0.15),
        beats("wsd 20 % ends below the constant rate", trunk.losses, base),
        *branched,
        *(
            noted(f"{name}: what it lacks to cosine, of what cosine gains", gap_share(arms[name].losses, best, base)[0])
            for name in ("wsd 10 %", "wsd 40 %")
        ),
    )
    figure = loss_curves("Stay, then cool down", "Every arm at its own best rate.", arms.values())
    return Finding(statistics, bench.said, figure)


STUDY = Study(
    name="wsd",
    title="Warm-up, stable, decay matches a cosine, and one trunk can be cooled down at any time",
    source="Hu et al. 2024 (MiniCPM), arXiv:2404.06395",
    shows=("F11", "F8", "C2"),
    criterion=(
        "On noisy digits, every arm tuned: a 20 % cooldown closes at least 85 % of the gap between the constant rate and "
        "cosine, and beats the constant rate (t > 3); the trunk cooled down at half and at three quarters of its length is "
        "not worse (t > −2) than runs tuned for those lengths."
    ),
    run=run,
)
