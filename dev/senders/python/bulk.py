"""elasticsearch-py (8 and 9), opensearch-py, and ecs-logging by elasticsearch-py."""

import io
import json
import logging

import common

INDEX = "logs-shop-default"
address = f"http://{common.HOST}:{common.PORT}"
if common.VARIANT == "opensearch":
    from opensearchpy import OpenSearch, helpers

    client = OpenSearch(address, max_retries=5, retry_on_status=(429, 502, 503, 504))
else:
    from elasticsearch import Elasticsearch, helpers

    client = Elasticsearch(address, max_retries=5, retry_on_timeout=True)


def ecs_documents(batch):
    import ecs_logging

    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ecs_logging.StdlibFormatter())
    logger = logging.getLogger("shop.cart")
    logger.propagate, logger.handlers = False, [handler]
    logger.setLevel(logging.INFO)
    for entry in batch:
        logger.info("%s", entry["message"], extra=entry["fields"])
    return [json.loads(line) for line in stream.getvalue().splitlines()]


for batch in common.batches():
    documents = ecs_documents(batch) if common.VARIANT == "ecs" else [common.document(entry) for entry in batch]
    try:
        helpers.bulk(client, [{"_op_type": "create", "_index": INDEX, "_source": document} for document in documents])
    except Exception as error:
        print(type(error).__name__, str(error)[:200])
