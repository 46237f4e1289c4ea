"""The first Ctrl-C asks, the second one stops, and afterwards Ctrl-C is what it was."""

import signal
import threading

import pytest

from gantutor.runs.interrupt import catch_interrupt


def test_the_first_is_kept_for_later_and_the_second_stops_at_once():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), catch_interrupt() as interrupt:
        assert not interrupt.requested
        signal.raise_signal(signal.SIGINT)
        assert interrupt.requested
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_the_handler_of_before_comes_back():
    def mine(number, frame):
        pass

    before = signal.signal(signal.SIGINT, mine)
    try:
        with catch_interrupt():
            assert signal.getsignal(signal.SIGINT) is not mine
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_need_no_handler():
    seen = []

    def work():
        with catch_interrupt() as interrupt:
            seen.append(interrupt.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
