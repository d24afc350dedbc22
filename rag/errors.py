"""Waypost's errors, sorted by what the caller can do about them.

    WaypostError
    ├── SettingsError        fix the settings (waypost.yaml, an option, an environment variable)
    │   ├── NotFoundError    what was asked for by name or id is not there
    │   └── UnsetVariableError  the file is right, but a ${VARIABLE} in it is not set here
    ├── RetryLaterError      the same call may work later
    │   ├── WriterBusyError  another process owns the data folder
    │   ├── SourceError      a source could not be listed or read
    │   ├── ModelError       the language model did not answer
    │   │   ├── ModelBusyError     it may answer the same request in a moment
    │   │   └── ModelRefusedError  it would not take this one request
    │   ├── GenerationChangedError  the indexes were switched between two steps of a search
    │   └── StorageError     the disk is full, read-only or failing
    ├── DocumentError        skip this one document and report it
    │   ├── RefusedError     refused by rule: binary, ciphertext, state file, too large
    │   └── AudienceError    it is not clear who may read it
    └── IndexDamagedError    rebuild the index from the catalog

`api.failures` maps them to exit codes and HTTP statuses. Adapters translate vendors' exceptions into these.
"""


class WaypostError(Exception):
    """The root of every error that Waypost raises on purpose; its text says what to do."""


class SettingsError(WaypostError):
    """Something the user wrote must change before this can work."""


class NotFoundError(SettingsError):
    """No source, document or file of that name, or none that this viewer may see."""


class UnsetVariableError(SettingsError):
    """A ${VARIABLE} of waypost.yaml is not set in this process's environment; who needs no credentials can do without."""


class RetryLaterError(WaypostError):
    """Nothing is wrong with the request; try again later."""


class WriterBusyError(RetryLaterError):
    """Another process is the writer of this data folder.

    `pid` is that process; `role` says what it does (`sync`, `serve`, `search` …).
    """

    def __init__(self, pid: int, role: str, home: str) -> None:
        super().__init__(f"{home} is in use by process {pid} (waypost {role}); wait for it to end, or stop it")
        self.pid = pid
        self.role = role


class SourceError(RetryLaterError):
    """A source could not be listed or read; nothing of it is deleted."""


class GenerationChangedError(RetryLaterError):
    """Another generation of the indexes serves by now; begin the search anew."""


class ModelError(RetryLaterError):
    """The language model could not be reached, refused, or answered with nonsense."""


class ModelRefusedError(ModelError):
    """The language model would not take this one request (too large, say); others may be answered."""


class ModelBusyError(ModelError):
    """The language model is busy or was cut off; it may answer the same request `after` seconds, None where it didn't say."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class StorageError(RetryLaterError):
    """The data folder can't be written: disk full, read-only, or failing. What was acknowledged is kept."""


class DocumentError(WaypostError):
    """One document can't be indexed; the rest can. The text is the reason shown to the user."""


class RefusedError(DocumentError):
    """A document refused by rule, which counts as done and not as a failure."""


class AudienceError(DocumentError):
    """A document that names its readers in a way that can't be read: it is for nobody, and so is what it was before."""


class IndexDamagedError(WaypostError):
    """An index can't be read, or does not hold what it should; it can be rebuilt from the catalog."""
