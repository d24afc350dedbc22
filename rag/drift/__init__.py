"""Where documents and Terraform disagree: `find_drift` is the way through; the faces and answers ask a `DriftWatch`."""

from rag.drift.facts import is_trial
from rag.drift.records import Drift
from rag.drift.report import REPORTED, DriftWatch, facts_for, find_drift, speaks_of_now
from rag.drift.stated import code_agrees

__all__ = ["REPORTED", "Drift", "DriftWatch", "code_agrees", "facts_for", "find_drift", "is_trial", "speaks_of_now"]
