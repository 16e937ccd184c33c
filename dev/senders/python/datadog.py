"""datadog-api-client, with the retries that it offers."""

import common
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v2.api.logs_api import LogsApi
from datadog_api_client.v2.model.content_encoding import ContentEncoding
from datadog_api_client.v2.model.http_log import HTTPLog
from datadog_api_client.v2.model.http_log_item import HTTPLogItem

configuration = Configuration(host=f"http://{common.HOST}:{common.PORT}", enable_retry=True, max_retries=5)
configuration.api_key["apiKeyAuth"] = "key"
configuration.server_index = None
# The operation has servers of its own, which name Datadog's.
configuration.server_operation_index["submit_log"] = None
with ApiClient(configuration) as client:
    api = LogsApi(client)
    api._submit_log_endpoint.settings["servers"] = None
    for batch in common.batches():
        items = [
            HTTPLogItem(ddsource="python", ddtags="env:test", hostname="web1", service="shop", message=entry["text"])
            for entry in batch
        ]
        try:
            api.submit_log(content_encoding=ContentEncoding.GZIP, body=HTTPLog(items))
        except Exception as error:
            print(type(error).__name__, str(error)[:200])
