"""Reports of progress, notices and errors to the user, without repetitions."""

from __future__ import annotations

import logging
import time

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.listener import SessionListener
from atlas_widget.session.status import Reporter

__all__ = ["Notifier"]

_REPEAT_INTERVAL = 5.0  # seconds; many batches may fail for the same reason

log = logging.getLogger("atlas_widget")


class Notifier:
    """Reports to a listener, without repetitions.

    Parameters
    ----------
    listener
        Receives the reports.
    model, layer
        Names of the model and the layer.

    Attributes
    ----------
    progress
        Reports the progress of the work.
    last_error
        The last error's message; empty if there was none.
    """

    def __init__(self, listener: SessionListener, model: str, layer: str) -> None:
        self.progress = Reporter(listener.status, model, layer)
        self.last_error = ""
        self._listener = listener
        self._notices: list[str] = []
        self._listening = False
        self._error_at = 0.0

    @property
    def notices(self) -> tuple[str, ...]:
        """Notices so far."""
        return tuple(self._notices)

    def listen(self) -> None:
        """Start reporting to a front end that has just come up, with all notices so far.

        They are sent again after a page reload: what a notice doubts is doubtful still.
        """
        self._listening = True
        for notice in self._notices:
            self._listener.send(messages.build("notice", message=notice), [])

    def notice(self, text: str) -> None:
        """Send a notice to the user, once."""
        if text in self._notices:
            return
        self._notices.append(text)
        if self._listening:
            self._listener.send(messages.build("notice", message=text), [])

    def error(self, error: BaseException, *, fatal: bool) -> None:
        """Report an error; the same error is not reported again for some seconds.

        Parameters
        ----------
        error
            The error.
        fatal
            True if there is no atlas until it is fixed.
        """
        expected = isinstance(error, AtlasError)
        text = str(error) if expected else f"{type(error).__name__}: {error}"
        hint = "" if expected else "logging.getLogger('atlas_widget') has details at level DEBUG."
        log.debug("%s", text, exc_info=error)
        if fatal:
            self.progress.error(text)
        now = time.monotonic()
        again = text == self.last_error and now - self._error_at < _REPEAT_INTERVAL
        if fatal or not again:
            self.last_error, self._error_at = text, now
            self._listener.send(messages.build("error", message=text, hint=hint, fatal=fatal), [])
