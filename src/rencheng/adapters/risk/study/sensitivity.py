"""Which uncertain input matters most: Sobol indices by SALib (MIT; the extra `sensitivity`)."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import InvalidInputError, SourceUnavailableError
from rencheng.domain.risk_uncertainty import SobolIndices

F64 = NDArray[np.float64]
Model = Callable[[F64], Mapping[str, F64]]
"""From numbers in (0, 1) (runs, inputs) to outputs by name, each (runs,)."""

CONFIDENCE, RESAMPLES = 0.95, 200
"""Level of the intervals, and bootstrap samples behind them. Ours."""


def sobol_indices(
    model: Model,
    names: Sequence[str],
    *,
    base: int = 512,
    seed: int = 0,
    with_second: bool = False,
) -> SobolIndices:
    """Return which share of the variance of a model's outputs each input causes.

    Parameters
    ----------
    model
        Called once with all runs. An input is one number in (0, 1), whatever it turns into.
    names
        Of the inputs.
    base
        Size of the base sample, a power of 2; the model is run base x (inputs + 2) times, with
        second order base x (2 inputs + 2) times.
    seed
        Of the scrambling and of the bootstrap.
    with_second
        Also indices of pairs.

    Raises
    ------
    SourceUnavailableError
        When SALib is not installed.
    InvalidInputError
        When `base` is no power of 2, there are no two inputs, or an output has an unknown run.

    Notes
    -----
    Saltelli's sampling of a scrambled Sobol' sequence [1]_; confidence by bootstrap. An output that
    does not vary has unknown (NaN) indices. Judged against the Ishigami function and a linear
    model, whose indices are known. Indices by sampling may lie a little below 0 or above 1.

    References
    ----------
    .. [1] Saltelli et al. (2010), Variance based sensitivity analysis of model output, Computer
       Physics Communications 181(2), doi:10.1016/j.cpc.2009.09.018.
    """
    if base < 2 or base & (base - 1) or len(names) < 2:
        raise InvalidInputError(
            "risk_uncertainty.base",
            f"a base sample of {base} for {len(names)} inputs",
            hint="Give a power of 2, such as 512, and at least two inputs",
            params={"base": base, "inputs": len(names)},
        )
    sample, analyze, version = _salib()
    problem = {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
    design = sample(problem, base, calc_second_order=with_second, scramble=True, seed=seed)
    outputs = model(np.asarray(design, dtype=np.float64))
    unknown = [name for name, value in outputs.items() if not np.isfinite(value).all()]
    if unknown:
        raise InvalidInputError(
            "risk_uncertainty.unknown",
            f"outputs are unknown in some runs: {', '.join(unknown)}",
            hint="Ask for outputs that every run has, such as the known part, or mend the input",
            params={"outputs": ", ".join(unknown)},
        )
    found = [_of(value, problem, analyze, with_second, seed) for value in outputs.values()]

    def table(key: str) -> F64:
        return np.array([one[key] for one in found], dtype=np.float64)

    return SobolIndices(
        inputs=tuple(names),
        outputs=tuple(outputs),
        first=table("S1"),
        first_confidence=table("S1_conf"),
        total=table("ST"),
        total_confidence=table("ST_conf"),
        second=table("S2") if with_second else None,
        second_confidence=table("S2_conf") if with_second else None,
        confidence=CONFIDENCE,
        runs=len(design),
        origin=f"SALib {version}, scrambled Sobol' sequence of {base}, seed {seed}",
    )


def _of(
    output: F64, problem: Mapping[str, Any], analyze: Callable[..., Any], second: bool, seed: int
) -> Mapping[str, F64]:
    """Return the indices of one output; NaN when it does not vary."""
    if np.ptp(output) == 0.0:
        one = np.full(problem["num_vars"], np.nan)
        pair = np.full((one.size, one.size), np.nan)
        alone = dict.fromkeys(("S1", "S1_conf", "ST", "ST_conf"), one)
        return {**alone, "S2": pair, "S2_conf": pair}
    said: Mapping[str, F64] = analyze(
        problem,
        output,
        calc_second_order=second,
        num_resamples=RESAMPLES,
        conf_level=CONFIDENCE,
        seed=seed,
    )
    return said


def _salib() -> tuple[Callable[..., Any], Callable[..., Any], str]:
    try:
        from SALib.analyze.sobol import analyze
        from SALib.sample.sobol import sample
    except ImportError as error:
        raise SourceUnavailableError(
            "risk_uncertainty.extra",
            "Sobol indices need SALib, which is not installed",
            hint="Install rencheng[sensitivity]",
        ) from error
    return sample, analyze, importlib.metadata.version("SALib")
