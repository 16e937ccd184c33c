"""fluent-logger: Fluent's forward protocol, without acknowledgements."""

import common
from fluent import sender

logger = sender.FluentSender("app", host=common.HOST, port=common.PORT, nanosecond_precision=True, timeout=5)
for batch in common.batches():
    for entry in batch:
        if not logger.emit("shop", {**entry["fields"], "level": "info", "message": entry["message"]}):
            print(logger.last_error)
            logger.clear_last_error()
logger.close()
