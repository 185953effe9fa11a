"""Telling a callback that asks for the end of the training from the user's Ctrl-C."""

import dis
import signal
import sys


def is_request(interrupt, callbacks):
    """Tell if a callback raised a KeyboardInterrupt to end the training.

    That is how skorch's EarlyStopping says stop. It is a request if the exception
    comes from a ``raise`` statement in the module of one of the callbacks; a signal
    arrives between two instructions, or from the statement of a signal's handler.

    Parameters
    ----------
    interrupt : KeyboardInterrupt
    callbacks : list of skorch.callbacks.Callback
    """
    traceback = interrupt.__traceback__
    if traceback is None:
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    frame = traceback.tb_frame
    handler = getattr(signal.getsignal(signal.SIGINT), "__code__", None)
    modules = {
        cls.__module__ for callback in callbacks for cls in type(callback).__mro__
    } - {"builtins"}
    return (
        _raises(frame.f_code, traceback.tb_lasti)
        and frame.f_code is not handler
        # A trace function may raise as well: of a debugger, of a coverage tool.
        and frame.f_code is not getattr(sys.gettrace(), "__code__", None)
        and frame.f_globals.get("__name__") in modules
    )


def _raises(code, place):
    return any(
        instruction.offset == place and instruction.opname == "RAISE_VARARGS"
        for instruction in dis.get_instructions(code)
    )
