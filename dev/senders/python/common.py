"""FILE ENTRIES HOST PORT PAUSE_MS [VARIANT]: what every driver is started with."""

import json
import logging
import sys
import time
from datetime import datetime, timezone

BATCH = 50
entries_file, HOST, port, pause = sys.argv[1:5]
PORT = int(port)
VARIANT = sys.argv[5] if len(sys.argv) > 5 else ""
ENTRIES = [json.loads(line) for line in open(entries_file, encoding="utf-8")]


def batches():
    """The entries batch by batch, slowly where the ingestor is to be killed amid them."""
    for start in range(0, len(ENTRIES), BATCH):
        yield ENTRIES[start : start + BATCH]
        time.sleep(int(pause) / 1000)
    # Read by who drives this.
    open("logged", "w").close()


def stay():
    """For clients that don't say when they have sent everything: they are ended from outside."""
    while True:
        time.sleep(60)


def document(entry):
    """An entry as Elastic's schema has it."""
    return {**entry["fields"], "@timestamp": datetime.now(timezone.utc).isoformat(), "message": entry["message"], "log.level": "info", "service.name": "shop"}


def log_all(handler, extra=lambda entry: {}, key="text"):
    """Logs every entry by Python's own logging; handlers report what they cannot send on stderr."""
    logger = logging.getLogger("shop.cart")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    for batch in batches():
        for entry in batch:
            logger.info(entry[key], extra=extra(entry))
