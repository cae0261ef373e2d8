// Lines for the pages of logs: JSON, logfmt, a stack trace, terminal colours, one very long, and many.

const MINUTE_NS = 60_000_000_000n;
const TRACE = '5b8efff798038103d269b633813fc60c';

const STACK = `2026-12-01 10:00:00 ERROR [exec-1] c.e.InvoiceService : invoice 7 failed
java.lang.IllegalStateException: no rate for XAU
${'\tat com.example.billing.RateTable.lookup(RateTable.java:42)\n'.repeat(20)}`;

/** Streams with lines of the last minutes, each at its own time. */
function streams(now) {
  const at = (index, seconds) => String(now - BigInt(index) * BigInt(seconds) * 1_000_000_000n - 1_000_000n);
  const levels = ['info', 'info', 'warn', 'error'];
  const shop = Array.from({ length: 120 }, (_, i) => [at(i, 10), i % 3 === 0
    ? `level=${levels[i % 4]} msg="a line for the page" path=/cart took=${12 + i}ms`
    : JSON.stringify({ level: levels[i % 4], msg: i % 4 === 3 ? 'card refused' : 'order placed', order: 1000 + i, took_ms: i * 7.5, trace_id: i % 4 === 3 ? TRACE : `${String(i).padStart(8, '0')}f798038103d269b633813fc6` })]);
  const worker = Array.from({ length: 30 }, (_, i) => [at(i, 20), `\u001b[2m10:00:00\u001b[0m \u001b[31;1mERROR\u001b[0m job \u001b[38;5;208m#${i}\u001b[0m failed`, { trace_id: TRACE }]);
  const billing = [[at(3, 7), STACK], [at(4, 7), `{"level":"info","msg":"long","payload":"${'v'.repeat(10_000)}"}`], [at(5, 7), '<script>document.title = "taken"</script> & "quotes"']];
  return [
    { stream: { app: 'shop', env: 'prod', pod: 'shop-1' }, values: shop },
    { stream: { app: 'worker', env: 'prod', pod: 'worker-1' }, values: worker },
    { stream: { app: 'billing', env: 'prod', pod: 'billing-1' }, values: billing },
  ];
}

export async function pushLogs(base, list) {
  const answer = await fetch(`${base}/loki/api/v1/push`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ streams: list }) });
  if (!answer.ok) throw new Error(`lines were not taken: ${answer.status} ${await answer.text()}`);
}

export const nowNs = () => BigInt(Date.now()) * 1_000_000n;

/** Six thousand lines of one stream within ten minutes, some long. */
export async function fillMany(base) {
  const now = nowNs();
  const values = Array.from({ length: 6000 }, (_, i) => [String(now - BigInt(i) * (10n * MINUTE_NS) / 6000n), `level=info n=${i} msg="${i % 50 === 0 ? 'w'.repeat(10_000) : 'one of many'}"`]);
  for (let from = 0; from < values.length; from += 1000) await pushLogs(base, [{ stream: { app: 'many' }, values: values.slice(from, from + 1000) }]);
}

export async function fillLogs(base) {
  await pushLogs(base, streams(nowNs()));
}
