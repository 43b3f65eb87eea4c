"""The packages that only some verbs need, and the extra of the distribution that brings each."""

EXTRAS: dict[str, tuple[str, ...]] = {
    "ai_edge_litert": ("measure",),
    "ethosu": ("measure",),
    "filelock": ("measure",),
    "jinja2": ("plot",),
    "matplotlib": ("plot",),
    "nncf": ("measure",),
    "numba": ("batch", "calibrate"),
    "onnxruntime": ("measure",),
    "openvino": ("measure",),
    "PIL": ("measure",),
    "scipy": ("measure", "calibrate"),
    "tensorflow": ("measure",),
    "tomlkit": ("measure", "calibrate"),
    "torch": ("torch",),
    "xgboost": ("calibrate",),
}
"""The extras that bring a package, by the name that it is imported under."""


def remedy(missing: str | None, verb: str | None) -> str | None:
    """One line on how to install a missing package; None where it belongs to no extra, so that its absence is a bug.

    ``missing`` is the full name of the module that was not found. Of several extras, the one called like ``verb``, the
    verb of the command that needed it, is named, else the last.
    """
    package = (missing or "").partition(".")[0]
    extras = EXTRAS.get(package)
    if extras is None:
        return None
    extra = verb if verb in extras else extras[-1]
    return f"'{verb}' needs the package {package}, which is not installed: pip install 'stairline[{extra}]'"
