// Sends three lines with a library of others: ship.js KIND URL. Modules are those of the
// folder in NODE_PATH.
const path = require("node:path");
const folder = process.env.NODE_PATH;
const [kind, url] = process.argv.slice(2);

function version(name) {
  const file = path.join(folder, name, "package.json");
  console.log(`${name} ${JSON.parse(require("node:fs").readFileSync(file)).version}`);
}

const kinds = {
  async pino() {
    version("pino-loki");
    const pino = require("pino");
    const transport = pino.transport({
      target: require.resolve("pino-loki"),
      options: { host: url, batching: true, interval: 1, labels: { app: "pino" } },
    });
    const logger = pino(transport);
    for (let n = 0; n < 3; n++) logger.info({ order: n }, `pino ${n}`);
    await new Promise((done) => logger.flush(done));
    await new Promise((done) => {
      transport.on("close", done);
      transport.end();
    });
  },
  async winston() {
    version("winston-loki");
    const winston = require("winston");
    const Loki = require("winston-loki");
    const transport = new Loki({
      host: url,
      labels: { app: "winston" },
      interval: 1,
      json: process.env.WINSTON_JSON === "1",
      gracefulShutdown: false,
      onConnectionError: (error) => {
        console.error(error);
        process.exit(1);
      },
    });
    const logger = winston.createLogger({ transports: [transport] });
    for (let n = 0; n < 3; n++) logger.info(`winston ${n}`);
    await transport.flush();
    process.exit(0);
  },
  async otel() {
    version("@opentelemetry/sdk-logs");
    const { LoggerProvider, BatchLogRecordProcessor } = require("@opentelemetry/sdk-logs");
    const { OTLPLogExporter } = require("@opentelemetry/exporter-logs-otlp-http");
    const { resourceFromAttributes } = require("@opentelemetry/resources");
    const provider = new LoggerProvider({
      resource: resourceFromAttributes({ "service.name": "otelnode" }),
    });
    const exporter = new OTLPLogExporter({ url: `${url}/v1/logs` });
    provider.addLogRecordProcessor(new BatchLogRecordProcessor(exporter));
    const logger = provider.getLogger("shop");
    for (let n = 0; n < 3; n++) {
      logger.emit({ severityText: "WARN", body: `otelnode ${n}`, attributes: { order: n } });
    }
    await provider.forceFlush();
    await provider.shutdown();
  },
  async elastic() {
    version("@elastic/elasticsearch");
    const { Client } = require("@elastic/elasticsearch");
    const client = new Client({ node: url });
    const result = await client.helpers.bulk({
      datasource: [0, 1, 2].map((n) => ({ message: `elasticnode ${n}` })),
      onDocument: () => ({ create: { _index: "elasticnode" } }),
    });
    if (result.failed !== 0 || result.successful !== 3) throw new Error(JSON.stringify(result));
  },
};
kinds[kind]().catch((error) => {
  console.error(error);
  process.exit(1);
});
