"""Progress, notices and errors, reported to the user each once."""

from __future__ import annotations

import logging
import time

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.session.listener import SessionListener
from atlas_widget.session.status import Reporter

__all__ = ["Notifier"]

_SAME_ERROR_EVERY = 5.0  # seconds; batch after batch may fail for one reason

log = logging.getLogger("atlas_widget")


class Notifier:
    """Reports to a listener, each thing once.

    Parameters
    ----------
    listener
        Hears it.
    model, layer
        What the work is about.

    Attributes
    ----------
    progress
        Reports how far the work is.
    last_error
        What went wrong last, or nothing.
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
        """All notices so far."""
        return tuple(self._notices)

    def listen(self) -> None:
        """Report from now on, beginning with what has not been heard yet."""
        if not self._listening:
            self._listening = True
            for notice in self._notices:
                self._listener.send(messages.build("notice", message=notice), [])

    def notice(self, text: str) -> None:
        """Report something that the user should know, once."""
        if text in self._notices:
            return
        self._notices.append(text)
        if self._listening:
            self._listener.send(messages.build("notice", message=text), [])

    def error(self, error: BaseException, *, fatal: bool) -> None:
        """Report an error; the same one not again and again.

        Parameters
        ----------
        error
            What happened.
        fatal
            Whether there is no atlas until it is mended.
        """
        expected = isinstance(error, AtlasError)
        text = str(error) if expected else f"{type(error).__name__}: {error}"
        hint = "" if expected else "logging.getLogger('atlas_widget') tells more at level DEBUG."
        log.debug("%s", text, exc_info=error)
        if fatal:
            self.progress.error(text)
        now = time.monotonic()
        again = text == self.last_error and now - self._error_at < _SAME_ERROR_EVERY
        if fatal or not again:
            self.last_error, self._error_at = text, now
            self._listener.send(messages.build("error", message=text, hint=hint, fatal=fatal), [])
