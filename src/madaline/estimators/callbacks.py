"""scikit-learn's own callbacks (new in 1.9): one task an epoch, with an estimator ready to predict.

Source: scikit-learn 1.9, user guide, "Callbacks" (SLEP 23).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from madaline.events.kinds import Event
from madaline.events.training import Network
from madaline.pipeline.watch import Look
from madaline.predict.predictor import Predictor

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks  # type: ignore[assignment]
except ImportError:  # scikit-learn before 1.9 has no callbacks

    class CallbackSupportMixin:  # type: ignore[no-redef]  # pyright: ignore[reportRedeclaration]
        """Nothing to support."""

    def with_callbacks(method: object) -> object:  # type: ignore[no-redef]
        """Nothing to manage."""
        return method


__all__ = ["CallbackSupportMixin", "CallbackTasks", "has_callbacks", "with_callbacks"]


def has_callbacks(estimator: object) -> bool:
    """Whether somebody set callbacks, on the estimator or on what holds it."""
    return bool(getattr(estimator, "_skl_callbacks", ()))


class CallbackTasks:
    """Tells scikit-learn's callbacks of each epoch; one of them may end the training.

    Args:
        estimator: Being fitted.
        epochs: Most epochs.
        data: ``X``, ``y`` and ``metadata`` as the callbacks get them.
        attributes: The fitted attributes of an estimator with this predictor.
    """

    def __init__(
        self,
        estimator: Any,
        epochs: int,
        data: Mapping[str, object],
        attributes: Callable[[Predictor], dict[str, object]],
    ) -> None:
        self._estimator, self._data = estimator, dict(data)
        self._attributes = attributes
        self._whole = estimator._init_callback_context(max_subtasks=epochs)
        self._whole.call_on_fit_task_begin(estimator=estimator, **self._data)
        self._epoch: Any = None
        self._epochs = epochs

    def event(self, event: Event) -> None:
        """The first epoch begins when the network is known."""
        if isinstance(event, Network):
            self._begin()

    def progress(self, look: Look) -> bool:
        """An epoch is over."""
        stop = self._epoch.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=lambda: self._attributes(look.predictor()),
            **self._data,
        )
        self._epoch = None
        if not (stop or look.wish or look.done) and look.epoch < self._epochs:
            self._begin()
        return bool(stop)

    def close(self) -> None:
        """The fit is over, and the estimator itself can predict."""
        if self._epoch is not None:
            self._epoch.call_on_fit_task_end(estimator=self._estimator)
        self._whole.call_on_fit_task_end(
            estimator=self._estimator, reconstruction_attributes={}, **self._data
        )

    def _begin(self) -> None:
        self._epoch = self._whole.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)
