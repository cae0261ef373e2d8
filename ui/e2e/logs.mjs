// Lines for the page of logs.

const LINES = [
  ['info', 'level=info msg="a line for the page" path=/cart took=12ms'],
  ['warn', 'level=warn msg="slow answer" path=/cart took=812ms'],
  ['error', '{"level":"error","msg":"card refused","order":7}'],
];

export async function fillLogs(base) {
  const now = BigInt(Date.now()) * 1_000_000n;
  const values = Array.from({ length: 60 }, (_, index) => {
    const [, line] = LINES[index % LINES.length];
    return [String(now - BigInt(index) * 10_000_000_000n), line];
  });
  const body = JSON.stringify({ streams: [{ stream: { app: 'shop', env: 'prod' }, values }] });
  const answer = await fetch(`${base}/loki/api/v1/push`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  if (!answer.ok) throw new Error(`lines were not taken: ${answer.status} ${await answer.text()}`);
}
