"""How a training ended, said as scikit-learn says it."""

from __future__ import annotations

from sklearn.exceptions import ConvergenceWarning

from madaline.errors import DivergedError
from madaline.estimators.warning import warn
from madaline.events.training import Ending
from madaline.settings.recipes import Recipe

# Schedules that end where the epochs end: to reach that is no failure to converge.
_ENDING = ("cosine", "cycles", "step", "one_cycle")


def say_ending(why: Ending, n_iter: int, settings: Recipe, *, chosen: bool, held_out: bool) -> None:
    """Warn of a training that should have gone on, or that broke.

    Args:
        why: See `madaline.events.training.Ending`.
        n_iter: Epochs trained.
        settings: Complete.
        chosen: Whether a person chose the number of epochs; else the verdict says whether more
            would help.
        held_out: Whether the best weights by held-out rows were kept.

    Raises:
        DivergedError: It broke, and no weights from before were kept.
    """
    match why:
        case "done" if chosen and settings.optimizer == "lbfgs":
            warn(
                f"lbfgs failed to converge after {n_iter} iteration(s). Increase max_iter.",
                ConvergenceWarning,
            )
        case "done" if chosen and settings.schedule not in _ENDING:
            warn(
                f"Stochastic Optimizer: Maximum iterations ({settings.epochs}) reached and the "
                "optimization hasn't converged yet. Increase max_iter.",
                ConvergenceWarning,
            )
        case "evaluations":
            warn(
                "lbfgs failed to converge: the number of evaluations of the loss reached the "
                f"limit, max_fun = {settings.max_evaluations}. Increase max_fun.",
                ConvergenceWarning,
            )
        case "interrupted":
            warn("Training interrupted by user.")
        case "diverged" if not held_out:
            raise DivergedError(
                f"Solver produced non-finite parameter weights: training broke in epoch {n_iter}.",
                "Give a smaller learning_rate_init; the input data may contain large values.",
            )
        case "diverged":
            warn(
                f"Training broke in epoch {n_iter}; the best weights before are kept. "
                "Give a smaller learning_rate_init.",
                ConvergenceWarning,
            )
        case "done" | "stopped_early" | "converged" | "time" | "stopped":
            pass
