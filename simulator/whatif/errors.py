"""What a what-if can be refused for."""


class WhatIfError(ValueError):
    """A sweep, an expression, a goal or a scenario that cannot be answered; the message says what to write instead."""
