"""What a space, or a request to one, can be refused for."""


class SpaceError(ValueError):
    """A space or a code that is not valid; the message names the position, the value and the rule."""


class NotComposableError(ValueError):
    """The kernels of a fragment depend on more than its situation: on its neighbours, or on the whole network."""
