"""splunk-hec-handler. It sends entry by entry, and raises into the application where one fails."""

import json

import common
from splunk_hec_handler import SplunkHecHandler

TOKEN = "00000000-0000-0000-0000-000000000001"
handler = SplunkHecHandler(common.HOST, TOKEN, port=common.PORT, proto="http", ssl_verify=False, source="shop", sourcetype="_json")
emit = handler.emit


def guarded(record):
    try:
        emit(record)
    except Exception as error:
        print(type(error).__name__, str(error)[:200])


handler.emit = guarded
# It takes a record's text for a dictionary where it reads as one.
common.log_all(handler, key="text")
