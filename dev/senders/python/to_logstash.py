"""python-logstash and python-logstash-async: lines of JSON over TCP, arrays over HTTP, Lumberjack."""

import common

if common.VARIANT == "sync":
    import logstash

    common.log_all(logstash.TCPLogstashHandler(common.HOST, common.PORT, version=1), lambda entry: entry["fields"], key="message")
else:
    from logstash_async.constants import constants
    from logstash_async.handler import AsynchronousLogstashHandler

    constants.QUEUED_EVENTS_FLUSH_INTERVAL = 1
    transports = {"tcp": "TcpTransport", "http": "HttpTransport", "beats": "BeatsTransport"}
    handler = AsynchronousLogstashHandler(
        common.HOST, common.PORT, database_path=None, ssl_enable=False,
        transport=f"logstash_async.transport.{transports[common.VARIANT]}",
    )
    common.log_all(handler, lambda entry: entry["fields"], key="message")
    common.stay()
