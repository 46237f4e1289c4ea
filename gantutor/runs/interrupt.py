"""Ctrl-C that lets the step in hand finish, so that what was trained is kept whole."""

import contextlib
import signal
import threading


class Interrupt:
    """Whether Ctrl-C was pressed."""

    requested = False


@contextlib.contextmanager
def catch_interrupt():
    """Turn the first Ctrl-C into `Interrupt.requested`; a second one stops at once.

    Outside the main thread, where Python allows no signal handler, Ctrl-C works as usual.

    Yields
    ------
    Interrupt
    """
    interrupt = Interrupt()

    def handle(number, frame):
        interrupt.requested = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    previous = signal.signal(signal.SIGINT, handle)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, previous)
