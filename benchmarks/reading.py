"""Our reading of an export, and what the clock says of a reading."""

import gc
import time
from collections.abc import Callable
from datetime import timedelta

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main

from connectors.avion import AvionSource, validate
from connectors.records import Export, Tally

ONE_BATCH_AN_EPOCH = timedelta(0)

Reading = Callable[[Export], int]
"""Reads and checks an export, and returns how many of its records are good."""


def dataflow(export: Export) -> int:
    """Source, validation and branching, as `avstar run --validate-only` has them."""
    tallies: list[Tally] = []
    flow = Dataflow("ours")
    checked = validate("validate", op.input("read", flow, AvionSource(export)))
    op.output("tallies", checked.tallies, TestingSink(tallies))
    op.output("dead_letters", checked.dead_letters, TestingSink([]))
    run_main(flow, epoch_interval=ONE_BATCH_AN_EPOCH)
    return sum(tally.valid for tally in tallies)


def rate(read: Reading, export: Export) -> float:
    """Return records per second of processor time; every record must be found good."""
    gc.collect()
    began = time.process_time()
    if read(export) != export.records:
        raise RuntimeError(f"{read.__name__} found bad records in a good export")
    return export.records / (time.process_time() - began)
