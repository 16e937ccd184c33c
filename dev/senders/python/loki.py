"""python-logging-loki and loki-logger-handler."""

import common

url = f"http://{common.HOST}:{common.PORT}/loki/api/v1/push"
if common.VARIANT == "logger-handler":
    from loki_logger_handler.formatters.logger_formatter import LoggerFormatter
    from loki_logger_handler.loki_logger_handler import LokiLoggerHandler

    handler = LokiLoggerHandler(url=url, labels={"app": "shop"}, timeout=1, default_formatter=LoggerFormatter())
    common.log_all(handler, lambda entry: entry["fields"], key="message")
else:
    import logging_loki

    handler = logging_loki.LokiHandler(url=url, tags={"app": "shop"}, version="1")
    common.log_all(handler, lambda entry: {"tags": {"order": str(entry["fields"].get("order", 0) % 3)}})
