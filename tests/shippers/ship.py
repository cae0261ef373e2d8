"""Sends three lines with a library of others: ship.py KIND TARGET [TARGET]."""

import logging
import sys


def versions(*names):
    from importlib.metadata import version

    print(", ".join(f"{name} {version(name)}" for name in names))


def fluent(address):
    from fluent import sender

    versions("fluent-logger")
    host, port = address.split(":")
    to = sender.FluentSender("shop.web", host=host, port=int(port))
    for n in range(3):
        assert to.emit("access", {"message": f"fluent {n}", "user": "u\u00e9"}), to.last_error
    to.close()


def loki(url):
    import logging_loki

    versions("python-logging-loki")
    handler = logging_loki.LokiHandler(
        url=url + "/loki/api/v1/push", tags={"app": "pyloki"}, version="1"
    )
    handler.handleError = lambda record: sys.exit("the handler failed")
    logger = logging.getLogger("shop")
    logger.addHandler(handler)
    for n in range(3):
        logger.error("pyloki %d", n, extra={"tags": {"part": "web"}})


def otlp_records(exporter, service):
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    provider = LoggerProvider(resource=Resource.create({"service.name": service}))
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = logging.getLogger(service)
    logger.setLevel(logging.INFO)
    logger.addHandler(LoggingHandler(logger_provider=provider))
    for n in range(3):
        logger.warning("%s %d", service, n, extra={"order": 7})
    assert provider.force_flush()
    provider.shutdown()


def otlp_http(url):
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

    versions("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http")
    otlp_records(OTLPLogExporter(endpoint=url + "/v1/logs"), "otlphttp")


def otlp_grpc(url):
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter

    versions("opentelemetry-exporter-otlp-proto-grpc")
    otlp_records(OTLPLogExporter(endpoint=url, insecure=True), "otlpgrpc")


def rotel(url, receiver):
    """Rotel receives from the SDK and passes on."""
    import os
    import socket
    import tempfile
    import time

    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from rotel import Config, Rotel

    versions("rotel")
    folder = tempfile.mkdtemp()
    grpc = socket.socket()
    grpc.bind(("127.0.0.1", 0))
    grpc_port = grpc.getsockname()[1]
    grpc.close()
    agent = Rotel(
        enabled=True,
        pid_file=os.path.join(folder, "pid"),
        log_file=os.path.join(folder, "log"),
        otlp_grpc_endpoint=f"127.0.0.1:{grpc_port}",
        otlp_http_endpoint=receiver,
        exporters={"own": Config.otlp_exporter(endpoint=url, protocol="http")},
        exporters_logs=["own"],
        batch_timeout="100ms",
    )
    agent.start()
    host, port = receiver.split(":")
    for _ in range(200):
        try:
            socket.create_connection((host, int(port))).close()
            break
        except OSError:
            time.sleep(0.05)
    else:
        sys.exit("rotel does not listen: " + open(os.path.join(folder, "log")).read())
    otlp_records(OTLPLogExporter(endpoint=f"http://{receiver}/v1/logs"), "rotel")
    agent.stop()


def structured(url):
    """structlog to JSON lines, which are posted."""
    import io
    import urllib.request

    import structlog

    versions("structlog")
    out = io.StringIO()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
    )
    logger = structlog.get_logger()
    for n in range(3):
        logger.info(f"structlog {n}", app="structlog", user_id=n)
    query = "?stream_fields=app&time_field=timestamp&message_field=event"
    body = out.getvalue().encode()
    request = urllib.request.Request(url + "/api/binnacle/v1/logs/jsonl" + query, body)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open(request).status == 200


def elastic(url):
    """The official client's bulk helper; it refuses servers that are no Elasticsearch."""
    from elasticsearch import Elasticsearch, helpers

    versions("elasticsearch")
    client = Elasticsearch(url)
    assert client.info()["version"]["number"]
    client.indices.put_index_template(
        name="logs", index_patterns=["elastic-*"], template={"settings": {}}
    )
    documents = [
        {"_op_type": "create", "_index": "elastic-2024.05.06", "message": f"elastic {n}"}
        for n in range(3)
    ]
    documents.insert(1, {"_op_type": "delete", "_index": "elastic", "_id": "1"})
    done, errors = helpers.bulk(client, documents, raise_on_error=False)
    assert (done, len(errors)) == (3, 1), (done, errors)


KINDS = {
    "fluent": fluent,
    "loki": loki,
    "otlp-http": otlp_http,
    "otlp-grpc": otlp_grpc,
    "rotel": rotel,
    "structlog": structured,
    "elastic": elastic,
}
KINDS[sys.argv[1]](*sys.argv[2:])
